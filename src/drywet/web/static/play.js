// Playing live: a guitar or a file through a model, a circuit, or a model file from anywhere.
import { html, useEffect, useRef, useState } from "/static/preact.js";
import { get, post, send, saveBlob } from "/static/api.js";
import { useKept } from "/static/kept.js";
import { inputs, Live, readable } from "/static/live.js";
import { Fault, useFault } from "/static/words.js";

const CIRCUIT_RATE = 48000;
const TURN_MS = 40; // between two positions of a knob of a circuit that the server is asked for

const shownDb = (peak) => (peak > 1e-5 ? `${(20 * Math.log10(peak)).toFixed(0)} dB` : "silent");

function Meter({ label, peak }) {
  const db = Math.max(20 * Math.log10(Math.max(peak, 1e-6)), -60);
  return html`<div class="meter"><span class="quiet">${label}</span>
    <meter min="-60" max="0" high="-1" low="-59" value=${Math.min(db, 0)} aria-label=${`${label} level`}></meter>
    <span class="figure">${peak >= 1 ? "clips" : shownDb(peak)}</span></div>`;
}

function Slider({ label, about, value, least, most, step, unit = "", set }) {
  return html`<label class="field"><span>${label} ${about && html`<span class="quiet">${about}</span>`}</span>
    <span><input type="range" min=${least} max=${most} step=${step} value=${value} aria-label=${label}
      onInput=${(e) => set(Number(e.target.value))} /> <span class="figure">${value.toFixed(step < 0.1 ? 2 : step < 1 ? 1 : 0)}${unit}</span></span></label>`;
}

// A net sees 0 to 1; people the device's own scale.
function Knob({ knob, share, set }) {
  const way = knob.most - knob.least;
  return html`<${Slider} label=${knob.name} about=${knob.about} value=${knob.least + share * way}
    least=${knob.least} most=${knob.most} step=${way / 100} set=${(to) => set((to - knob.least) / way)} />`;
}

const option = (one) => `${one.kind}:${one.id}`;

// What the server tells of a thing to be played, and how its knobs are turned.
async function fetched(chosen, factor, knobs) {
  if (chosen.kind === "file") return chosen.told;
  if (chosen.kind === "run") return (await get(`/api/runs/${chosen.id}/player`)).json();
  return post("/api/circuit", { name: chosen.id, rate: CIRCUIT_RATE, factor, knobs });
}

