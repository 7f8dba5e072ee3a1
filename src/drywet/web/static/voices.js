// Several sounds in step, one of them heard: decoded, as loud as each other if wanted, looped as a whole or in part.
import { get } from "/static/api.js";

const FADE = 0.008; // seconds, of a switch
const POINTS = 300;
let context = null;

const rms = (samples) => Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / Math.max(samples.length, 1));

function outlineOf(samples) {
  return Array.from({ length: POINTS }, (_, i) => {
    const part = samples.subarray(Math.floor((i * samples.length) / POINTS), Math.floor(((i + 1) * samples.length) / POINTS));
    return Math.min(part.reduce((top, x) => Math.max(top, Math.abs(x)), 0), 1);
  });
}

// Below so many Hz, by three steep filters: an anchor that anybody hears.
async function lowPassed(buffer, hertz) {
  if (!hertz) return buffer;
  const offline = new OfflineAudioContext(1, buffer.length, buffer.sampleRate);
  const source = new AudioBufferSourceNode(offline, { buffer });
  const filters = [0.52, 0.71, 1.93].map((Q) => new BiquadFilterNode(offline, { type: "lowpass", frequency: hertz, Q: 20 * Math.log10(Q) }));
  [source, ...filters, offline.destination].reduce((from, to) => from.connect(to));
  source.start();
  return offline.startRendering();
}

// The sounds of a list of {key, label, path, residual?, lowPass?}, decoded; levels by the one called "target".
export class Voices {
  constructor(sounds) {
    this.sounds = sounds;
    this.all = null;
    this.offset = 0; // seconds, where it goes on
    this.startedAt = 0;
    this.playing = false;
    this.region = null; // [from, to] in seconds; null for all
  }

  async load() {
    context ??= new AudioContext();
    const all = await Promise.all(this.sounds.map(async (sound) => {
      const buffer = await lowPassed(await context.decodeAudioData(await (await get(sound.path)).arrayBuffer()), sound.lowPass);
      const samples = buffer.getChannelData(0);
      const gain = context.createGain();
      gain.gain.value = 0;
      return { ...sound, buffer, gain, level: rms(samples), peak: samples.reduce((t, x) => Math.max(t, Math.abs(x)), 0), outline: outlineOf(samples) };
    }));
    const target = all.find((voice) => voice.key === "target") ?? all[0];
    for (const voice of all) voice.matched = voice.residual ? 1 : target.level / Math.max(voice.level, 1e-6);
    // The loudest stays under full scale; a residual, which may be all spikes, is held under it itself.
    const most = Math.max(...all.filter((v) => !v.residual).map((v) => v.peak * Math.max(v.matched, 1)), 1e-6);
    this.scale = 0.8 / most;
    for (const voice of all) { voice.ceiling = 0.8 / Math.max(voice.peak, 1e-6); voice.gain.connect(context.destination); }
    this.all = all;
  }

  get length() { return this.all[0].buffer.duration; }
  get rate() { return this.all[0].buffer.sampleRate; }
  get position() {
    if (!this.playing) return this.offset;
    const at = this.offset + Math.max(context.currentTime - this.startedAt, 0);
    const [from, to] = this.region ?? [0, this.length];
    return at < to ? at : from + ((at - from) % (to - from));
  }

  hear(key, matched) {
    for (const voice of this.all ?? []) {
      const wanted = Math.min(this.scale * (matched ? voice.matched : 1), voice.ceiling);
      voice.gain.gain.setTargetAtTime(voice.key === key ? wanted : 0, context.currentTime, FADE / 3);
    }
  }

  async start(from) {
    if (!this.all) await this.load();
    await context.resume();
    this.halt();
    if (this.region && (from < this.region[0] || from >= this.region[1])) [from] = this.region;
    const at = context.currentTime + 3 * FADE; // all together, once the last ones are gone
    for (const voice of this.all) {
      voice.source = context.createBufferSource();
      voice.source.buffer = voice.buffer;
      voice.source.loop = true;
      if (this.region) [voice.source.loopStart, voice.source.loopEnd] = this.region;
      voice.source.connect(voice.gain);
      voice.source.start(at, from);
    }
    [this.offset, this.startedAt, this.playing] = [from, at, true];
  }

  halt() {
    if (!this.playing) return;
    this.offset = this.position;
    this.playing = false;
    for (const voice of this.all) {
      voice.gain.gain.setTargetAtTime(0, context.currentTime, FADE / 3);
      voice.source.stop(context.currentTime + 2 * FADE);
    }
  }

  close() { this.halt(); for (const voice of this.all ?? []) setTimeout(() => voice.gain.disconnect(), 100); }
}
