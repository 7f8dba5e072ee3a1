// A blind test, ABX: is X the device or the model? Its number of trials is fixed beforehand.
import { html, useState } from "/static/preact.js";

export const trial = (test) => ({ ...test, x: Math.random() < 0.5 ? "target" : test.model, hearing: "x" });

export function BlindStart({ sounds, begin }) {
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

export function Blind({ test, set, finish, playing }) {
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
    <div class="row"><button disabled=${!playing} onClick=${() => answer("target")}>X is the device</button>
      <button disabled=${!playing} onClick=${() => answer(test.model)}>X is the model</button>
      <button onClick=${() => set(null)}>Give up</button>${!playing && html`<span class="quiet">Press Play: nothing is to be heard.</span>`}</div></fieldset>`;
}
