// A spectrogram on a canvas: time across, frequencies upwards on a logarithmic scale, 80 dB from dark to bright.

const SIZE = 2048; // samples of a window
const COLUMNS = 500;
const ROWS = 160;
const [LOW, HIGH, RANGE] = [50, 20000, 80];

// In place, of 2^n numbers: Cooley and Tukey.
function fft(re, im) {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) { [re[i], re[j]] = [re[j], re[i]]; [im[i], im[j]] = [im[j], im[i]]; }
  }
  for (let length = 2; length <= n; length *= 2) {
    const half = length / 2;
    for (let k = 0; k < half; k++) {
      const cos = Math.cos((-2 * Math.PI * k) / length), sin = Math.sin((-2 * Math.PI * k) / length);
      for (let a = k; a < n; a += length) {
        const b = a + half, x = re[b] * cos - im[b] * sin, y = re[b] * sin + im[b] * cos;
        [re[b], im[b], re[a], im[a]] = [re[a] - x, im[a] - y, re[a] + x, im[a] + y];
      }
    }
  }
}

// Levels in dB of full scale, a column of rows for each of some moments.
function levels(samples, rate) {
  const hann = Float32Array.from({ length: SIZE }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / SIZE));
  const edges = Array.from({ length: ROWS + 1 }, (_, r) => (LOW * (HIGH / LOW) ** (r / ROWS) * SIZE) / rate);
  return Array.from({ length: COLUMNS }, (_, column) => {
    const middle = Math.round(((column + 0.5) * samples.length) / COLUMNS);
    const re = new Float32Array(SIZE), im = new Float32Array(SIZE);
    for (let i = 0; i < SIZE; i++) re[i] = (samples[middle - SIZE / 2 + i] ?? 0) * hann[i];
    fft(re, im);
    return Float32Array.from({ length: ROWS }, (_, row) => {
      const first = Math.round(edges[row]), last = Math.max(Math.round(edges[row + 1]), first + 1);
      let most = 0;
      for (let bin = first; bin < Math.min(last, SIZE / 2); bin++) most = Math.max(most, re[bin] ** 2 + im[bin] ** 2);
      return 10 * Math.log10(most / (SIZE / 4) ** 2 + 1e-12);
    });
  });
}

const made = new WeakMap(); // a voice's levels, found when it is first looked at

// From dark blue through red to yellow.
const shade = (t) => [255 * Math.min(1, 1.6 * t), 255 * Math.max(0, 1.7 * t - 0.7), 255 * (t < 0.4 ? 0.2 + t : Math.max(0, 0.9 - 1.2 * (t - 0.25)))];

export const spectrogram = (voice, rate) => (pen, width, height) => {
  if (!made.has(voice)) made.set(voice, levels(voice.buffer.getChannelData(0), rate));
  const found = made.get(voice);
  const image = new ImageData(COLUMNS, ROWS);
  found.forEach((rows, column) => rows.forEach((level, row) => {
    const at = 4 * ((ROWS - 1 - row) * COLUMNS + column);
    const color = shade(Math.min(Math.max(1 + (level + 12) / RANGE, 0), 1));
    image.data.set([...color, 255], at);
  }));
  const small = new OffscreenCanvas(COLUMNS, ROWS);
  small.getContext("2d").putImageData(image, 0, 0);
  pen.drawImage(small, 0, 0, width, height);
};
