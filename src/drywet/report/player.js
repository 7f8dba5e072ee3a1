// Plays all sounds in step and lets through the one that was chosen, so that switching never
// loses the place. No library, no network.
"use strict";
(() => {
  const root = document.querySelector(".player");
  if (!root) return;
  const sounds = JSON.parse(document.getElementById("sounds").textContent);
  const find = (name) => root.querySelector(`[data-${name}]`);
  // After a click of the mouse the space bar is the player's again, not the button's.
  root.addEventListener("click", (event) => event.detail && document.activeElement.blur());
  const FADE = 0.008; // seconds, of a switch
  const PEAK = 0.9; // of every file
  let context = null, analyser = null, master = null, voices = {}, preparing = null, frame = 0;
  let playing = false, startedAt = 0, offset = 0, chosen = "target", matched = true;
  let trial = null, right = 0, tries = 0;

  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;

  function prepare() {
    preparing ??= decodeAll().catch((error) => { preparing = null; throw error; });
    return preparing;
  }

  async function decodeAll() {
    const made = new (window.AudioContext || window.webkitAudioContext)();
    const out = made.createGain(), ready = {};
    analyser = made.createAnalyser();
    out.connect(analyser).connect(made.destination);
    await Promise.all(sounds.map(async (sound) => {
      const buffer = await made.decodeAudioData(bytes(sound.data));
      const gain = made.createGain();
      gain.gain.value = 0;
      gain.connect(out);
      ready[sound.key] = { sound, buffer, gain, source: null };
    }));
    // One level for all: the loudest of them stays under full scale. A residual, which may be
    // all spikes, does not make the rest soft; it is held under full scale itself.
    const heard = sounds.filter((s) => !s.residual);
    const most = Math.max(...heard.map((s) => PEAK * Math.max(s.matched_gain, s.true_gain)));
    out.gain.value = 0.8 / most;
    for (const voice of Object.values(ready)) voice.ceiling = most / (0.8 * PEAK);
    [context, master, voices] = [made, out, ready];
  }

  const length = () => voices.target.buffer.duration;
  const position = () =>
    playing ? (offset + Math.max(context.currentTime - startedAt, 0)) % length() : offset;
  const audible = () => (trial && trial.hearing ? trial.key() : chosen);

  function level(at = context.currentTime) {
    for (const [key, voice] of Object.entries(voices)) {
      const wanted = matched ? voice.sound.matched_gain : voice.sound.true_gain;
      const gain = Math.min(wanted, voice.ceiling);
      voice.gain.gain.setTargetAtTime(key === audible() ? gain : 0, at, FADE / 3);
    }
  }

  function stop() {
    if (!playing) return;
    offset = position();
    playing = false;
    for (const voice of Object.values(voices)) {
      voice.gain.gain.setTargetAtTime(0, context.currentTime, FADE / 3);
      voice.source.stop(context.currentTime + 2 * FADE);
    }
    show();
  }

  async function start(from) {
    find("play").disabled = true;
    try {
      await prepare();
      await context.resume();
    } catch (error) {
      find("status").textContent = `This browser cannot play the sounds (${error.message}).`;
      return;
    } finally {
      find("play").disabled = false;
    }
    if (playing) stop();
    offset = from;
    const at = context.currentTime + 3 * FADE; // all start together, once the last ones are gone
    for (const voice of Object.values(voices)) {
      voice.source = context.createBufferSource();
      voice.source.buffer = voice.buffer;
      voice.source.loop = true;
      voice.source.connect(voice.gain);
      voice.source.start(at, from);
    }
    startedAt = at;
    playing = true;
    document.dispatchEvent(new Event("sounds-play")); // one player at a time
    level(at - FADE);
    show();
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(tick);
  }

  async function seek(wanted) {
    const to = Math.min(Math.max(wanted, 0), length() - 0.05);
    if (playing) await start(to); else { offset = to; draw(); }
  }

  function choose(key) {
    chosen = key;
    if (trial) trial.hearing = null;
    if (context) level();
    show();
  }

  const line = find("seek"), pen = line.getContext("2d");

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(line.clientWidth * ratio);
    const height = Math.round(line.clientHeight * ratio);
    if (line.width !== width || line.height !== height) { line.width = width; line.height = height; }
    const style = getComputedStyle(document.documentElement);
    const played = style.getPropertyValue("--target"), rest = style.getPropertyValue("--quiet");
    pen.clearRect(0, 0, width, height);
    // While a blind test runs, the picture must not tell what is playing.
    const outline = sounds.find((s) => s.key === (trial ? "target" : chosen)).outline;
    const done = context ? position() / length() : 0;
    outline.forEach((top, i) => {
      const x = (i / outline.length) * width, tall = Math.max(top * height * 0.94, ratio);
      pen.fillStyle = i / outline.length < done ? played : rest;
      pen.fillRect(x, (height - tall) / 2, Math.max(width / outline.length - ratio / 2, 1), tall);
    });
    line.setAttribute("aria-valuenow", Math.round(100 * done));
  }

  function tick() {
    draw();
    if (playing) frame = requestAnimationFrame(tick);
  }

  function show() {
    find("play").textContent = playing ? "Pause" : "Play";
    root.querySelectorAll("[data-sound]").forEach((button) => {
      const on = !trial && button.dataset.sound === chosen;
      button.setAttribute("aria-pressed", on);
      button.disabled = Boolean(trial);
    });
    root.querySelectorAll("[data-hear]").forEach((button) => {
      button.setAttribute("aria-pressed", Boolean(trial) && trial.hearing === button.dataset.hear);
      button.disabled = !trial;
    });
    root.querySelectorAll("[data-answer]").forEach((button) => { button.disabled = !trial; });
    find("matched").disabled = Boolean(trial);
    const several = sounds.filter((s) => s.model).length > 1;
    root.querySelector("[data-hear=b]").textContent =
      trial && several ? `B: ${trial.model.label}` : "B: model";
    find("blind").textContent = trial ? "End the blind test" : "Blind test";
    find("blind").setAttribute("aria-pressed", Boolean(trial));
    draw();
  }

  // Blind test (ABX): A is the device, B the model, X one of them at random.
  const binomial = (n, k) => {
    let sum = 0, term = Math.pow(0.5, n);
    for (let i = 0; i <= n; i++) {
      if (i >= k) sum += term;
      term = (term * (n - i)) / (i + 1);
    }
    return sum;
  };

  function next() {
    // The model that was chosen, by itself or by its residual.
    const own = chosen.replace("residual", "model");
    const model = sounds.find((s) => s.model && s.key === own) || sounds.find((s) => s.model);
    const bit = crypto.getRandomValues(new Uint8Array(1))[0] & 1;
    trial = {
      hearing: "x", answer: bit ? "a" : "b", model,
      key() { return { a: "target", b: model.key, x: bit ? "target" : model.key }[this.hearing]; },
    };
  }

  async function blind() {
    if (trial) { trial = null; if (context) level(); show(); return; }
    right = tries = 0;
    matched = find("matched").checked = true;
    next();
    find("result").textContent = "Is X the device (A) or the model (B)?";
    show();
    if (!playing) await start(offset); else level();
  }

  function answer(said) {
    tries += 1;
    right += said === trial.answer;
    const chance = binomial(tries, right);
    find("result").textContent =
      `${right} of ${tries} right. Guessing does as well in ${Math.round(100 * chance)} % of tests` +
      (tries < 8 ? "; go on to 8 or more." : chance < 0.05 ? ": you hear the difference." : ".");
    next();
    level();
    show();
  }

  document.addEventListener("knobs-play", stop);
  find("play").onclick = () => (playing ? stop() : start(offset));
  find("blind").onclick = blind;
  find("matched").onchange = (event) => { matched = event.target.checked; if (context) level(); };
  root.querySelectorAll("[data-sound]").forEach((b) => { b.onclick = () => choose(b.dataset.sound); });
  root.querySelectorAll("[data-hear]").forEach((b) => {
    b.onclick = () => { trial.hearing = b.dataset.hear; level(); show(); };
  });
  root.querySelectorAll("[data-answer]").forEach((b) => { b.onclick = () => answer(b.dataset.answer); });
  line.onclick = async (event) => {
    await prepare();
    const share = (event.clientX - line.getBoundingClientRect().left) / line.clientWidth;
    await seek(share * length());
  };
  line.onkeydown = async (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    await prepare();
    await seek(position() + step);
  };
  document.onkeydown = (event) => {
    if (event.target.closest("button, input, canvas, summary") && event.key === " ") return;
    if (event.key === " ") { event.preventDefault(); find("play").click(); }
    const button = root.querySelectorAll(trial ? "[data-hear]" : "[data-sound]")[event.key - 1];
    if (button && !event.ctrlKey && !event.metaKey && !event.altKey) button.click();
  };
  addEventListener("resize", draw);
  // For the tests: what is heard, and where.
  window.drywetPlayer = {
    state: () => ({ playing, position: context ? position() : 0, audible: audible(), matched }),
    rms: () => {
      const frame = new Float32Array(analyser.fftSize);
      analyser.getFloatTimeDomainData(frame);
      return Math.sqrt(frame.reduce((sum, x) => sum + x * x, 0) / frame.length);
    },
  };
  show();
})();
