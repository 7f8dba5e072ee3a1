"""How the page of ``drywet serve`` keeps up: its first view, its news of a training, its memory.

    python -m benchmarks.page
    python -m benchmarks.page --minutes 5
    python -m benchmarks.page --play ../shared/models/nam/BossWN-standard.nam

**First view**: from opening the address to a page that can be used, in headless Chromium; five
times. **News**: from a line of the training's events on the disk to the step on the page.
**Memory** (with ``--minutes``): of the server, while it trains a small net of a tube stage again
and again with a tab open; growth after the first training, and that times 8 hours.
**Play** (alone): a model file in the AudioWorklet, dropped onto the page, over the capture signal;
for each oversampling the share of a core as the audio thread measures it, and how many seconds of
audio passed in a second: less than 1 where it cannot keep up.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import tempfile
import threading
import time
from pathlib import Path

from tests.served import Served, served
from tests.support import tool

from drywet.verbs.signal import signal

ROUNDS = 5
READY = "text=What shall it learn"
WATCH = """
window.seen = {};
new MutationObserver(() => {
  const label = document.querySelector("canvas.curve")?.getAttribute("aria-label") ?? "";
  const step = /over (\\d+) steps/.exec(label)?.[1];
  if (step && !(step in window.seen)) window.seen[step] = Date.now() / 1000;
}).observe(document.body, { subtree: true, childList: true, attributes: true });
"""
CONTEXT = """
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...rest) {
  if (to instanceof AudioDestinationNode) window.context = this.context;
  return connect.call(this, to, ...rest);
};
null;
"""
PLAYED_SECONDS = 15


def memory_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


def train(server: Served, name: str) -> str:
    asked = {"device": "triode", "name": name, "cpu": "light", "quality": "quick"}
    return server.post("/api/train", asked).json["id"]


def follow(events: Path, seen: dict[str, float], ended: threading.Event) -> None:
    """When each step of a training was on the disk, within a few milliseconds."""
    at = 0
    while not ended.is_set():
        if events.is_file():
            with events.open("rb") as file:
                file.seek(at)
                data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            at += len(whole)
            for line in whole.splitlines():
                event = json.loads(line)
                if event["kind"] == "progress" and event["validation_esr"] is not None:
                    seen.setdefault(str(event["step"]), time.time())
        time.sleep(0.002)


def over(server: Served, id: str) -> bool:
    return server.job(id)["state"] not in ("waiting", "running")


def news(server: Served, page, runs: Path) -> list[float]:
    page.evaluate(WATCH)
    written: dict[str, float] = {}
    ended = threading.Event()
    id = train(server, "news")
    events = runs / ".page" / "jobs" / id / "events.jsonl"
    watcher = threading.Thread(target=follow, args=(events, written, ended))
    watcher.start()
    while not over(server, id):
        page.wait_for_timeout(500)
    shown = page.evaluate("window.seen")
    ended.set()
    watcher.join()
    return [shown[step] - written[step] for step in shown if step in written]


def soak(server: Served, page, minutes: float) -> tuple[int, float, float]:
    """Trainings, and the server's memory after the first and after the last, in MB."""
    ends = time.monotonic() + 60 * minutes
    count, first, last = 0, 0.0, 0.0
    while time.monotonic() < ends:
        id = train(server, f"soak {count}")
        while not over(server, id):
            page.wait_for_timeout(500)
        last = memory_mb(server.process.pid)
        first = first or last
        count += 1
    return count, first, last


def play(server: Served, page, model: Path, sound: Path) -> None:
    page.evaluate(CONTEXT)
    page.click("nav >> text=Play")
    page.set_input_files("input[accept*='.nam']", model)
    page.wait_for_selector("optgroup[label='Dropped here'] option", state="attached")
    page.set_input_files("label:has-text('round and round') input", sound)
    page.click("button.main:has-text('Play')")
    for factor in (1, 2, 4):
        page.select_option("label:has-text('Oversampling') select", str(factor))
        page.wait_for_timeout(5000)  # it is loaded, given its second of silence and faded in
        shares = []
        began, at = time.perf_counter(), page.evaluate("window.context.currentTime")
        for _ in range(PLAYED_SECONDS):
            page.wait_for_timeout(1000)
            said = page.inner_text("p[role=status]:has-text('of a core')")
            shares.append(int(re.match(r"(\d+) %", said)[1]))
        passed = page.evaluate("window.context.currentTime") - at
        pace = passed / (time.perf_counter() - began)
        print(f"{factor} times: {statistics.median(shares):.0f} % of a core, the most "
              f"{max(shares)}; {pace:.3f} s of audio a second")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--play", type=Path)
    chosen = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        runs = Path(place) / "runs"
        with served(runs) as server:
            browser = playwright.chromium.launch(
                executable_path=tool("chromium"),
                args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
            )
            context = browser.new_context()
            page = context.new_page()
            page.goto(f"{server.origin}/?token={server.token}")
            page.wait_for_selector(READY)
            if chosen.play is not None:
                sound = Path(place) / "dry.wav"
                signal(sound, seconds=30)
                play(server, page, chosen.play, sound)
                browser.close()
                return
            server.cookie = "; ".join(f"{c['name']}={c['value']}" for c in context.cookies())
            times = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                page.goto(server.origin)
                page.wait_for_selector(READY)
                times.append(time.perf_counter() - began)
            print(f"first view: {1000 * statistics.median(times):.0f} ms, the slowest "
                  f"{1000 * max(times):.0f}")  # fmt: skip
            found = sorted(news(server, page, runs))
            print(f"news: {len(found)} steps, median {1000 * statistics.median(found):.0f} ms, "
                  f"95 % {1000 * found[int(0.95 * (len(found) - 1))]:.0f}, the slowest "
                  f"{1000 * found[-1]:.0f}")  # fmt: skip
            if chosen.minutes:
                count, first, last = soak(server, page, chosen.minutes)
                growth = (last - first) * 60 * 8 / chosen.minutes
                print(f"memory: {count} trainings in {chosen.minutes:g} minutes, {first:.1f} MB "
                      f"after the first, {last:.1f} after the last: {growth:+.0f} MB in 8 hours "
                      "at that pace")  # fmt: skip
            browser.close()


if __name__ == "__main__":
    main()