function Source({ source, setSource, runs }) {
  const [devices, setDevices] = useState([]);
  const [fault, take] = useFault();
  const heard = runs.filter((run) => run.sounds?.includes("dry"));
  const list = () => take(async () => setDevices(await inputs()));
  useEffect(() => { if (source?.kind === "input") list(); }, [source?.kind, source?.allowed]);
  const test = (run) => take(async () => {
    const file = await (await get(`/api/runs/${run.id}/sound/dry`)).arrayBuffer();
    setSource({ kind: "test", id: run.id, name: `test audio of ${run.title}`, file });
  });
  return html`<fieldset class="card"><legend class="quiet">What is played through it?</legend>
    <div class="row">
      <button aria-pressed=${source?.kind === "input"} onClick=${() => take(async () => setSource({ kind: "input", channel: 0 }))}>My guitar</button>
      ${heard.length > 0 && html`<button aria-pressed=${source?.kind === "test"} onClick=${() => test(heard[0])}>Test audio</button>`}
      <label class="field">A file, round and round<input type="file" accept="audio/*,.wav,.flac" onChange=${(e) => e.target.files[0] && take(async () =>
        setSource({ kind: "file", name: e.target.files[0].name, file: await readable(e.target.files[0]) }))} /></label>
    </div>
    ${source?.kind === "file" && html`<p class="name">${source.name}</p>`}
    ${source?.kind === "test" && heard.length > 1 && html`<label>of <select value=${source.id} onChange=${(e) => test(heard.find((run) => run.id === e.target.value))}>
      ${heard.map((run) => html`<option value=${run.id}>${run.title}</option>`)}</select></label>`}
    ${source?.kind === "input" && html`<div class="row">
      <label>Input <select value=${source.input ?? ""} onChange=${(e) => setSource({ ...source, input: e.target.value || null })}>
        <option value="">the browser's choice</option>
        ${devices.filter((one) => one.deviceId).map((one) => html`<option value=${one.deviceId}>${one.label || "an input"}</option>`)}</select></label>
      <label>Channel <select value=${source.channel} onChange=${(e) => setSource({ ...source, channel: Number(e.target.value) })}>
        <option value="0">1, left</option><option value="1">2, right</option></select></label></div>
      <p class="quiet">It starts muted: with loudspeakers near the guitar it howls. Put headphones on, then unmute.
        The browser's echo cancelling, noise suppression and automatic gain are off.</p>`}
    <${Fault} text=${fault} /></fieldset>`;
}

function Sound({ live, running, news, muted, setMuted }) {
  const [gains, setGains] = useKept("gains", { in: 0, out: 0 });
  const [dry, setDry] = useState(false);
  const [cabinet, setCabinet] = useState(null);
  const [recording, setRecording] = useState(null);
  const [fault, setFault] = useState(null);
  useEffect(() => { for (const [which, db] of Object.entries(gains)) live.gain(which, db); }, []);
  const gain = (which) => (db) => { setGains((now) => ({ ...now, [which]: db })); live.gain(which, db); };
  const bypass = () => { setDry(!dry); live.hear(dry ? "model" : "dry"); };
  const through = async (file) => {
    try {
      setFault(null);
      await live.through(file ? { file: await readable(file) } : null);
      setCabinet(file?.name ?? null);
    } catch (error) { setFault(error.message); }
  };
  const record = () => {
    if (recording === true) setRecording(live.recording());
    else { live.record(); setRecording(true); }
  };
  const busy = news.busy === undefined ? null : Math.round(100 * news.busy);
  return html`<div class="card">
    <div class="row">
      <button aria-pressed=${dry} disabled=${!running} onClick=${bypass}>Bypass</button>
      <button aria-pressed=${muted} disabled=${!running} onClick=${() => setMuted(!muted)}>${muted ? "Unmute" : "Mute"}</button>
      <button aria-pressed=${recording === true} disabled=${!running} onClick=${record}>${recording === true ? "Stop recording" : "Record"}</button>
      ${recording?.wet && html`<button onClick=${() => saveBlob(recording.wet, "wet.wav")}>Save what came out</button>
        <button onClick=${() => saveBlob(recording.dry, "dry.wav")}>Save what went in</button>`}
    </div>
    <div class="two">
      <div><${Slider} label="Gain before" value=${gains.in} least=${-24} most=${24} step=${1} unit=" dB" set=${gain("in")} />
        <${Meter} label="in" peak=${news.peakIn ?? 0} /></div>
      <div><${Slider} label="Gain after" value=${gains.out} least=${-36} most=${12} step=${1} unit=" dB" set=${gain("out")} />
        <${Meter} label="out" peak=${muted ? 0 : news.peakOut ?? 0} /></div>
    </div>
    <div class="row"><label class="field">Cabinet: an impulse response
      <input type="file" accept="audio/*,.wav" onChange=${(e) => e.target.files[0] && through(e.target.files[0])} /></label>
      ${cabinet && html`<span><span class="name">${cabinet}</span> <button onClick=${() => through(null)}>No cabinet</button></span>`}</div>
    <${Fault} text=${fault} />
    <p class="quiet figure" role="status">${running && busy !== null ? `${busy} % of a core; ${Math.round(1000 * live.latency)} ms from input to ear, as far as the browser knows.` : "Not playing."}
      ${busy > 80 ? " Too much for this machine: play it less oversampled." : ""}</p>
  </div>`;
}

export function Play({ runs, devices, kept, keep }) {
  const [news, setNews] = useState({});
  const place = useRef(null);
  place.current ??= new Live((told) => setNews((now) => ({ ...now, ...told })));
  const live = place.current;
  const able = runs.filter((run) => !run.fault && run.live);
  const [files, setFiles] = useState([]);
  const [dropped, setDropped] = useState(null); // of the files, the one that is chosen
  const all = [...able.map((r) => ({ kind: "run", id: r.id })), ...files, ...devices.map((d) => ({ kind: "circuit", id: d.name }))];
  const chosen = dropped ?? all.find((one) => option(one) === kept) ?? all[0];
  const [told, setTold] = useState(null);
  const [turned, setTurned] = useKept("turned", { of: "", at: {} });
  const knobs = turned.of === option(chosen) ? turned.at : {};
  const [factor, setFactor] = useKept("factor", 1);
  const [source, setSource] = useState(null);
  const [running, run] = useState(false);
  const [muted, setMuted] = useState(false);
  const [fault, take, setFault] = useFault();
  const [unread, takeFile, setUnread] = useFault();
  useEffect(() => () => { live.close(); }, []);
  // What is heard first stays, also when a new model takes the first place.
  useEffect(() => { if (option(chosen) !== kept) keep(option(chosen)); }, []);
  useEffect(() => { live.mute(muted); }, [muted]);
  const position = (knob) => knobs[knob.name] ?? knob.default;
  const stop = () => { run(false); setNews({}); live.close(); };
  const start = () => take(async () => {
    live.mute(muted);
    await live.from(source);
    await load();
    if (source.kind === "input") setSource((now) => ({ ...now, allowed: true }));
    run(true);
  });
  const load = async () => {
    const found = await fetched(chosen, factor, knobs);
    setTold(found);
    await live.play(found, factor, found.kind === "circuit" ? [] : found.knobs.map(position));
  };
  // An input is never heard before its user wants it, also where something else was playing.
  const from = (next) => { if (next.kind !== source?.kind) setMuted(next.kind === "input"); setSource(next); };
  const key = `${chosen.kind} ${chosen.id} ${factor}`;
  useEffect(() => { if (running) take(load); else take(async () => setTold(await fetched(chosen, factor, {}))); }, [key]);
  useEffect(() => { if (running) take(() => live.from(source)); }, [source?.kind, source?.name, source?.id, source?.input, source?.channel]);
  const late = useRef(null);
  const turn = (knob) => (to) => {
    const next = { ...knobs, [knob.name]: to };
    setTurned({ of: option(chosen), at: next });
    if (!running) return;
    if (told.kind !== "circuit") { live.turn(told.knobs.map((one) => next[one.name] ?? one.default)); return; }
    clearTimeout(late.current);
    late.current = setTimeout(() => take(async () => live.turn(await fetched(chosen, factor, next))), TURN_MS);
  };
  const other = (one) => {
    setFault(null); setUnread(null);
    setTurned({ of: option(one), at: {} });
    setDropped(one.kind === "file" ? one : null);
    if (one.kind !== "file") keep(option(one));
  };
  const drop = (file) => takeFile(async () => {
    const found = await send("/api/models", file);
    const one = { kind: "file", id: `${files.length}`, told: found, file: file.name };
    setFiles([...files, one]);
    other(one);
  });
  return html`<div onDragOver=${(e) => e.preventDefault()} onDrop=${(e) => { e.preventDefault(); if (e.dataTransfer.files[0]) drop(e.dataTransfer.files[0]); }}>
    <h2>Play</h2>
    <div class="card">
      <div class="row"><label class="field">What to play through <select value=${option(chosen)} onChange=${(e) => other(all.find((one) => option(one) === e.target.value))}>
        ${able.length > 0 && html`<optgroup label="Models">${able.map((r) => html`<option value=${`run:${r.id}`}>${r.title}</option>`)}</optgroup>`}
        ${files.length > 0 && html`<optgroup label="Dropped here">${files.map((f) => html`<option value=${option(f)}>${f.told.name}, ${f.file}</option>`)}</optgroup>`}
        <optgroup label="Circuits">${devices.map((d) => html`<option value=${`circuit:${d.name}`}>${d.about.split("\n")[0]}</option>`)}</optgroup></select></label>
        <label class="field">Oversampling <select value=${factor} onChange=${(e) => setFactor(Number(e.target.value))}>
          ${[1, 2, 4, 8].map((n) => html`<option value=${n}>${n === 1 ? "none" : `${n} times`}</option>`)}</select></label></div>
      <label class="field">or drop a model: .nam, RTNeural, AIDA-X, Proteus, ONNX, .safetensors
        <input type="file" accept=".nam,.json,.onnx,.safetensors" onChange=${(e) => e.target.files[0] && drop(e.target.files[0])} /></label>
      <${Fault} text=${unread} />
      ${told && html`<p class="quiet">${told.title}, ${told.rate} Hz</p>`}
      ${told?.knobs.filter((knob) => !knob.idle).map((knob) => html`<${Knob} key=${knob.name} knob=${knob} share=${position(knob)} set=${turn(knob)} />`)}
    </div>
    <${Source} source=${source} setSource=${from} runs=${runs} />
    <div class="row"><button class="main" disabled=${!source} onClick=${running ? stop : start}>${running ? "Stop" : "Play"}</button>
      ${!source && html`<span class="quiet">Choose what is played first.</span>`}</div>
    <${Fault} text=${fault ?? news.fault} />
    <${Sound} live=${live} running=${running} news=${running ? news : {}} muted=${muted} setMuted=${setMuted} />
  </div>`;
}
