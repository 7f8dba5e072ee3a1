// Plays the model while its knobs are turned: some samples ahead of the clock, in drywet's kernels (kernels.js before this).
{
  const root = document.querySelector(".turn");
  const find = (name) => root.querySelector(`[data-${name}]`);
  const given = JSON.parse(document.getElementById("turned").textContent);
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const model = unpacked(given.model), rate = model.rate;
  const SOME = 16 * BLOCK; // samples at a time
  const AHEAD = 0.15; // seconds that are played before they are heard
  const LATE = 0.05; // seconds until a stopped clock is caught up with
  const sliders = [...root.querySelectorAll("[data-knob]")];
  const wanted = () => {
    const shares = model.knobs.map(() => 0);
    for (const one of sliders) shares[one.dataset.knob] = Number(one.value);
    return shares;
  };
  // A switch's steps may be written otherwise than its share is: 1.0 and 1.
  const turn = (one, share) => {
    if (one.options) one.selectedIndex = [...one.options].findIndex((step) => Math.abs(step.value - share) < 1e-6);
    else one.value = share;
  };
  let context = null, out = null, dry = null, player = null, now = wanted();
  let timer = null, at = 0, next = 0, soon = [];

  async function prepare() {
    const made = new AudioContext({ sampleRate: rate });
    const gain = made.createGain();
    gain.gain.value = given.gain;
    gain.connect(made.destination);
    const decoded = await made.decodeAudioData(bytes(given.dry));
    const compiled = await WebAssembly.compile(bytes(document.getElementById("kernels").textContent));
    dry = decoded.getChannelData(0).map((x) => x * given.dry_gain);
    player = new Kernels(compiled).player(model, null, now);
    player.settle();
    [context, out] = [made, gain];
  }

  // The next samples, the knobs on their way to where they are wanted: in steps too small to be heard.
  function some(samples = new Float32Array(SOME)) {
    for (let i = 0; i < samples.length; i++) samples[i] = dry[(at + i) % dry.length];
    at = (at + samples.length) % dry.length;
    const unheard = samples.slice(), to = wanted(), from = now;
    for (let first = 0; first < samples.length; first += BLOCK) {
      const share = Math.min((first + BLOCK) / samples.length, 1);
      now = from.map((x, i) => x + share * (to[i] - x));
      player.turn(now);
      player.process(samples.subarray(first, first + BLOCK));
    }
    return find("bypass").checked ? unheard : samples;
  }

  function more() {
    if (next < context.currentTime) next = context.currentTime + LATE;
    while (next < context.currentTime + AHEAD) {
      const heard = context.createBuffer(1, SOME, rate), source = context.createBufferSource();
      heard.copyToChannel(some(), 0);
      source.buffer = heard;
      source.connect(out);
      source.start(next);
      next += SOME / rate;
      soon = [...soon.slice(-8), source];
    }
  }

  async function play() {
    find("play").disabled = true;
    try {
      if (!context) await prepare();
      await context.resume();
      document.dispatchEvent(new Event("knobs-play"));
      timer = setInterval(more, 40);
      show();
    } catch (error) {
      find("status").textContent = `This browser cannot play the model (${error.message}).`;
    } finally {
      find("play").disabled = false;
    }
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    for (const source of soon) source.stop();
    [soon, next] = [[], 0];
    show();
  }

  function show() {
    find("play").textContent = timer === null ? "Play" : "Pause";
    for (const one of sliders) {
      const { least, most } = one.dataset;
      const position = Number(least) + Number(one.value) * (most - least);
      const tell = one.parentElement.querySelector("output");
      if (tell) tell.textContent = Number(position.toPrecision(3));
    }
    root.querySelectorAll("[data-shares]").forEach((button) => {
      const shares = JSON.parse(button.dataset.shares);
      button.setAttribute("aria-pressed", wanted().every((x, i) => Math.abs(x - shares[i]) < 1e-6));
    });
  }

  document.addEventListener("sounds-play", () => timer !== null && stop());
  find("play").onclick = () => (timer === null ? play() : stop());
  for (const one of sliders) one.oninput = show;
  root.querySelectorAll("[data-shares]").forEach((button) => {
    button.onclick = () => {
      const shares = JSON.parse(button.dataset.shares);
      for (const one of sliders) turn(one, shares[one.dataset.knob]);
      show();
    };
  });
  // For the tests: what is played from here on.
  window.drywetKnobs = {
    some: async (samples) => {
      if (!context) await prepare();
      return [...some(new Float32Array(samples))];
    },
    dry: () => [...dry],
    playing: () => timer !== null && context.currentTime > 0,
  };
  show();
}
