// All runs: how close each came, what to do with it, and in which formats to take it home.
import { html, useState } from "/static/preact.js";
import { post, save, upload } from "/static/api.js";
import { curve, Picture } from "/static/draw.js";
import { Player } from "/static/player.js";
import { esr, Fault, formats, useFault, Verdict } from "/static/words.js";

function Through({ run }) {
  const [file, setFile] = useState(null);
  const [fault, setFault] = useState(null);
  const [busy, setBusy] = useState(false);
  const take = async (given) => {
    if (!given) return;
    setBusy(true); setFault(null);
    try { setFile(await upload(given, () => {})); } catch (error) { setFault(error.message); }
    setBusy(false);
  };
  return html`<div>
    <label class="field">Play something of your own through it
      <input type="file" accept="audio/*,.wav,.flac,.aif,.aiff" onChange=${(e) => take(e.target.files[0])} /></label>
    ${busy && html`<p role="status">Sending...</p>`}
    <${Fault} text=${fault} />
    ${file && html`<${Player} first="model" levels=${false} sounds=${[
      { key: "target", label: file.name, path: `/api/files/${file.id}` },
      { key: "model", label: `through ${run.title}`, path: `/api/runs/${run.id}/play/${file.id}` },
    ]} />
      ${file.rate !== run.rate && html`<p class="quiet">Converted from ${file.rate} Hz to the model's ${run.rate} Hz and back.</p>`}
      <button onClick=${() => save(`/api/runs/${run.id}/play/${file.id}`).catch((error) => setFault(error.message))}>Download it as WAV</button>`}
  </div>`;
}

function Scores({ run }) {
  const found = run.scores;
  const rows = [
    ["ESR", esr(found.esr)],
    ["ESR, as the ear weighs it", esr(found.esr_a_weighted)],
    ["ESR of a plain filter", esr(run.linear_esr)],
    ...(found.noise_floor_esr > 1e-9 ? [["ESR that the capture's noise allows", esr(found.noise_floor_esr)]] : []),
    ["MR-STFT", found.mrstft?.toFixed(3) ?? "-"],
    ["Aliasing on sines, mean", `${Math.round(found.aliasing_db)} dB`],
    ["Cost", `${found.cost.parameters} parameters, ${Math.round(found.cost.ns_per_sample)} ns a sample`],
  ];
  return html`<table><tbody>${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table>`;
}

function Upkeep({ run }) {
  const [name, setName] = useState(run.title);
  const [sure, setSure] = useState(false);
  const [waiting, wait] = useState(false);
  const [fault, take] = useFault();
  const act = (path, body) => take(async () => {
    wait(true);
    try { await post(`/api/runs/${run.id}/${path}`, body); } finally { wait(false); }
  });
  return html`<details><summary>Rename or delete</summary>
    <form class="row" onSubmit=${(e) => { e.preventDefault(); act("name", { name }); }}>
      <label class="field">Name <input type="text" value=${name} onInput=${(e) => setName(e.target.value)} /></label>
      <button disabled=${waiting || !name.trim() || name === run.title}>Rename</button></form>
    <div class="row">${sure
      ? html`<button disabled=${waiting} onClick=${() => act("remove")}>Delete it for good</button>
        <button onClick=${() => setSure(false)}>Keep it</button>`
      : html`<button disabled=${waiting} onClick=${() => setSure(true)}>Delete ${run.title}</button>`}</div>
    <${Fault} text=${fault} />
    <p class="quiet">Its folder is ${run.name}. Files of yours in there stay.</p></details>`;
}

