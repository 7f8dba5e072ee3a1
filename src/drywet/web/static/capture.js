// What is to be learned: two files with their checks, or a built-in circuit; and how.
import { html, useEffect, useState } from "/static/preact.js";
import { follow, post, save, upload } from "/static/api.js";
import { bars, overlaid, Picture } from "/static/draw.js";
import { onPage } from "/static/advice.js";
import { useKept } from "/static/kept.js";
import { Fault } from "/static/words.js";

const PLUGINS = {
  any: ["Any of them", "Neural Amp Modeler, AIDA-X, RTNeural, ONNX: an LSTM, learned the fastest"],
  nam: ["Neural Amp Modeler alone", "a WaveNet, as most of its models are"],
  proteus: ["Proteus", "the one size that it takes: an LSTM of 40 units at 44.1 kHz"],
};
const SIZES = {
  any: {
    light: ["Light", "an LSTM of 8 units: the least CPU in a plugin"],
    normal: ["Normal", "16 units: the usual choice"],
    heavy: ["Heavy", "32 units, about twice the CPU: for hard distortion"],
  },
  nam: {
    light: ["Light", "NAM's nano: the least CPU"],
    normal: ["Normal", "NAM's feather"],
    heavy: ["Heavy", "NAM's standard, about four times the CPU: minutes to learn"],
  },
};
const TIMES = {
  quick: ["Quick", "a third of it: is the capture any good?"],
  good: ["Good", "until another round would gain little"],
  best: ["Best", "more starts and longer: take a break"],
};

// Of two files dropped together, which is the dry one? The other order where neither says so.
const inOrder = (files) => (/wet|out|amp|fx/i.test(files[0].name) || /dry|\bdi\b|clean/i.test(files[1].name) ? [files[1], files[0]] : files);

function Drop({ role, text, file, given, onFile, onTwo }) {
  const [over, setOver] = useState(false);
  const [sent, setSent] = useState(null);
  const [fault, setFault] = useState(null);
  const take = async (one) => {
    if (!one) return;
    setFault(null); setSent(0); onFile(null);
    try { onFile(await upload(one, setSent)); } catch (error) { setFault(error.message); }
    setSent(null);
  };
  useEffect(() => { take(given); }, [given]);
  const dropped = (files) => (files.length === 2 ? onTwo(inOrder([...files])) : take(files[0]));
  return html`<div class=${`drop ${over ? "over" : ""} ${file ? "full" : ""}`}
      onDragOver=${(e) => { e.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)}
      onDrop=${(e) => { e.preventDefault(); setOver(false); dropped(e.dataTransfer.files); }}>
    <label class="field"><b>${role}</b><span class="quiet">${text}</span>
      <input type="file" accept="audio/*,.wav,.flac,.aif,.aiff,.caf,.w64" onChange=${(e) => take(e.target.files[0])} /></label>
    ${sent !== null && html`<progress value=${sent} aria-label=${`Sending the ${role}`}></progress>`}
    ${file && html`<p><span class="name">${file.name}</span> <span class="quiet">${`${file.seconds.toFixed(1)} s, ${file.rate} Hz`}${file.channels > 1 ? `, ${file.channels} channels` : ""}</span></p>
      <${Picture} kind="outline" label=${`Outline of ${file.name}`} values=${[file.id]} paint=${bars(file.outline)} />`}
    <${Fault} text=${fault} />
  </div>`;
}

function Findings({ findings }) {
  return html`<ul class="findings">${findings.map((one) => html`<li class=${one.severity}>
    <span class=${`word ${one.severity}`}>${one.check}</span> ${one.message}
    ${one.fix && html`<br /><span class="quiet">${onPage(one.fix)}</span>`}</li>`)}</ul>`;
}

// What the checks find and drywet can mend, if it is told to.
const MENDED = {
  resample_drift: ["drift", "Bring the wet file's clock to the dry one's"],
  per_take: ["takes", "Align each take by itself"],
};
const UNMENDED = { resample_drift: false, per_take: false };

