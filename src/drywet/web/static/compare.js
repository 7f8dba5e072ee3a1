// Device, dry, models and what is left, switched in place; and a blind test whose result is kept.
import { html, useState } from "/static/preact.js";
import { post } from "/static/api.js";
import { Player } from "/static/player.js";
import { esr, Fault } from "/static/words.js";

export function Compare({ runs, picked, pick, listening }) {
  const [fault, setFault] = useState(null);
  const able = runs.filter((run) => run.sounds?.length === 4);
  const chosen = able.filter((run) => picked.includes(run.id));
  const first = chosen[0];
  const same = chosen.filter((run) => run.capture === first.capture);
  const sound = (run, name) => `/api/runs/${run.id}/sound/${name}`;
  const sounds = first ? [
    { key: "dry", label: "Dry", path: sound(first, "dry") },
    { key: "target", label: "Device", path: sound(first, "target") },
    ...same.map((run) => ({ key: `model-${run.id}`, label: run.title, path: sound(run, "prediction"), model: true })),
    { key: "residual", label: `Residual of ${first.title}`, path: sound(first, "residual"), residual: true },
  ] : [];
  const keep = async ({ model, trials, right }) => {
    try { await post("/api/heard", { runs: [model.replace("model-", "")], trials, right }); } catch (error) { setFault(error.message); }
  };
  const name = (id) => runs.find((run) => run.id === id)?.title ?? "a model that is gone";
  return html`<div>
    <h2>Compare</h2>
    ${able.length === 0 && html`<p>There is no scored model yet.</p>`}
    <fieldset><legend class="quiet">Which models?</legend>${able.map((run) => html`<div><label>
      <input type="checkbox" checked=${picked.includes(run.id)} onChange=${(e) => pick(run.id, e.target.checked)} />
      ${run.title} <span class="quiet">ESR ${esr(run.scores.esr)}</span></label></div>`)}</fieldset>
    ${same.length < chosen.length && html`<p class="quiet">Only models of the capture of ${first.title} are heard beside it.</p>`}
    ${first && html`<div class="card"><${Player} sounds=${sounds} onBlindTest=${keep} />
      <p class="quiet">The audio was held out: no model has learned from it. Keys 1 to ${sounds.length} switch, space plays and pauses.</p></div>`}
    <${Fault} text=${fault} />
    ${listening.length > 0 && html`<div class="card"><h3>Blind tests</h3><table>
      <thead><tr><th scope="col">model</th><th scope="col">right</th><th scope="col">by guessing alone</th></tr></thead>
      <tbody>${[...listening].reverse().slice(0, 20).map((one) => html`<tr><td>${name(one.runs[0])}</td><td>${one.right} of ${one.trials}</td>
        <td>${(100 * one.chance).toPrecision(2)} %</td></tr>`)}</tbody></table>
      <p class="quiet">"By guessing alone": how often one who hears no difference does as well or better. Below 5 % you hear it.</p></div>`}
  </div>`;
}
