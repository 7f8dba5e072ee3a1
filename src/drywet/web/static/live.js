// Sound through a model in the browser: a source, gain, the model in its worklet, a cabinet, gain.
import { get, post } from "/static/api.js";
import { unpacked } from "/static/kernels.js";

const HOT = 0.015; // seconds in which a gain or a mute takes effect

const decibels = (db) => 10 ** (db / 20);

// The raw sound of an input: what browsers do for talking would spoil a guitar.
const RAW = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

export const inputs = async () => (await navigator.mediaDevices.enumerateDevices()).filter((one) => one.kind === "audioinput");

// A WAV file of 32-bit floats, one channel.
export function wav(samples, rate) {
  const data = new DataView(new ArrayBuffer(58 + 4 * samples.length));
  const text = (at, word) => [...word].forEach((sign, i) => data.setUint8(at + i, sign.charCodeAt(0)));
  text(0, "RIFF"); data.setUint32(4, 50 + 4 * samples.length, true); text(8, "WAVEfmt ");
  [[16, 18, 4], [20, 3, 2], [22, 1, 2], [24, rate, 4], [28, 4 * rate, 4], [32, 4, 2], [34, 32, 2], [36, 0, 2]].forEach(
    ([at, value, bytes]) => (bytes === 4 ? data.setUint32(at, value, true) : data.setUint16(at, value, true)));
  text(38, "fact"); data.setUint32(42, 4, true); data.setUint32(46, samples.length, true);
  text(50, "data"); data.setUint32(54, 4 * samples.length, true);
  samples.forEach((x, i) => data.setFloat32(58 + 4 * i, x, true));
  return new Blob([data.buffer], { type: "audio/wav" });
}

const joined = (parts) => {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { all.set(part, at); at += part.length; }
  return all;
};

// A dropped sound's bytes, if the browser can read them.
export async function readable(file) {
  const bytes = await file.arrayBuffer();
  try { await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(bytes.slice(0)); } catch {
    throw new Error(`${file.name} is no sound that this browser can read. Choose a WAV, FLAC, MP3 or OGG file.`);
  }
  return bytes;
}

export class Live {
  // onNews is told of loads, costs and faults, as the worklet posts them.
  constructor(onNews) {
    this.onNews = onNews;
    this.gains = { in: 0, out: 0 };
    this.muted = false;
    this.dry = false;
    this.target = false;
    this.recorded = null;
    this.loads = 0;
  }

  // At a model's rate: the browser then converts nothing but a file or an input of another one.
  async open(rate) {
    if (this.context?.sampleRate === rate) return this.context.resume();
    const [source, cabinet] = [this.wanted, this.cabinet];
    await this.close();
    this.context = new AudioContext({ sampleRate: rate, latencyHint: "interactive" });
    Live.kernels ??= await (await get("/static/kernels.wasm")).arrayBuffer();
    await this.context.audioWorklet.addModule("/static/worklet.js");
    this.worklet = new AudioWorkletNode(this.context, "drywet-live", {
      channelCount: 1, channelCountMode: "explicit", outputChannelCount: [1], processorOptions: { kernels: Live.kernels },
    });
    this.worklet.port.onmessage = ({ data }) => this.heard(data);
    this.before = this.context.createGain();
    this.after = this.context.createGain();
    this.beside = this.context.createGain();
    this.before.connect(this.worklet);
    this.beside.connect(this.after);
    this.after.connect(this.context.destination);
    this.level();
    await this.through(cabinet ?? null);
    this.hear(this.target ? "target" : this.dry ? "dry" : "model");
    if (source) await this.from(source);
    return this.context.resume();
  }

  heard(data) {
    if (data.recorded) this.recorded?.push(data.recorded); else this.onNews(data);
  }

  // Puts a model, as the server tells it, in place of the one that is heard.
  async play(told, factor, knobs) {
    const model = unpacked(told);
    await this.open(model.rate);
    const filters = factor > 1 ? unpacked(await post("/api/oversampler", { rate: model.rate, factor })) : null;
    this.delay = filters?.latency ?? 0;
    this.worklet.port.postMessage({ load: { id: ++this.loads, model, filters, knobs } });
  }