function Checked({ found, mend, onMend, moved, onMoved }) {
  const { report, overlay: apart } = found;
  const overlay = report.polarity < 0 ? { ...apart, wet: apart.wet.map((x) => -x) } : apart;
  const related = !report.findings.some((one) => one.check === "dependence" && one.severity === "error");
  const latency = report.latency_samples + moved;
  const reach = overlay.around;
  const mendable = Object.entries(MENDED).filter(([how, [check]]) => mend[how] || report.findings.some((one) => one.check === check && one.fix));
  const unmended = mendable.some(([how]) => !mend[how]);
  return html`<div class="card">
    <h3>${report.ok ? `Fit to be learned from${unmended ? ", better once mended" : ""}` : "Not fit to be learned from yet"}</h3>
    <${Findings} findings=${report.findings} />
    ${mendable.map(([how, [, text]]) => html`<label>
      <input type="checkbox" checked=${mend[how]} onChange=${(e) => onMend({ ...mend, [how]: e.target.checked })} /> ${text}</label>`)}
    ${related && html`<p class="quiet"><span class="swatch quiet"></span> dry and <span class="swatch target"></span> wet, both to their peak, at the loudest moment, with the delay${report.polarity < 0 ? " and the inversion" : ""} taken out:</p>
    <${Picture} kind="overlay" label=${`Dry and wet at a delay of ${latency} samples`} values=${[found, moved]} paint=${overlaid(overlay, moved)} />
    <label>Delay, samples <input type="number" min=${report.latency_samples - reach} max=${report.latency_samples + reach} value=${latency}
      onChange=${(e) => onMoved(e.target.value === "" ? 0 : Math.max(-reach, Math.min(reach, Number(e.target.value) - report.latency_samples)))} /></label>
    <label>by eye <input type="range" min=${-reach} max=${reach} value=${moved} onInput=${(e) => onMoved(Number(e.target.value))} />
      <span>${(1000 * latency / report.rate).toFixed(2)} ms${moved ? ", by hand" : ", as measured"}</span></label>
    ${moved !== 0 && html` <button onClick=${() => onMoved(0)}>As measured</button>`}`}
  </div>`;
}

function Pair({ pair, setFiles, setFound }) {
  const { dry, wet, found, moved = 0, mend } = pair;
  const [sofar, setSofar] = useState(null); // of checks under way: what they do, and have found
  const [fault, setFault] = useState(null);
  const [given, setGiven] = useState([null, null]);
  const rates = dry && wet && dry.rate !== wet.rate;
  const stereo = dry && wet && Math.max(dry.channels, wet.channels) > 1;
  useEffect(() => {
    if (!dry || !wet || found?.mend === mend) return undefined;
    let wanted = true;
    const left = new AbortController();
    setSofar({ findings: [], work: { what: "reading the files", done: 0 } }); setFault(null);
    const told = (piece) => {
      if (!wanted) return;
      if (piece.report) setFound({ ...piece, mend });
      else setSofar((now) => ({ ...now, ...piece }));
    };
    follow("/api/check", { dry: dry.id, wet: wet.id, resample: Boolean(rates), channel: pair.channel, ...mend }, told, left.signal)
      .catch((error) => wanted && setFault(stereo ? `${error.message.split(";")[0]}: choose the channel that holds the guitar.` : error.message))
      .finally(() => wanted && setSofar(null));
    return () => { wanted = false; left.abort(); setSofar(null); };
  }, [dry?.id, wet?.id, pair.channel, mend]);
  // The checks are of these files and this channel; others need new ones.
  const change = (to) => { setFiles((now) => ({ ...now, moved: 0, ...to(now) })); setFound(null); };
  const put = (role) => (file) => change(() => ({ [role]: file, mend: UNMENDED }));
  return html`<div>
    <p>Play something varied for a minute or more through the pedal, and record what comes out. Nothing at hand to play?
      <button onClick=${() => save("/api/signal").catch((error) => setFault(error.message))}>Download the capture signal</button>
      <span class="quiet"> (90 s; it is the dry file then)</span></p>
    ${dry && wet && html`<p><button onClick=${() => change((now) => ({ dry: now.wet, wet: now.dry, mend: UNMENDED }))}>Swap dry and wet</button></p>`}
    <div class="two">
      <${Drop} role="Dry" text="what went into the pedal" file=${dry} given=${given[0]} onFile=${put("dry")} onTwo=${setGiven} />
      <${Drop} role="Wet" text="what came out of it" file=${wet} given=${given[1]} onFile=${put("wet")} onTwo=${setGiven} />
    </div>
    ${rates && html`<p class="quiet">The wet file will be brought to ${dry.rate} Hz.</p>`}
    ${stereo && html`<label>Channel <select value=${pair.channel ?? ""} onChange=${(e) => change(() => ({ channel: e.target.value ? Number(e.target.value) : null }))}>
      <option value="">both alike</option><option value="1">left</option><option value="2">right</option></select></label>`}
    ${sofar && html`<div class="card"><h3>Listening to the two files...</h3>
      <progress value=${sofar.work.done} aria-label="Checks"></progress>
      <p role="status">${sofar.work.what}</p>${!found && html`<${Findings} findings=${sofar.findings} />`}</div>`}
    <${Fault} text=${fault} />
    ${found && html`<${Checked} found=${found} mend=${mend} onMend=${(how) => setFiles((now) => ({ ...now, mend: how, moved: 0 }))}
      moved=${moved} onMoved=${(by) => setFiles((now) => ({ ...now, moved: by }))} />`}
  </div>`;
}

