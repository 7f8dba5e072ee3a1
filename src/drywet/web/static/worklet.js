// The audio thread: plays a model with drywet's kernels, fades to the next one, measures what it costs.
import { Kernels } from "/static/kernels.js";

const FADE = 1024; // samples, from one sound to another
const TELL = 0.25; // seconds between two reports
const SETTLING = 4; // blocks of silence that a net to come is given with every block that is heard

class Live extends AudioWorkletProcessor {
  constructor({ processorOptions }) {
    super();
    this.compiled = new WebAssembly.Module(processorOptions.kernels);
    this.now = null; // what is heard: a player, or null for the dry sound
    this.coming = null; // settles, then takes over
    this.before = null; // fades away
    this.left = 0; // samples of the fade
    this.recording = false;
    this.begin();
    this.port.onmessage = ({ data }) => this.told(data);
  }

  begin() { [this.spent, this.frames, this.peakIn, this.peakOut] = [0, 0, 0, 0]; }

  told({ load, turn, dry, silent, record }) {
    try {
      if (load) {
        this.coming?.player.remove();
        this.coming = null;
        this.coming = { player: new Kernels(this.compiled).player(load.model, load.filters, load.knobs), id: load.id };
      }
      if (turn) (this.coming?.player ?? this.now)?.turn(turn);
      if (dry !== undefined) [this.dry, this.silent] = [dry, silent];
      if (record !== undefined) this.recording = record;
    } catch (error) { this.port.postMessage({ fault: error.message, id: load?.id }); }
  }

  // A net is let in once it has had its second of silence and no other fade is going on.
  next(count) {
    if (!this.coming || this.left > 0 || !this.coming.player.settle(SETTLING * count)) return;
    this.port.postMessage({ loaded: this.coming.id });
    [this.before, this.now, this.coming, this.left] = [this.now, this.coming.player, null, FADE];
  }

  process([input], [output]) {
    const out = output[0];
    const dry = input[0];
    if (dry) out.set(dry); else out.fill(0);
    const began = Date.now();
    this.next(out.length);
    const heard = Float32Array.from(out);
    this.now?.process(heard);
    if (this.left > 0) {
      const last = Float32Array.from(out);
      this.before?.process(last);
      for (let i = 0; i < out.length; i++) {
        const share = Math.max(this.left - i, 0) / FADE;
        heard[i] += share * (last[i] - heard[i]);
      }
      this.left -= out.length;
      if (this.left <= 0) { this.before?.remove(); this.before = null; }
    }
    this.spent += Date.now() - began; // whole milliseconds, right on average
    if (this.recording) this.port.postMessage({ recorded: [Float32Array.from(out), heard] });
    for (let i = 0; i < out.length; i++) {
      this.peakIn = Math.max(this.peakIn, Math.abs(out[i]));
      this.peakOut = Math.max(this.peakOut, Math.abs(heard[i]));
    }
    if (!this.dry) out.set(heard);
    if (this.silent) out.fill(0);
    for (const channel of output.slice(1)) channel.set(out);
    this.frames += out.length;
    if (this.frames >= TELL * sampleRate) {
      this.port.postMessage({ busy: this.spent / (1000 * this.frames / sampleRate), peakIn: this.peakIn, peakOut: this.peakOut });
      this.begin();
    }
    return true;
  }
}

registerProcessor("drywet-live", Live);
