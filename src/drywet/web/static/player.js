// Several sounds in step, one of them heard: switched in place, as loud as the device if wanted.
// Beside it a blind test with its number of trials fixed beforehand.
import { html, useEffect, useRef, useState } from "/static/preact.js";
import { get } from "/static/api.js";
import { bars, Picture } from "/static/draw.js";

const FADE = 0.008; // seconds, of a switch
const POINTS = 300;
let context = null;

const rms = (samples) => Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / Math.max(samples.length, 1));

function outlineOf(samples) {
  return Array.from({ length: POINTS }, (_, i) => {
    const part = samples.subarray(Math.floor((i * samples.length) / POINTS), Math.floor(((i + 1) * samples.length) / POINTS));
    return Math.min(part.reduce((top, x) => Math.max(top, Math.abs(x)), 0), 1);
  });
}

// The sounds of a list of {key, label, path, residual?}, decoded; levels by the one called "target".
class Voices {
  constructor(sounds) { this.sounds = sounds; this.all = null; this.offset = 0; this.startedAt = 0; this.playing = false; }

  async load() {
    context ??= new AudioContext();
    const all = await Promise.all(this.sounds.map(async (sound) => {
      const buffer = await context.decodeAudioData(await (await get(sound.path)).arrayBuffer());
      const samples = buffer.getChannelData(0);
      const gain = context.createGain();
      gain.gain.value = 0;
      return { ...sound, buffer, gain, level: rms(samples), peak: samples.reduce((t, x) => Math.max(t, Math.abs(x)), 0), outline: outlineOf(samples) };
    }));
    const target = all.find((voice) => voice.key === "target") ?? all[0];
    for (const voice of all) voice.matched = voice.residual ? 1 : target.level / Math.max(voice.level, 1e-6);
    // The loudest stays under full scale; a residual, which may be all spikes, is held under it itself.
    const most = Math.max(...all.filter((v) => !v.residual).map((v) => v.peak * Math.max(v.matched, 1)), 1e-6);
    this.scale = 0.8 / most;
    for (const voice of all) { voice.ceiling = 0.8 / Math.max(voice.peak, 1e-6); voice.gain.connect(context.destination); }
    this.all = all;
  }

  get length() { return this.all[0].buffer.duration; }
  get position() { return this.playing ? (this.offset + Math.max(context.currentTime - this.startedAt, 0)) % this.length : this.offset; }

  hear(key, matched) {
    for (const voice of this.all ?? []) {
      const wanted = Math.min(this.scale * (matched ? voice.matched : 1), voice.ceiling);
      voice.gain.gain.setTargetAtTime(voice.key === key ? wanted : 0, context.currentTime, FADE / 3);
    }
  }

  async start(from) {
    if (!this.all) await this.load();
    await context.resume();
    this.halt();
    const at = context.currentTime + 3 * FADE; // all together, once the last ones are gone
    for (const voice of this.all) {
      voice.source = context.createBufferSource();
      voice.source.buffer = voice.buffer;
      voice.source.loop = true;
      voice.source.connect(voice.gain);
      voice.source.start(at, from);
    }
    [this.offset, this.startedAt, this.playing] = [from, at, true];
  }

  halt() {
    if (!this.playing) return;
    this.offset = this.position;
    this.playing = false;
    for (const voice of this.all) {
      voice.gain.gain.setTargetAtTime(0, context.currentTime, FADE / 3);
      voice.source.stop(context.currentTime + 2 * FADE);
    }
  }

  close() { this.halt(); for (const voice of this.all ?? []) setTimeout(() => voice.gain.disconnect(), 100); }
}

