// The page: what the server knows, kept up to date by its news, and the view that was chosen.
import { html, render, useEffect, useState } from "/static/preact.js";
import { useKept } from "/static/kept.js";
import { listen } from "/static/api.js";
import { Capture } from "/static/capture.js";
import { Compare } from "/static/compare.js";
import { Models } from "/static/models.js";
import { Play } from "/static/play.js";
import { Training } from "/static/training.js";

const VIEWS = { capture: "Capture", models: "Models", compare: "Compare", play: "Play" };

// Counts the better models of a training, so that a page knows when there is a new one to hear.
function updated(jobs, job) {
  const before = jobs[job.id];
  const better = job.latest.better?.validation_esr;
  const heard = (before?.heard ?? 0) + (better !== before?.latest.better?.validation_esr ? 1 : 0);
  const followed = before?.followed || ["running", "waiting"].includes(job.state);
  return { ...jobs, [job.id]: { ...job, heard, followed } };
}

// The view stands in the address, so that a reload and the browser's way back keep it.
const hashed = () => (window.location.hash.slice(1) in VIEWS ? window.location.hash.slice(1) : "capture");

function Page() {
  const [known, setKnown] = useState(null);
  const [jobs, setJobs] = useState({});
  const [alive, setAlive] = useState(true);
  const [view, setShown] = useState(hashed());
  const setView = (key) => { window.location.hash = key; setShown(key); };
  const [picked, setPicked] = useKept("picked", []);
  const [played, setPlayed] = useKept("played", null);
  const [closed, setClosed] = useState([]);
  useEffect(() => listen((news) => {
    if (news.job) setJobs((now) => updated(now, news.job));
    if (news.jobs) setJobs((now) => news.jobs.reduce(updated, now));
    const { job, jobs: all, ...rest } = news;
    if (Object.keys(rest).length) setKnown((now) => ({ ...now, ...rest }));
  }, setAlive), []);
  useEffect(() => {
    const follow = () => setShown(hashed());
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  if (!known) return html`<p role="status">${alive ? "One moment..." : "The server does not answer. Is 'drywet serve' still running?"}</p>`;
  const last = Object.values(jobs).filter((job) => job.followed && ["done", "stopped"].includes(job.state)).slice(-1);
  const going = Object.values(jobs).filter((job) => ["running", "waiting"].includes(job.state));
  const failed = Object.values(jobs).filter((job) => job.state === "failed").slice(-1);
  const ended = [...failed, ...last].filter((job) => !closed.includes(job.id));
  const pick = (id, on) => setPicked((now) => (on ? [...now, id] : now.filter((one) => one !== id)));
  const called = (job) => known.runs.find((run) => run.id === job.run)?.title ?? job.name; // it may be renamed
  const training = new Set(going.map((job) => job.run));
  return html`<header><h1><img src="/static/icon.svg" alt="" />drywet</h1>
      <nav aria-label="Views">${Object.entries(VIEWS).map(([key, label]) => html`<button aria-current=${view === key ? "page" : null}
        onClick=${() => setView(key)}>${label}${key === "models" ? ` (${known.runs.length})` : ""}</button>`)}</nav></header>
    <main>
      ${!alive && html`<p class="card fault" role="alert">The server does not answer. Trainings go on without it; start 'drywet serve' again.</p>`}
      ${[...going, ...(view === "capture" ? ended : [])].map((job) => html`<${Training} key=${job.id} job=${job} name=${called(job)} onSeen=${() => setView("models")}
        onClose=${() => setClosed((now) => [...now, job.id])} />`)}
      <div hidden=${view !== "capture"}><${Capture} devices=${known.devices} onTraining=${() => window.scrollTo({ top: 0 })} /></div>
      ${view === "models" && html`<${Models} runs=${known.runs} studies=${known.studies} training=${training} picked=${picked} pick=${pick} play=${(id) => { setPlayed(`run:${id}`); setView("play"); }} />`}
      ${view === "compare" && html`<${Compare} runs=${known.runs} picked=${picked} pick=${pick} listening=${known.listening} />`}
      ${view === "play" && html`<${Play} runs=${known.runs} devices=${known.devices} kept=${played} keep=${setPlayed} />`}
    </main>`;
}

// A file that misses its place must not open in place of the page.
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());

render(html`<${Page} />`, document.getElementById("app"));
