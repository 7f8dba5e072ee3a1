// A training while it goes on: where it stands, what it sounds like so far, and how to stop it.
import { html, useEffect, useRef, useState } from "/static/preact.js";
import { get, post } from "/static/api.js";
import { bands, curve, Picture } from "/static/draw.js";
import { Live, readable } from "/static/live.js";
import { clock, esr, Fault, states, useFault } from "/static/words.js";

const NEXT_MS = 1500; // between two models
const LEAST = 1e-9; // of an ESR that is worth a line

// The best model so far, in the kernels of the page; a better one is faded in as soon as there is one.
function Heard({ job }) {
  const place = useRef(null);
  const [playing, setPlaying] = useState(false);
  const [hearing, setHearing] = useState("model");
  const [riff, setRiff] = useState(null);
  const [version, setVersion] = useState(0);
  const [fault, take, setFault] = useFault();
  const busy = useRef(false);
  const { better } = job.latest;
  const path = (name) => `/api/jobs/${job.id}/${name}`;
  useEffect(() => () => { place.current?.close(); }, []);
  useEffect(() => {
    if (!playing || busy.current || version === job.heard) return;
    busy.current = true;
    take(async () => {
      const heard = job.heard;
      await place.current.play(await (await get(path("player"))).json(), 1, []);
      setTimeout(() => { busy.current = false; setVersion(heard); }, NEXT_MS);
    });
  }, [job.heard, version, playing]);
  if (!better) return null;
  const source = async (own) => {
    if (own) return { file: await own.arrayBuffer() };
    const [file, target] = await Promise.all(["dry", "wet"].map(async (name) => (await get(path(`listen/${name}`))).arrayBuffer()));
    return { file, target };
  };
  const start = () => take(async () => {
    const live = new Live((told) => told.fault && setFault(told.fault));
    place.current = live;
    await live.from(await source(riff));
    busy.current = false;
    setVersion(0);
    setPlaying(true);
  });
  const stop = () => { place.current.close(); place.current = null; setPlaying(false); setRiff(null); };
  const hear = (which) => { setHearing(which); place.current?.hear(which); };
  const own = (file) => take(async () => {
    await readable(file);
    await place.current.from(await source(file));
    setRiff(file); hear("model");
  });
  const sounds = [["dry", "Dry"], ...(riff ? [] : [["target", "Device"]]), ["model", "Model so far"]];
  return html`<div role="group" aria-label="What it sounds like so far">
    <div class="row"><button class="main" onClick=${playing ? stop : start}>${playing ? "Stop listening" : "Listen now"}</button>
      ${playing && sounds.map(([key, label]) => html`<button aria-pressed=${hearing === key} onClick=${() => hear(key)}>${label}</button>`)}
      ${riff && playing && html`<span class="name">${riff.name}</span>`}
      ${playing && html`<label class="field">Your own riff <input type="file" accept="audio/*,.wav,.flac" onChange=${(e) => e.target.files[0] && own(e.target.files[0])} /></label>`}</div>
    ${playing && html`<p class="quiet" role="status">${version ? `The best model so far, ESR ${esr(better.validation_esr)}; better ones are faded in as they come.` : "One moment..."}</p>`}
    <${Fault} text=${fault} /></div>`;
}

export function Training({ job, name, onSeen, onClose }) {
  const [fault, setFault] = useState(null);
  const [stopping, setStopping] = useState(false);
  const { progress, work, error, findings } = job.latest;
  const scoring = progress && work?.after ? work : null;
  const floor = findings?.report.replicate_esr;
  const filter = job.latest.baseline;
  const best = Math.min(...[...job.curve, progress].map((point) => point?.best_esr ?? Infinity)); // of all starts
  const lines = [filter?.esr, floor / 2].filter((one) => one > LEAST).map((one) => ({ esr: one, paint: "quiet" }));
  const names = filter?.bands.map(([name]) => name);
  const heard = job.curve.filter((point) => point.bands?.length && point.start === (progress?.start ?? 0));
  const stop = async () => {
    setStopping(true);
    try { await post(`/api/jobs/${job.id}/stop`); } catch (failed) { setFault(failed.message); setStopping(false); }
  };
  const said = scoring ? `${scoring.what}...` : progress
    ? [progress.starts > 1 && `start ${progress.start + 1} of ${progress.starts}, the best goes on`, `ESR ${esr(progress.validation_esr)}`, `${progress.aliasing_db === null ? "best" : "kept"} ${esr(progress.aliasing_db === null && Number.isFinite(best) ? best : progress.best_esr)}`,
      progress.aliasing_db !== null && `aliasing ${Math.round(progress.aliasing_db)} dB`,
      progress.expected_esr !== null && `expected ${esr(progress.expected_esr)}`,
      progress.seconds_left !== null && `about ${clock(progress.seconds_left)} left`].filter(Boolean).join(" · ")
    : job.state === "waiting" ? "waits for its turn" : `${work?.what ?? "getting ready"}...`;
  return html`<section class="card" aria-label=${`Training of ${name}`}>
    <h3>${name} <span class="quiet">${states[job.state]}</span></h3>
    ${job.state === "running" && html`<progress value=${scoring ? 1 : progress?.done ?? 0} aria-label="Progress"></progress>`}
    ${(job.state === "running" || job.state === "waiting") && html`<p role="status">${said}</p>`}
    ${job.state === "done" && html`<p role="status">Finished. ${job.latest.done.text}</p><p><button onClick=${onSeen}>See it in Models</button></p>`}
    ${job.state === "stopped" && html`<p role="status">Stopped. ${job.latest.stopped.text ?? ""}</p>
      ${job.latest.stopped.text && html`<p><button onClick=${onSeen}>See it in Models, where it can go on</button></p>`}`}
    <${Fault} text=${error?.text ?? fault} />
    ${job.curve.length > 0 && html`<${Picture} kind="curve" values=${[job.curve.length, job.state]} paint=${curve(job.curve, lines)}
      label=${`ESR on audio it does not learn from, over ${job.curve.at(-1).step} steps: best ${esr(job.curve.at(-1).best_esr)}`} />
      <p class="quiet">ESR on audio it does not learn from: 0 is perfect, 1 is silence.${filter && ` Dashed: a plain filter, ${esr(filter.esr)}${floor > LEAST ? `; as close as the capture's own noise allows, ${esr(floor / 2)}` : ""}.`}</p>`}
    ${names && heard.length > 0 && html`<${Picture} kind="bands" values=${[heard.length, job.state]}
      paint=${bands(names, heard.map((point) => point.bands), filter.bands.map(([, error]) => error))}
      label=${`Error by band: ${names.map((name, i) => `${name} ${esr(heard.at(-1).bands[i])}`).join(", ")}`} />
      <p class="quiet">The same by band: as much error as the device has sound there is the upper line, a thousandth of it the lower end. Dashed: a plain filter.</p>`}
    <div class="row">
      ${((job.state === "running" && !scoring) || job.state === "waiting") && html`<button disabled=${stopping} onClick=${stop}>
        ${job.state === "waiting" ? "Remove" : stopping ? "Stopping..." : "Stop, and keep the best"}</button>`}
      ${!["running", "waiting"].includes(job.state) && html`<button onClick=${onClose}>Close</button>`}
    </div>
    ${job.state === "running" && html`<${Heard} job=${job} />`}
  </section>`;
}
