// A blind ranking after MUSHRA (ITU-R BS.1534): each sound between 0 and 100 beside the open device; the device itself and
// two anchors are hidden among the models.
import { html, useEffect, useRef, useState } from "/static/preact.js";
import { post } from "/static/api.js";
import { esr, Fault } from "/static/words.js";
import { Voices } from "/static/voices.js";

const ANCHOR_HZ = 3500; // BS.1534's low anchor

const letter = (i) => String.fromCharCode(65 + i);

const shuffled = (list) => list.map((one) => [Math.random(), one]).sort((a, b) => a[0] - b[0]).map(([, one]) => one);

export function Rank({ runs, device, filter, busy, onRanking }) {
  const [test, setTest] = useState(null);
  const [hearing, hear] = useState("open");
  const [marks, setMarks] = useState({});
  const [fault, setFault] = useState(null);
  const [said, say] = useState(null);
  const voices = useRef(null);
  const names = runs.map((run) => run.id).join(" ");
  useEffect(() => () => voices.current?.close(), []);
  useEffect(() => { onRanking(test !== null); return () => onRanking(false); }, [test !== null]);
  useEffect(() => { voices.current?.close(); voices.current = null; setTest(null); }, [names]);
  const begin = async () => {
    const hidden = shuffled([
      { key: "reference", path: device }, { key: "low anchor", path: device, lowPass: ANCHOR_HZ },
      ...(filter ? [{ key: "plain filter", path: filter }] : []),
      ...runs.map((run) => ({ key: run.id, path: `/api/runs/${run.id}/sound/prediction` })),
    ]);
    try {
      setFault(null); say(null); setMarks({});
      voices.current = new Voices([{ key: "target", path: device }, ...hidden]);
      await voices.current.start(0);
      setTest(hidden);
      listen("open");
    } catch (error) { setFault(error.message); }
  };
  const listen = (key) => { hear(key); voices.current.hear(key === "open" ? "target" : key, true); };
  const end = () => { voices.current?.close(); voices.current = null; setTest(null); };
  const finish = async () => {
    try {
      await post("/api/ranked", { capture: runs[0].capture, models: runs.map((run) => run.id), scores: marks });
      const name = (key) => runs.find((run) => run.id === key)?.title ?? key;
      say(Object.entries(marks).sort((a, b) => b[1] - a[1]).map(([key, mark]) => `${name(key)} ${mark}`).join(", "));
      end();
    } catch (error) { setFault(error.message); }
  };
  if (!test) {
    return html`<div><button disabled=${busy} onClick=${begin}>Rank blind</button> <span class="quiet">the device and two anchors hide among the models (MUSHRA)</span>
      ${said && html`<p role="status">You gave: ${said}.</p>`}<${Fault} text=${fault} /></div>`;
  }
  const left = test.filter((one) => marks[one.key] === undefined).length;
  return html`<fieldset><legend>How close is each to the device?</legend>
    <p class="quiet">100: no difference; 80 to 100 excellent, 60 to 80 good, 40 to 60 fair, 20 to 40 poor, 0 to 20 bad. One of them is the device itself: give it 100.</p>
    <div class="row"><button aria-pressed=${hearing === "open"} onClick=${() => listen("open")}>Device</button></div>
    ${test.map((one, i) => html`<div class="row"><button aria-pressed=${hearing === one.key} onClick=${() => listen(one.key)}>Sound ${letter(i)}</button>
      <input type="range" min="0" max="100" step="1" value=${marks[one.key] ?? 50} aria-label=${`Mark of sound ${letter(i)}`}
        onInput=${(e) => { const mark = Number(e.target.value); setMarks((now) => ({ ...now, [one.key]: mark })); if (hearing !== one.key) listen(one.key); }} />
      <span class="figure">${marks[one.key] ?? "-"}</span></div>`)}
    <div class="row"><button class="main" disabled=${left > 0} onClick=${finish}>Keep</button><button onClick=${end}>Give up</button>
      ${left > 0 && html`<span class="quiet">${left} still without a mark</span>`}</div><${Fault} text=${fault} /></fieldset>`;
}

export function Ranked({ ranked }) {
  return ranked.map((one) => html`<div class="card"><h3>Blind ranking, ${one.rounds} ${one.rounds === 1 ? "round" : "rounds"}${one.left_out ? `, ${one.left_out} left out` : ""}</h3>
    <table><thead><tr><th scope="col">sound</th><th scope="col">mean</th><th scope="col">95 % interval</th></tr></thead>
    <tbody>${one.sounds.map((row) => html`<tr><td>${row.key === "reference" ? "the device, hidden" : row.title}${row.esr !== null && row.esr !== undefined && html` <span class="quiet">ESR ${esr(row.esr)}</span>`}</td><td>${row.mean === null ? "-" : Math.round(row.mean)}</td>
      <td>${row.half === null ? "two rounds at least" : `± ${Math.round(row.half)}`}</td></tr>`)}</tbody></table>
    <p class="quiet">${one.left_out ? "Left out are rounds in which the hidden device was put below 90 (BS.1534). " : ""}Another round makes the intervals narrower; where they overlap, you don't know.</p></div>`);
}
