// node run.mjs MODEL.nam RATE < input.f32 > output.f32: raw float32 through NAM Core.
import { readFileSync, writeSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { createNamModule, NamWasmModule } from "@opendaw/nam-wasm"

const [model, rate] = process.argv.slice(2)
const folder = dirname(fileURLToPath(import.meta.resolve("@opendaw/nam-wasm")))
const nam = NamWasmModule.fromModule(
  await createNamModule({ wasmBinary: readFileSync(join(folder, "nam.wasm")) }))
nam.setSampleRate(Number(rate))
const instance = nam.createInstance()
if (!nam.loadModel(instance, readFileSync(model, "utf8"))) {
  console.error("NAM Core refused the model")
  process.exit(3)
}
const bytes = readFileSync(0)
const input = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
const output = new Float32Array(input.length)
const BLOCK = 64
for (let at = 0; at < input.length; at += BLOCK) {
  const piece = input.slice(at, at + BLOCK)
  const heard = new Float32Array(piece.length)
  nam.process(instance, piece, heard)
  output.set(heard, at)
}
writeSync(1, new Uint8Array(output.buffer))
