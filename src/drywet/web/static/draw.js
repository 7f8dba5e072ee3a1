// Pictures on canvases: outlines, two waves laid over each other, the curve of a training.
import { html, useEffect, useRef } from "/static/preact.js";

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// A canvas that paint(pen, width, height, ratio) draws anew whenever its values or its size change.
export function Picture({ paint, values, label, kind, ...rest }) {
  const place = useRef(null);
  useEffect(() => {
    const canvas = place.current;
    const again = () => {
      const ratio = window.devicePixelRatio || 1;
      canvas.width = Math.max(Math.round(canvas.clientWidth * ratio), 1);
      canvas.height = Math.max(Math.round(canvas.clientHeight * ratio), 1);
      paint(canvas.getContext("2d"), canvas.width, canvas.height, ratio);
    };
    again();
    const watcher = new ResizeObserver(again);
    watcher.observe(canvas);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", again);
    return () => { watcher.disconnect(); scheme.removeEventListener("change", again); };
  }, values);
  return html`<canvas ref=${place} class=${kind} role="img" aria-label=${label} ...${rest}></canvas>`;
}

export const bars = (outline, paintedOf = () => "quiet") => (pen, width, height, ratio) => {
  pen.clearRect(0, 0, width, height);
  outline.forEach((top, i) => {
    const tall = Math.max(top * height * 0.94, ratio);
    pen.fillStyle = color(paintedOf(i / outline.length));
    pen.fillRect((i / outline.length) * width, (height - tall) / 2, Math.max(width / outline.length - ratio / 2, 1), tall);
  });
};

function trace(pen, points, paint, ratio) {
  pen.strokeStyle = color(paint);
  pen.lineWidth = 1.6 * ratio;
  pen.beginPath();
  points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
}

// Dry and wet about the loudest moment, the wet moved by so many samples more.
export const overlaid = ({ dry, wet, around }, moved) => (pen, width, height, ratio) => {
  pen.clearRect(0, 0, width, height);
  const count = dry.length - 2 * around;
  const at = (samples, shift) => Array.from({ length: count }, (_, i) => [
    (i / (count - 1)) * width, height * (0.5 - 0.45 * (samples[i + around + shift] ?? 0)),
  ]);
  trace(pen, at(dry, 0), "quiet", ratio);
  trace(pen, at(wet, moved), "target", ratio);
};

const LABELS = 0.09; // of a curve's width, for the figures of its axis

// ESR on a logarithmic scale, one validation after the other: a dot each, and the best of all so far.
// Lines for what it must beat and cannot beat.
export const curve = (points, lines) => (pen, width, height, ratio) => {
  pen.clearRect(0, 0, width, height);
  const values = [...points.map((p) => p.validation_esr), ...lines.map((l) => l.esr)].filter((v) => v > 0);
  if (!values.length) return;
  const low = Math.floor(Math.log10(Math.min(...values))), high = Math.ceil(Math.log10(Math.max(...values)) + 1e-9);
  const y = (esr) => height * (0.04 + 0.86 * (1 - (Math.log10(esr) - low) / Math.max(high - low, 1)));
  pen.font = `${11 * ratio}px system-ui, sans-serif`;
  pen.fillStyle = color("quiet");
  pen.strokeStyle = color("line");
  pen.lineWidth = ratio;
  for (let power = low; power <= high; power++) {
    const at = y(10 ** power);
    pen.beginPath(); pen.moveTo(0, at); pen.lineTo(width, at); pen.stroke();
    pen.fillText(String(10 ** power), 2 * ratio, at < 16 * ratio ? at + 13 * ratio : at - 3 * ratio);
  }
  for (const { esr, paint } of lines) {
    pen.setLineDash([5 * ratio, 4 * ratio]);
    trace(pen, [[LABELS * width, y(esr)], [width, y(esr)]], paint, ratio);
    pen.setLineDash([]);
  }
  const shown = points.filter((p) => p.validation_esr > 0);
  const x = (i) => width * (LABELS + (0.99 - LABELS) * (i / Math.max(shown.length - 1, 1)));
  pen.fillStyle = color("prediction");
  shown.forEach((p, i) => pen.fillRect(x(i) - ratio, y(p.validation_esr) - ratio, 2 * ratio, 2 * ratio));
  let best = Infinity;
  trace(pen, shown.map((p, i) => { best = Math.min(best, p.validation_esr); return [x(i), y(best)]; }), "prediction", ratio);
};

// Error by band over the validations, a column for each band: logarithmic, from 0.001 to 10, a line at 1. Dashed: what
// it must beat.
export const bands = (names, points, lines) => (pen, width, height, ratio) => {
  pen.clearRect(0, 0, width, height);
  const low = height - 18 * ratio, wide = width / names.length;
  const y = (error) => low * (0.96 - (0.92 * (Math.log10(Math.min(Math.max(error, 1e-3), 10)) + 3)) / 4);
  pen.font = `${11 * ratio}px system-ui, sans-serif`;
  names.forEach((name, band) => {
    const from = band * wide, to = from + 0.86 * wide;
    pen.lineWidth = ratio;
    pen.strokeStyle = color("line");
    for (const error of [1e-3, 1]) { pen.beginPath(); pen.moveTo(from, y(error)); pen.lineTo(to, y(error)); pen.stroke(); }
    pen.fillStyle = color("quiet");
    pen.fillText(name, from, height - 5 * ratio, 0.95 * wide);
    if (lines[band] > 0) {
      pen.setLineDash([4 * ratio, 3 * ratio]);
      trace(pen, [[from, y(lines[band])], [to, y(lines[band])]], "quiet", ratio);
      pen.setLineDash([]);
    }
    const known = points.map((point) => point[band]).filter((error) => error > 0);
    trace(pen, known.map((error, i) => [from + ((to - from) * i) / Math.max(known.length - 1, 1), y(error)]), "prediction", ratio);
  });
};