function Circuit({ devices, circuit, setCircuit }) {
  const device = devices.find((one) => one.name === circuit.name) ?? devices[0];
  return html`<div class="card">
    <label class="field">Circuit <select value=${device.name} onChange=${(e) => setCircuit({ name: e.target.value, knobs: {} })}>
      ${devices.map((one) => html`<option value=${one.name}>${one.about.split("\n")[0]}</option>`)}</select></label>
    ${Object.entries(device.knobs).map(([name, knob]) => html`<label class="field">
      <span>${name} <span class="quiet">${knob.text}</span></span>
      <span><input type="range" min=${knob.least} max=${knob.most} step=${(knob.most - knob.least) / 100}
        value=${circuit.knobs[name] ?? knob.default}
        onInput=${(e) => setCircuit({ name: device.name, knobs: { ...circuit.knobs, [name]: Number(e.target.value) } })} />
        ${(circuit.knobs[name] ?? knob.default).toFixed(2)}</span></label>`)}
  </div>`;
}

function Choice({ legend, choices, value, set }) {
  return html`<fieldset><legend>${legend}</legend>${Object.entries(choices).map(([key, [label, text]]) => html`<div>
    <label><input type="radio" name=${legend} checked=${value === key} onChange=${() => set(key)} />
      <span><b>${label}</b> <span class="quiet">${text}</span></span></label></div>`)}</fieldset>`;
}

// A file's name without its ending; one that says nothing of the pedal says so.
function shortOf(name) {
  const short = name.replace(/\.[^.]*$/, "");
  return /^(wet|out(put)?|target|processed|record(ing|ed)?|re-?amp(ed)?|audio|track|take)[\s_.()-]*\d*[\s)]*$/i.test(short) ? "My pedal" : short;
}

export function Capture({ devices, onTraining }) {
  const [source, setSource] = useKept("source", "pair");
  const [files, setFiles] = useKept("files", { dry: null, wet: null, mend: UNMENDED, channel: null, moved: 0 });
  const [found, setFound] = useState(null); // by the checks, made anew after a reload
  const pair = { ...files, found };
  const [circuit, setCircuit] = useKept("circuit", { name: devices[0].name, knobs: {} });
  const [name, setName] = useKept("name", "");
  const [cpu, setCpu] = useKept("cpu", "normal");
  const [plugin, setPlugin] = useKept("plugin", "any");
  const [quality, setQuality] = useKept("quality", "good");
  const [clean, setClean] = useKept("clean", false);
  const [force, setForce] = useState(false);
  const [fault, setFault] = useState(null);
  const called = name.trim() || (source === "pair" ? shortOf(pair.wet?.name ?? "") : circuit.name);
  const report = pair.found?.mend === pair.mend ? pair.found.report : null; // else it is of before a tick
  const able = called && (source === "circuit" || (report && (report.ok || force)));
  const train = async () => {
    const asked = { name: called, cpu, plugin, quality, clean };
    if (source === "circuit") Object.assign(asked, { device: circuit.name, knobs: circuit.knobs });
    else {
      const { dry, wet, moved, mend, channel } = pair;
      const latency = moved ? report.latency_samples + moved : null;
      Object.assign(asked, { force, pair: { dry: dry.id, wet: wet.id, latency, channel, resample: dry.rate !== wet.rate, ...mend } });
    }
    try { setFault(null); await post("/api/train", asked); onTraining(); } catch (error) { setFault(error.message); }
  };
  return html`<div>
    <h2>What shall it learn?</h2>
    <div class="row" role="group" aria-label="Source">
      <button aria-pressed=${source === "pair"} onClick=${() => setSource("pair")}>My own pedal</button>
      <button aria-pressed=${source === "circuit"} onClick=${() => setSource("circuit")}>A built-in circuit</button>
    </div>
    ${source === "pair" ? html`<${Pair} pair=${pair} setFiles=${setFiles} setFound=${setFound} />`
      : html`<${Circuit} devices=${devices} circuit=${circuit} setCircuit=${setCircuit} />`}
    <div class="card">
      <label class="field">Name, as plugins will show it
        <input type="text" maxlength="200" value=${name} placeholder=${called} onInput=${(e) => setName(e.target.value)} /></label>
      <div class="two">
        <${Choice} legend="Which plugin is it for?" choices=${PLUGINS} value=${plugin} set=${setPlugin} />
        ${SIZES[plugin] && html`<${Choice} legend="What may it cost to play?" choices=${SIZES[plugin]} value=${cpu} set=${setCpu} />`}
        <${Choice} legend="How long may it take?" choices=${TIMES} value=${quality} set=${setQuality} />
      </div>
      <div><label><input type="checkbox" checked=${clean} onChange=${(e) => setClean(e.target.checked)} />
        <span>Then train its aliasing away <span class="quiet">for plugins; a minute or two more</span></span></label></div>
      ${report && !report.ok && html`<div><label><input type="checkbox" checked=${force} onChange=${(e) => setForce(e.target.checked)} />
        Train anyway</label></div>`}
      <div class="row"><button class="main" disabled=${!able} onClick=${train}>Train</button>
        ${!able && html`<span class="quiet">${source === "pair" && !report ? (pair.dry && pair.wet ? "Wait for the checks." : "Drop both files first.") : report && !report.ok ? "See what the checks say." : ""}</span>`}</div>
      <${Fault} text=${fault} />
    </div>
  </div>`;
}