export function Player({ sounds, first = "target", levels = true, onBlindTest = null }) {
  const voices = useRef(null);
  const [chosen, choose] = useState(first);
  const [matched, match] = useState(true);
  const [playing, setPlaying] = useState(false);
  const [ready, setReady] = useState(false);
  const [at, setAt] = useState(0);
  const [fault, setFault] = useState(null);
  const [test, setTest] = useState(null);
  const paths = sounds.map((sound) => sound.path).join("\n");
  useEffect(() => {
    const made = new Voices(sounds);
    voices.current = made;
    setPlaying(false); setReady(false); setAt(0); setFault(null); setTest(null);
    choose(sounds.some((sound) => sound.key === first) ? first : sounds[0].key);
    return () => made.close();
  }, [paths]);
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
  const keys = (event) => {
    if (event.target.closest("input, select, button, a, [role=slider]") && event.key === " ") return;
    const number = Number(event.key);
    if (!test && number >= 1 && number <= sounds.length) choose(sounds[number - 1].key);
    else if (event.key === " ") { event.preventDefault(); toggle(); }
  };
  const shown = ready ? voices.current.all.find((voice) => voice.key === (test ? "target" : audible)) : null;
  return html`<div class="player" role="group" aria-label="Player" tabindex="-1" onKeyDown=${keys}>
    ${shown && html`<${Picture} kind="seek" label="Position" values=${[shown, Math.round(at * 600)]}
      paint=${bars(shown.outline, (share) => (share < at ? "target" : "quiet"))}
      role="slider" tabindex="0" aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(100 * at)}
      onClick=${(event) => seek(event.offsetX / event.currentTarget.clientWidth)}
      onKeyDown=${(event) => event.key === "ArrowRight" ? seek(at + 0.05) : event.key === "ArrowLeft" ? seek(at - 0.05) : null} />`}
    <div class="row">
      <button class="main" onClick=${toggle}>${playing ? "Pause" : "Play"}</button>
      ${sounds.map((sound, i) => html`<button aria-pressed=${!test && chosen === sound.key} disabled=${Boolean(test)}
        title=${`Key ${i + 1}`} onClick=${() => choose(sound.key)}>${sound.label}</button>`)}
    </div>
    <div class="row">
      ${levels && html`<label><input type="checkbox" checked=${matched} disabled=${Boolean(test)} onChange=${(e) => match(e.target.checked)} /> models as loud as the device (the residual stays as soft as it is)</label>`}
      ${onBlindTest && !test && html`<${BlindStart} sounds=${sounds} begin=${(model, trials) => { setTest(trial({ model, trials, done: 0, right: 0 })); if (!playing) start(0); }} />`}
    </div>
    ${test && html`<${Blind} test=${test} set=${setTest} finish=${onBlindTest} />`}
    <p class="quiet" role="status">${fault ?? (ready ? "" : "Press Play. The sounds go round and round; switch while they play.")}</p>
  </div>`;
}

const trial = (test) => ({ ...test, x: Math.random() < 0.5 ? "target" : test.model, hearing: "x" });

function BlindStart({ sounds, begin }) {
  const models = sounds.filter((sound) => sound.model);
  const [model, setModel] = useState(models[0]?.key);
  const [trials, setTrials] = useState(10);
  if (!models.length) return null;
  return html`<span class="row">
    <button onClick=${() => begin(models.some((m) => m.key === model) ? model : models[0].key, trials)}>Blind test</button>
    ${models.length > 1 && html`<label>of <select value=${model} onChange=${(e) => setModel(e.target.value)}>
      ${models.map((m) => html`<option value=${m.key}>${m.label}</option>`)}</select></label>`}
    <label>with <select value=${trials} onChange=${(e) => setTrials(Number(e.target.value))}>
      ${[5, 10, 16, 25].map((n) => html`<option value=${n}>${n} trials</option>`)}</select></label>
  </span>`;
}

function Blind({ test, set, finish }) {
  const over = test.done === test.trials;
  const answer = (key) => {
    const right = test.right + (test.x === key ? 1 : 0), done = test.done + 1;
    const next = { ...test, right, done };
    if (done === test.trials) { set({ ...next, hearing: "x" }); finish({ model: test.model, trials: test.trials, right }); } else set(trial(next));
  };
  if (over) {
    return html`<div class="row" role="status"><span>${test.right} of ${test.trials} right.
      ${test.right === test.trials ? " You hear the difference." : ""}</span>
      <button onClick=${() => set(null)}>Done</button></div>`;
  }
  return html`<fieldset><legend>Trial ${test.done + 1} of ${test.trials}: is X the device or the model?</legend>
    <div class="row">${[["x", "X"], ["a", "Device"], ["b", "Model"]].map(([key, label]) =>
      html`<button aria-pressed=${test.hearing === key} onClick=${() => set({ ...test, hearing: key })}>Hear ${label}</button>`)}</div>
    <div class="row"><button onClick=${() => answer("target")}>X is the device</button>
      <button onClick=${() => answer(test.model)}>X is the model</button>
      <button onClick=${() => set(null)}>Give up</button></div></fieldset>`;
}
