// A training while it goes on: where it stands, what it sounds like so far, and how to stop it.
import { html, useState } from "/static/preact.js";
import { post } from "/static/api.js";
import { curve, Picture } from "/static/draw.js";
import { Player } from "/static/player.js";
import { clock, esr, Fault, states } from "/static/words.js";

function Heard({ job }) {
  const [version, setVersion] = useState(null);
  const { better, findings } = job.latest;
  if (!better || !findings) return null;
  if (version === null) {
    return html`<button onClick=${() => setVersion(job.heard)}>Listen now</button>`;
  }
  const path = (name) => `/api/jobs/${job.id}/listen/${name}`;
  const sounds = [
    { key: "dry", label: "Dry", path: path("dry") },
    { key: "target", label: "Device", path: path("wet") },
    { key: "model", label: "Model so far", path: `${path("model")}?v=${version}`, model: true },
  ];
  return html`<div><${Player} sounds=${sounds} first="model" />
    ${job.heard !== version && html`<button onClick=${() => setVersion(job.heard)}>Take the better model that has come since</button>`}</div>`;
}

export function Training({ job, onSeen }) {
  const [fault, setFault] = useState(null);
  const [stopping, setStopping] = useState(false);
  const { progress, work, error, findings } = job.latest;
  const scoring = progress && work?.after ? work : null;
  const floor = findings?.report.replicate_esr;
  const lines = floor > 0 ? [{ esr: floor / 2, paint: "quiet" }] : [];
  const stop = async () => {
    setStopping(true);
    try { await post(`/api/jobs/${job.id}/stop`); } catch (failed) { setFault(failed.message); setStopping(false); }
  };
  const said = scoring ? `${scoring.what}...` : progress
    ? [`ESR ${esr(progress.validation_esr)}`, `best ${esr(progress.best_esr)}`,
      progress.aliasing_db !== null && `aliasing ${Math.round(progress.aliasing_db)} dB`,
      progress.expected_esr !== null && `expected ${esr(progress.expected_esr)}`,
      progress.seconds_left !== null && `${clock(progress.seconds_left)} left at most`].filter(Boolean).join(" · ")
    : job.state === "waiting" ? "waits for its turn" : `${work?.what ?? "getting ready"}...`;
  return html`<section class="card" aria-label=${`Training of ${job.name}`}>
    <h3>${job.name} <span class="quiet">${states[job.state]}</span></h3>
    ${job.state === "running" && html`<progress value=${scoring ? 1 : progress?.done ?? 0} aria-label="Progress"></progress>`}
    ${(job.state === "running" || job.state === "waiting") && html`<p role="status">${said}</p>`}
    ${job.state === "done" && html`<p role="status">Finished. ${job.latest.done.text}</p><p><button onClick=${onSeen}>See it in Models</button></p>`}
    ${job.state === "stopped" && html`<p role="status">Stopped. ${job.latest.stopped.text ?? ""}</p>`}
    <${Fault} text=${error?.text ?? fault} />
    ${job.curve.length > 0 && html`<${Picture} kind="curve" values=${[job.curve.length, job.state]} paint=${curve(job.curve, lines)}
      label=${`ESR on audio it does not learn from, over ${job.curve.at(-1).step} steps: best ${esr(job.curve.at(-1).best_esr)}`} />
      <p class="quiet">ESR on audio it does not learn from: 0 is perfect, 1 is silence.${floor > 0 ? " Dashed: as close as the capture's own noise allows." : ""}</p>`}
    <div class="row">
      ${((job.state === "running" && !scoring) || job.state === "waiting") && html`<button disabled=${stopping} onClick=${stop}>
        ${job.state === "waiting" ? "Remove" : stopping ? "Stopping..." : "Stop, and keep the best"}</button>`}
    </div>
    ${job.state === "running" && html`<${Heard} job=${job} />`}
  </section>`;
}