  // Knobs of a net, or what the server tells of a circuit whose knobs were turned.
  turn(to) { this.worklet?.port.postMessage({ turn: Array.isArray(to) ? to : unpacked(to).numbers }); }

  // What is heard: "model", "dry", or "target", which is what goes round beside the file.
  hear(which) {
    [this.dry, this.target] = [which === "dry", which === "target"];
    this.worklet?.port.postMessage({ dry: this.dry, silent: this.target });
    this.level();
  }

  gain(which, db) { this.gains[which] = db; this.level(); }
  mute(muted) { this.muted = muted; this.level(); }
  level() {
    if (!this.context) return;
    const set = (node, value) => node.gain.setTargetAtTime(value, this.context.currentTime, HOT);
    set(this.before, decibels(this.gains.in));
    set(this.after, this.muted ? 0 : decibels(this.gains.out));
    set(this.beside, this.target ? 1 : 0);
  }

  // Where the sound comes from: {file: ArrayBuffer} that goes round and round, {target: ArrayBuffer} beside it,
  // or {input: device's id, channel}.
  async from(wanted) {
    this.silence();
    this.wanted = wanted;
    if (!this.context) return;
    if (wanted.file) {
      const round = async (file, to) => {
        const source = this.context.createBufferSource();
        source.buffer = await this.context.decodeAudioData(file.slice(0));
        source.loop = true;
        source.connect(to);
        return source;
      };
      this.source = await round(wanted.file, this.before);
      this.other = wanted.target ? await round(wanted.target, this.beside) : null;
      const at = this.context.currentTime + HOT;
      this.source.start(at);
      this.other?.start(at);
      return;
    }
    if (!navigator.mediaDevices) throw new Error("The browser gives a page its input only at http://127.0.0.1 or over https.");
    const device = wanted.input ? { deviceId: { exact: wanted.input } } : {};
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: { ...RAW, ...device, channelCount: { ideal: 2 } } });
    this.source = this.context.createMediaStreamSource(this.stream);
    const channels = this.context.createChannelSplitter(2);
    this.source.connect(channels);
    channels.connect(this.before, wanted.channel ?? 0);
    this.channels = channels;
  }

  silence() {
    this.wanted = null;
    this.source?.disconnect();
    this.source?.stop?.();
    this.other?.stop();
    this.channels?.disconnect();
    this.stream?.getTracks().forEach((track) => track.stop());
    [this.source, this.other, this.channels, this.stream] = [null, null, null, null];
  }

  // A cabinet's impulse response behind the model: {file: ArrayBuffer}, or null for none.
  async through(cabinet) {
    this.cabinet = cabinet;
    if (!this.context) return;
    this.worklet.disconnect();
    this.convolver?.disconnect();
    this.convolver = null;
    if (!cabinet) { this.worklet.connect(this.after); return; }
    const response = await this.context.decodeAudioData(cabinet.file.slice(0));
    const mono = this.context.createBuffer(1, response.length, response.sampleRate);
    mono.copyToChannel(response.getChannelData(0), 0);
    this.convolver = new ConvolverNode(this.context, { disableNormalization: true, buffer: mono });
    this.worklet.connect(this.convolver).connect(this.after);
  }

  // Seconds from the input to the ear, as far as the browser knows them.
  get latency() {
    const heard = this.stream?.getAudioTracks()[0]?.getSettings().latency ?? 0;
    return heard + (this.context.baseLatency || 0) + (this.context.outputLatency || 0) + this.delay / this.context.sampleRate;
  }

  record() { this.recorded = []; this.worklet.port.postMessage({ record: true }); }

  // {dry, wet}: WAV files of what went into the model and what came out of it.
  recording() {
    this.worklet.port.postMessage({ record: false });
    const taken = this.recorded;
    this.recorded = null;
    const part = (i) => wav(joined(taken.map((pair) => pair[i])), this.context.sampleRate);
    return { dry: part(0), wet: part(1) };
  }

  async close() {
    this.silence();
    await this.context?.close();
    this.context = null;
  }
}
