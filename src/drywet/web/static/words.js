// How things are said.
import { onPage } from "/static/advice.js";
import { html, useState } from "/static/preact.js";

export const Fault = ({ text }) => text && html`<p class="card fault" role="alert">${text}</p>`;

// What failed last, a way to do something whose failure is to be shown, and a way to show one.
export function useFault() {
  const [fault, setFault] = useState(null);
  const take = async (does) => { try { setFault(null); await does(); } catch (error) { setFault(error.message); } };
  return [fault, take, setFault];
}

export const esr = (value) => (value === null || value === undefined ? "-" : value < 1e-4 ? value.toExponential(1) : value.toPrecision(2));

export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, "0")}`;

export const states = {
  waiting: "waiting", running: "training", done: "finished", stopped: "stopped", failed: "failed", lost: "interrupted",
};

export const formats = {
  nam: "Neural Amp Modeler", rtneural: "RTNeural", aidax: "AIDA-X", proteus: "Proteus", onnx: "ONNX", c: "C header",
  drywet: "drywet's own",
};

export function Verdict({ remarks }) {
  const word = { good: "good", warning: "mind", bad: "wrong" };
  return html`<ul class="findings">${remarks.map((one) => html`<li class=${one.kind}>
    <span class=${`word ${one.kind}`}>${word[one.kind]}</span> ${one.text}
    ${one.advice && html`<br /><span class="quiet">${onPage(one.advice)}</span>`}</li>`)}</ul>`;
}