function Model({ run, busy, picked, onPick, onPlay }) {
  const [fault, setFault] = useState(null);
  const [waiting, setWaiting] = useState(null);
  const act = async (what, does) => {
    setWaiting(what); setFault(null);
    try { await does(); } catch (error) { setFault(error.message); }
    setWaiting(null);
  };
  if (run.fault) return html`<section class="card"><h3>${run.name}</h3><${Fault} text=${run.fault} /></section>`;
  const found = run.scores;
  const first = found?.verdict[0];
  const can = run.sounds.includes("prediction");
  return html`<section class="card" aria-label=${run.title}>
    <div class="row"><span class="name">${run.title}</span>
      <span class="quiet">${run.model}, ${run.rate} Hz${run.cleaned ? ", aliasing trained away" : ""}${busy ? ", in training" : run.finished || run.scores?.unfinished === false ? "" : ", unfinished"}</span></div>
    ${first && [first, ...found.verdict.slice(1).filter((one) => one.kind === "bad")].map((one) => html`
      <p><span class=${`word ${one.kind}`}>${{ good: "good", warning: "mind", bad: "wrong" }[one.kind]}</span> ${one.text}</p>`)}
    <div class="row">
      ${can && html`<label><input type="checkbox" checked=${picked} onChange=${(e) => onPick(e.target.checked)} /> compare</label>`}
      ${run.live && html`<button onClick=${onPlay}>Play live</button>`}
      ${!busy && html`<button disabled=${waiting} onClick=${() => act("train", () => post(`/api/runs/${run.id}/resume`, { longer: run.finished }))}>
        ${run.finished ? "Train longer" : "Go on training"}</button>`}
      ${found && !run.report && html`<button disabled=${waiting} onClick=${() => act("report", () => post(`/api/runs/${run.id}/report`))}>
        ${waiting === "report" ? "Writing the report..." : "Make the report"}</button>`}
      ${run.report && html`<a class="button" href=${`/api/runs/${run.id}/report`} target="_blank" rel="noopener">Report</a>`}
    </div>
    <${Fault} text=${fault} />
    <details><summary>Take it home</summary>
      <div class="row">${run.formats.map((format) => html`
        <button disabled=${waiting} onClick=${() => act(format, () => save(`/api/runs/${run.id}/export/${format}`))}>
          ${waiting === format ? "Writing..." : formats[format] ?? format}</button>`)}</div>
      ${run.formats.length === 0 && html`<p class="quiet">No plugin's format holds it yet.</p>`}</details>
    ${found && html`<details><summary>Scores and listening</summary>
      <${Verdict} remarks=${found.verdict} />
      <${Scores} run=${run} />
      ${run.history.length > 0 && html`<${Picture} kind="curve" values=${[run.history.length]} label="ESR over the training's steps"
        paint=${curve(run.history.filter((row) => row.validation_esr !== null), [
          { esr: run.linear_esr, paint: "quiet" }, { esr: found.noise_floor_esr, paint: "quiet" }].filter((l) => l.esr > 0))} />`}
      <${Through} run=${run} /></details>`}
    ${!busy && html`<${Upkeep} run=${run} />`}
  </section>`;
}

function Study({ study }) {
  const [fault, setFault] = useState(null);
  const [busy, setBusy] = useState(false);
  const make = async () => {
    setBusy(true); setFault(null);
    try { await post(`/api/studies/${study.id}/report`); } catch (error) { setFault(error.message); }
    setBusy(false);
  };
  return html`<section class="card" aria-label=${`Study ${study.name}`}>
    <div class="row"><span class="name">${study.name}</span>${study.fault ? "" : html`<span class="quiet">${study.done} of ${study.all} trainings done</span>`}
      ${study.done > 0 && html`<button disabled=${busy} onClick=${make}>${busy ? "Drawing its figures..." : study.report ? "Make the report again" : "Make the report"}</button>`}
      ${study.report && html`<a class="button" href=${`/api/studies/${study.id}/report`} target="_blank" rel="noopener">Answers, figures and tables</a>`}</div>
    <${Fault} text=${study.fault ?? fault} /></section>`;
}

export function Models({ runs, studies, training, picked, pick, play }) {
  return html`<div><h2>Models</h2>
    ${runs.length === 0 && html`<p>Nothing is trained yet. Begin with a capture.</p>`}
    ${runs.map((run) => html`<${Model} key=${run.id} run=${run} busy=${training.has(run.id) || run.at_work}
      picked=${picked.includes(run.id)} onPick=${(on) => pick(run.id, on)} onPlay=${() => play(run.id)} />`)}
    ${studies.length > 0 && html`<h2>Studies</h2>${studies.map((study) => html`<${Study} key=${study.id} study=${study} />`)}`}</div>`;
}
