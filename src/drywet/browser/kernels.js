// drywet's kernels as WebAssembly: players of models and circuits. No page is needed: Node runs it too.

const BLOCK = 128; // samples at a time, as kernels/played.hpp has it

// The numbers of a base64 text of src/drywet/browser/playable.py.
function numbers(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new Kind(bytes.buffer);
}

// What the server tells of a model, with arrays in place of texts: fit to be posted to a worklet.
export function unpacked(told) {
  if (told.kind === "circuit") return { ...told, numbers: numbers(told.numbers, Float64Array) };
  if (told.branches) return { ...told, split: numbers(told.split, Float32Array), join: numbers(told.join, Float32Array) };
  return { ...told, weights: numbers(told.weights, Float32Array) };
}

// One module plays some models; where it refuses one it is of no more use.
export class Kernels {
  // compiled: a WebAssembly.Module. Synchronous: a worklet can't wait.
  constructor(compiled) {
    const refuse = (text) => {
      const bytes = new Uint8Array(this.memory.buffer, text);
      throw new Error(String.fromCharCode(...bytes.subarray(0, bytes.indexOf(0))));
    };
    const nothing = new Proxy({}, { get: () => () => { throw new Error("the kernels want the system"); } });
    this.own = new WebAssembly.Instance(compiled, { env: { refuse }, wasi_snapshot_preview1: nothing }).exports;
    this.own._initialize?.();
    this.memory = this.own.memory;
  }

  // Copies an array into the module's memory, until `does(address)` is done.
  lend(array, does) {
    const at = this.own.allocate(array.byteLength || 1);
    new array.constructor(this.memory.buffer, at, array.length).set(array);
    try { return does(at); } finally { this.own.release(at); }
  }

  // A player of an unpacked model, `filters` times oversampled where there are some, with knobs in their order.
  player(model, filters = null, knobs = model.knobs.map((knob) => knob.default)) {
    if (knobs.length !== model.knobs.length) throw new Error(`${knobs.length} knobs for ${model.knobs.length}`);
    const around = filters ? this.lend(filters.split, (into) => this.lend(filters.join, (out) => this.own.oversampler(
      filters.branches, filters.split.length / filters.branches, into, filters.join.length / filters.branches, out))) : 0;
    return new Player(this, model, this.made(model, around, knobs));
  }

  made(model, around, knobs) {
    if (model.kind === "circuit") return this.lend(model.numbers, (at) => this.own.circuit(at, model.numbers.length, around));
    return this.lend(Float32Array.from(knobs), (at) => this.lend(model.weights, (weights) => {
      const count = model.weights.length;
      return model.kind === "wavenet"
        ? this.lend(Float64Array.from(model.sizes), (sizes) => this.own.wavenet(model.arrays, sizes, weights, count, at, around))
        : this.own.recurrent(model.cell, 1 + knobs.length, model.hidden, model.layers, model.skip, weights, count, at, around);
    }));
  }
}

class Player {
  constructor(kernels, model, at) {
    this.kernels = kernels;
    this.own = kernels.own;
    this.model = model;
    this.at = at;
    this.room = this.own.allocate(4 * BLOCK);
    this.unsettled = model.kind === "recurrent" ? model.rate : 1; // a second of silence, as plugins start
  }

  // Some more of the silence that a net starts from; whether that was all.
  settle(samples = this.unsettled) {
    const some = Math.min(samples, this.unsettled);
    if (some > 0) this.own.settle(this.at, some);
    this.unsettled -= some;
    return this.unsettled === 0;
  }

  // The next samples, played in place.
  process(samples) {
    for (let first = 0; first < samples.length; first += BLOCK) {
      const some = samples.subarray(first, first + BLOCK);
      const lent = new Float32Array(this.own.memory.buffer, this.room, some.length);
      lent.set(some);
      this.own.process(this.at, this.room, this.room, some.length);
      some.set(lent);
    }
  }

  // Knobs of a net in their order, or the numbers of a circuit whose knobs were turned.
  turn(to) {
    if (this.model.kind === "circuit") this.kernels.lend(to, (at) => this.own.turn_circuit(this.at, at, to.length));
    else if (to.length === this.model.knobs.length) {
      this.kernels.lend(Float32Array.from(to), (at) => this.own.turn_net(this.at, at));
    }
  }

  remove() { this.own.remove(this.at); this.own.release(this.room); }
}
