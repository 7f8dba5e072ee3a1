// Plays signals through the page's kernels, as its worklet does: a JSON of jobs in, a JSON of what they made out.
import fs from "node:fs";
import { Kernels, unpacked } from "../../src/drywet/browser/kernels.js";

const { wasm, jobs } = JSON.parse(fs.readFileSync(0, "utf8"));
const compiled = new WebAssembly.Module(fs.readFileSync(wasm));
const floats = (text) => { const bytes = Buffer.from(text, "base64"); return new Float32Array(new Uint8Array(bytes).buffer); };

function played({ model, filters, knobs, turned, x, block }) {
  const player = new Kernels(compiled).player(unpacked(model), filters && unpacked(filters), knobs ?? undefined);
  while (!player.settle(1000)) { /* a second of silence, bit by bit */ }
  const samples = floats(x);
  if (turned) player.turn(model.kind === "circuit" ? unpacked(turned).numbers : turned);
  for (let at = 0; at < samples.length; at += block) player.process(samples.subarray(at, at + block));
  player.remove();
  return Buffer.from(samples.buffer).toString("base64");
}

process.stdout.write(JSON.stringify(jobs.map((job) => {
  try { return { y: played(job) }; } catch (error) { return { error: error.message }; }
})));
