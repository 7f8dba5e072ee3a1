// Advice is written for the command line. Some of it is a button here; what is not is said to be for the terminal.
const BUTTONS = [
  [/'drywet train --resume \S+' goes on with it/, "press Go on training"],
  [/ \('drywet train --resume \S+ --longer'\)/, " (Train longer)"],
  [/a bigger net \(--hidden 32\)/, "a heavier model"],
  [/With --oversample (\d) \('drywet render', 'drywet evaluate'\)/, "Played $1 times oversampled (Play)"],
  [/Add --resample-drift to mend it\./, "Tick it below to have it mended."],
  [/Add --per-take to align each take by itself\./, "Tick it below to have each take aligned by itself."],
  [/Train with --latency (-?\d+)( and (-?\d+) too)?/, (_, one, more, other) => `Train with a delay of ${one} samples${more ? ` and one of ${other}, too,` : ""}`],
  [/Name the dry file first, then the wet one\./, "Press Swap dry and wet."],
  [/ Add --force to go on all the same\./, ""],
  [/ \('drywet check'\)/, " (Capture shows the checks)"],
  [/'drywet check' says more/, "the checks (Capture) say more"],
];

export function onPage(advice) {
  const said = BUTTONS.reduce((text, [from, to]) => text.replace(from, to), advice);
  return /(^|[\s(])--[a-z]|'drywet /.test(said) ? `${said} (In a terminal.)` : said;
}
