// Times the page's kernels and NAM Core's in turn, in one process of Node; see browser.py.
import fs from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Kernels, unpacked } from "../src/drywet/browser/kernels.js";

const { wasm, core, jobs, rounds, x } = JSON.parse(fs.readFileSync(0, "utf8"));
const compiled = new WebAssembly.Module(fs.readFileSync(wasm));
const folder = join(core, "node_modules", "@opendaw", "nam-wasm", "dist");
const { createNamModule, NamWasmModule } = await import(pathToFileURL(join(folder, "index.js")));
const nam = NamWasmModule.fromModule(await createNamModule({ wasmBinary: fs.readFileSync(join(folder, "nam.wasm")) }));
const BLOCK = 128;

function ours({ model, filters }, x) {
  const player = new Kernels(compiled).player(unpacked(model), filters && unpacked(filters));
  while (!player.settle(4096)) { /* silence */ }
  const samples = Float32Array.from(x);
  const began = performance.now();
  for (let at = 0; at < samples.length; at += BLOCK) player.process(samples.subarray(at, at + BLOCK));
  return ((performance.now() - began) * 1e6) / x.length;
}

function theirs({ file }, x) {
  nam.setSampleRate(48000);
  const instance = nam.createInstance();
  nam.loadModel(instance, fs.readFileSync(file, "utf8"));
  const out = new Float32Array(BLOCK);
  const began = performance.now();
  for (let at = 0; at < x.length; at += BLOCK) nam.process(instance, x.subarray(at, at + BLOCK), out);
  const spent = ((performance.now() - began) * 1e6) / x.length;
  nam.destroyInstance(instance);
  return spent;
}

const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const guitar = new Float32Array(new Uint8Array(Buffer.from(x, "base64")).buffer);
const dying = guitar.map((x, i) => (i < 1000 ? x : 0)); // where numbers may become subnormal
process.stdout.write(JSON.stringify(jobs.map((job) => {
  const times = { ours: [], theirs: [], silence: [] };
  for (let round = 0; round < rounds; round++) {
    times.ours.push(ours(job, guitar));
    if (job.file) times.theirs.push(theirs(job, guitar));
    times.silence.push(ours(job, dying));
  }
  return { ours: middle(times.ours), theirs: job.file ? middle(times.theirs) : null, silence: middle(times.silence) };
})));
