// Sounds switched in place, as loud as the device if wanted, looped in part, with their spectrogram; and a blind test.
import { html, useEffect, useRef, useState } from "/static/preact.js";
import { Blind, BlindStart, trial } from "/static/blind.js";
import { bars, Picture } from "/static/draw.js";
import { spectrogram } from "/static/spectrum.js";
import { Voices } from "/static/voices.js";

const LEAST_LOOP = 0.1; // seconds

export function Player({ sounds, first = "target", levels = true, onBlindTest = null, onTesting = () => {} }) {
  const voices = useRef(null);
  const grip = useRef(null); // where a drag began, a share of the whole
  const [chosen, choose] = useState(first);
  const [matched, match] = useState(true);
  const [playing, setPlaying] = useState(false);
  const [ready, setReady] = useState(false);
  const [at, setAt] = useState(0);
  const [fault, setFault] = useState(null);
  const [test, setTest] = useState(null);
  const [region, setRegion] = useState(null);
  const paths = sounds.map((sound) => sound.path).join("\n");
  useEffect(() => {
    const made = new Voices(sounds);
    voices.current = made;
    setPlaying(false); setReady(false); setAt(0); setFault(null); setTest(null); setRegion(null);
    choose(sounds.some((sound) => sound.key === first) ? first : sounds[0].key);
    return () => made.close();
  }, [paths]);
  useEffect(() => { onTesting(test !== null); return () => onTesting(false); }, [test !== null]);
  const hidden = test && (test.hearing === "x" ? test.x : { a: "target", b: test.model }[test.hearing]);
  const audible = test ? hidden : chosen;
  useEffect(() => { if (ready) voices.current.hear(playing ? audible : null, matched || Boolean(test)); }, [audible, matched, playing, ready, test]);
  useEffect(() => {
    if (!playing) return undefined;
    let frame = requestAnimationFrame(function tick() {
      setAt(voices.current.position / voices.current.length);
      frame = requestAnimationFrame(tick);
    });
    return () => cancelAnimationFrame(frame);
  }, [playing]);
  const start = async (from) => {
    try {
      await voices.current.start(from);
      setReady(true); setPlaying(true); setFault(null);
    } catch (error) { setFault(error.message); }
  };
  const toggle = () => {
    if (playing) { voices.current.halt(); setPlaying(false); } else start(ready ? voices.current.position : 0);
  };
  const seek = (share) => {
    const to = Math.min(Math.max(share, 0), 0.999);
    setAt(to);
    if (ready && playing) start(to * voices.current.length);
    else if (ready) voices.current.offset = to * voices.current.length;
  };
  const loop = (to) => {
    const { position } = voices.current;
    voices.current.region = to;
    setRegion(to);
    if (playing) start(position);
  };
  const edge = (which) => {
    const at = voices.current.position, [from, to] = region ?? [0, voices.current.length];
    const next = which === "from" ? [at, to] : [from, at];
    if (next[1] - next[0] > LEAST_LOOP) loop(next);
  };
  // A click goes there, a drag loops what it goes over.
  const share = (event) => Math.min(Math.max(event.offsetX / event.currentTarget.clientWidth, 0), 1);
  const dragged = (event) => {
    const ends = [grip.current, share(event)].map((one) => one * voices.current.length).sort((a, b) => a - b);
    return ends[1] - ends[0] > LEAST_LOOP ? ends : null;
  };
  const drag = {
    onPointerDown: (event) => { grip.current = share(event); event.currentTarget.setPointerCapture(event.pointerId); },
    onPointerMove: (event) => { if (grip.current !== null && !test) { const over = dragged(event); if (over) setRegion(over); } },
    onPointerUp: (event) => {
      const over = test || grip.current === null ? null : dragged(event);
      grip.current = null;
      if (over) loop(over); else seek(share(event));
    },
    onPointerCancel: () => { grip.current = null; },
  };
  const keys = (event) => {
    if (event.target.closest("input, select, textarea, summary, a") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && event.target.closest("button")) return; // it presses the button
    const number = Number(event.key);
    if (!test && number >= 1 && number <= sounds.length) choose(sounds[number - 1].key);
    else if (event.key === " ") { event.preventDefault(); toggle(); }
  };
  useEffect(() => {
    if (!onBlindTest) return undefined;
    document.addEventListener("keydown", keys);
    return () => document.removeEventListener("keydown", keys);
  });
  // After a click of the mouse the space bar is the player's again, not the button's.
  const given = (event) => { if (event.detail && document.activeElement?.tagName === "BUTTON") document.activeElement.blur(); };
  const shown = ready ? voices.current.all.find((voice) => voice.key === (test ? "target" : audible)) : null;
  const inRegion = (share) => !region || (share * voices.current.length >= region[0] && share * voices.current.length < region[1]);
  return html`<div class="player" role="group" aria-label="Player" tabindex="-1" onClick=${given} onKeyDown=${onBlindTest ? null : keys}>
    ${shown && html`<${Picture} kind="seek" label="Position" values=${[shown, Math.round(at * 600), region]}
      paint=${bars(shown.outline, (share) => (!inRegion(share) ? "line" : share < at ? "target" : "quiet"))}
      role="slider" tabindex="0" aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(100 * at)}
      ...${drag}
      onKeyDown=${(event) => event.key === "ArrowRight" ? seek(at + 0.05) : event.key === "ArrowLeft" ? seek(at - 0.05) : null} />`}
    <div class="row">
      <button class="main" onClick=${toggle}>${playing ? "Pause" : "Play"}</button>
      ${sounds.map((sound, i) => html`<button aria-pressed=${!test && chosen === sound.key} disabled=${Boolean(test)}
        title=${`Key ${i + 1}`} onClick=${() => choose(sound.key)}>${sound.label}</button>`)}
    </div>
    ${ready && !test && html`<div class="row">
      <button onClick=${() => edge("from")}>Loop from here</button><button onClick=${() => edge("to")}>Loop to here</button>
      ${region && html`<button onClick=${() => loop(null)}>Loop all</button><span class="quiet figure">${region.map((s) => s.toFixed(2)).join(" to ")} s</span>`}</div>`}
    ${shown && !test && html`<${Picture} kind="spectrogram" label=${`Spectrogram of ${shown.label}: time across, 50 Hz to 20 kHz upwards`}
      values=${[shown.key, voices.current]} paint=${spectrogram(shown, voices.current.rate)} />
      <p class="quiet">Above: ${shown.label} over time, 50 Hz at the bottom, 20 kHz at the top; all sounds on one scale of 80 dB.</p>`}
    <div class="row">
      ${levels && html`<label><input type="checkbox" checked=${matched} disabled=${Boolean(test)} onChange=${(e) => match(e.target.checked)} /> models as loud as the device (the residual stays as soft as it is)</label>`}
      ${onBlindTest && !test && html`<${BlindStart} sounds=${sounds} begin=${(model, trials) => { setTest(trial({ model, trials, done: 0, right: 0 })); if (!playing) start(0); }} />`}
    </div>
    ${!test && onBlindTest && html`<p class="quiet">Keys 1 to ${sounds.length} switch, space plays and pauses; drag over the wave to loop a part of it.</p>`}
    ${test && html`<${Blind} test=${test} set=${setTest} finish=${onBlindTest} playing=${playing} />`}
    <p class="quiet" role="status">${fault ?? (ready ? "" : "Press Play. The sounds go round and round; switch while they play.")}</p>
  </div>`;
}

