// Device, dry, models and what is left, switched in place; and a blind test whose result is kept.
import { html, useState } from "/static/preact.js";
import { post } from "/static/api.js";
import { Player } from "/static/player.js";
import { Rank, Ranked } from "/static/rank.js";
import { esr, Fault } from "/static/words.js";

export function Compare({ runs, picked, pick, listening }) {
  const [fault, setFault] = useState(null);
  const [ranking, setRanking] = useState(false); // then nothing else may tell which sound is which
  const [testing, setTesting] = useState(false);
  const able = runs.filter((run) => run.sounds?.includes("prediction"));
  const chosen = able.filter((run) => picked.includes(run.id));
  const first = chosen[0];
  const same = chosen.filter((run) => run.capture === first.capture);
  const other = (run) => first && run.capture !== first.capture;
  const sound = (run, name) => `/api/runs/${run.id}/sound/${name}`;
  const sounds = first ? [
    { key: "dry", label: "Dry", path: sound(first, "dry") },
    { key: "target", label: "Device", path: sound(first, "target") },
    ...same.map((run) => ({ key: `model-${run.id}`, label: run.title, path: sound(run, "prediction"), model: true })),
    ...(first.sounds.includes("linear") ? [{ key: "linear", label: "Plain filter", path: sound(first, "linear") }] : []),
    { key: "residual", label: `Residual of ${first.title}`, path: sound(first, "residual"), residual: true },
  ] : [];
  const keep = async ({ model, trials, right }) => {
    try { await post("/api/heard", { runs: [model.replace("model-", "")], trials, right }); } catch (error) { setFault(error.message); }
  };
  const { tests, ranked } = listening;
  const asked = tests.filter((one) => one.trials);
  return html`<div>
    <h2>Compare</h2>
    ${able.length === 0 && html`<p>There is no scored model yet.</p>`}
    <fieldset disabled=${ranking || testing}><legend class="quiet">${ranking || testing ? "Which models? The blind test goes on with these" : "Which models?"}</legend>${able.map((run) => html`<div><label>
      <input type="checkbox" checked=${picked.includes(run.id)} disabled=${other(run) && !picked.includes(run.id)} onChange=${(e) => pick(run.id, e.target.checked)} />
      ${run.title} <span class="quiet">ESR ${esr(run.scores.esr)}${other(run) ? `; not beside ${first.title}: another recording, rate or held-out stretch` : ""}</span></label></div>`)}</fieldset>
    ${first && html`${!ranking && html`<div class="card"><${Player} sounds=${sounds} onBlindTest=${keep} onTesting=${setTesting} />
      <p class="quiet">The audio was held out: no model has learned from it.</p></div>`}
      <div class="card"><${Rank} busy=${testing} onRanking=${setRanking} runs=${same} device=${sound(first, "target")} filter=${first.sounds.includes("linear") ? sound(first, "linear") : null} /></div>`}
    <${Fault} text=${fault} />
    <${Ranked} ranked=${ranked} />
    ${asked.length > 0 && html`<div class="card"><h3>Blind tests</h3><table>
      <thead><tr><th scope="col">model</th><th scope="col">right</th><th scope="col">by guessing alone</th><th scope="col">when</th></tr></thead>
      <tbody>${[...asked].reverse().slice(0, 20).map((one) => html`<tr><td>${one.of[0].title} <span class="quiet">ESR ${esr(one.of[0].esr)}</span></td>
        <td>${one.right} of ${one.trials}</td><td>${(100 * one.chance).toPrecision(2)} %</td><td>${one.at.slice(0, 16).replace("T", " ")}</td></tr>`)}</tbody></table>
      <p class="quiet">"By guessing alone": how often one who hears no difference does as well or better. Below 5 % you hear it.</p></div>`}
  </div>`;
}
