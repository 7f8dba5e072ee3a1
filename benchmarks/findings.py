"""Does a net add treble noise the longer it trains, while its ESR still falls?

The 2022 study heard it, and no score of its showed it. Here its nets (windowed) and drywet's
(stateful) learn the Boss SD-1 from little and from much, and band error and band excess are
kept at every validation. Run from the top of the repository::

    python -m benchmarks.findings ../shared/audio out/findings [--only NAME,...] [--seeds 0,1,2]

Trainings that are there already are not done again; the table and docs/figures/findings.png are
made from those that are. All of them take some hours of one core.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import drywet
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.windowed.config import WindowedConfig
from drywet.runs.folder import RunFolder
from drywet.runs.history import HistoryRow
from drywet.verbs.train_device import train_device

RATE = 22_050  # all the band that the published clips hold
STUDY = {"learning_rate": 1e-3, "final_rate": 1.0, "batch": 64, "segment": 1, "clip": 1e9}
"""The study's optimiser: Adam at a constant rate, 64 frames an update."""

WINDOWED = WindowedConfig(hidden=32, frame=64)
STATEFUL = RecurrentConfig(hidden=32)
MAE = {"esr": 0.0, "mae": 1.0}


@dataclass(frozen=True)
class Training:
    """One of the trainings."""

    title: str
    model: WindowedConfig | RecurrentConfig
    clip: bool  # the study's recording of a real SD-1, else the built-in one
    loss: dict[str, Any]
    training: dict[str, Any]


TRAININGS = {
    "clip-40k": Training(
        "real SD-1, windowed, 40k frames", WINDOWED, True, MAE,
        STUDY | {"examples": 40_000, "epochs": 200},
    ),
    "clip-150k": Training(
        "real SD-1, windowed, 150k frames", WINDOWED, True, MAE,
        STUDY | {"examples": 150_000, "epochs": 200},
    ),
    "clip-150k-cosine": Training(
        "real SD-1, windowed, 150k frames, rate down to 0", WINDOWED, True, MAE,
        STUDY | {"examples": 150_000, "epochs": 200, "final_rate": 0.0},
    ),
    "clip-stateful-constant": Training(
        "real SD-1, stateful, all 8 s, MAE, constant rate", STATEFUL, True, MAE,
        {"learning_rate": 1e-3, "final_rate": 1.0},
    ),
    "clip-stateful-40k": Training(
        "real SD-1, stateful, 40k samples", STATEFUL, True, {}, {"examples": 20},
    ),
    "clip-stateful": Training("real SD-1, stateful, all 8 s", STATEFUL, True, {}, {}),
    "sd1-40k": Training(
        "built-in SD-1, windowed, 40k frames", WINDOWED, False, MAE,
        STUDY | {"examples": 40_000, "epochs": 200},
    ),
    "sd1-500k": Training(
        "built-in SD-1, windowed, 500k frames", WINDOWED, False, MAE,
        STUDY | {"examples": 500_000, "epochs": 200},
    ),
    "sd1-stateful-40k": Training(
        "built-in SD-1, stateful, 40k samples", STATEFUL, False, {}, {"examples": 20},
    ),
    "sd1-stateful": Training("built-in SD-1, stateful, all", STATEFUL, False, {}, {}),
}  # fmt: skip


def learn(name: str, seed: int, audio: Path, out: Path) -> None:
    """Train one, unless it is there."""
    path = out / f"{name}-{seed}"
    if (path / "scores.json").exists():
        return
    chosen = TRAININGS[name]
    settings = {
        "model": chosen.model,
        "loss": drywet.LossConfig(**chosen.loss),
        "training": drywet.TrainingConfig(seed=seed, threads=1, **chosen.training),
    }
    if chosen.clip:
        capture = drywet.CaptureConfig(rate=RATE, test=(8.0, None))
        pair = audio / "seed" / "dry.mp3", audio / "seed" / "sd1.mp3"
        drywet.train(*pair, out=path, overwrite=True, capture=capture, **settings)
    else:
        capture = drywet.CaptureConfig(rate=RATE)
        train_device("sd1", out=path, overwrite=True, capture=capture, **settings)


def rows(name: str, seeds: list[int], out: Path) -> dict[int, list[HistoryRow]]:
    """The histories of the trainings that are there, by seed."""
    folders = {seed: out / f"{name}-{seed}" for seed in seeds}
    return {
        seed: RunFolder.open(path).history()
        for seed, path in folders.items()
        if (path / "scores.json").exists()
    }


def at(history: list[HistoryRow], share: float) -> HistoryRow:
    """The validation nearest to a share of the training."""
    last = history[-1].epoch
    return min(history, key=lambda row: abs(row.epoch - share * last))


def table(seeds: list[int], out: Path) -> None:
    print(
        "| training | seed | epochs | ESR | error 4-8 kHz | error 8-11 kHz | excess 8-11 kHz, dB |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, chosen in TRAININGS.items():
        for seed, history in rows(name, seeds, out).items():
            for share in (0.1, 0.25, 0.5, 1.0):
                row = at(history, share)
                error, excess = row.band_esr, row.band_excess_db
                if None in (*error, *excess):
                    continue
                print(
                    f"| {chosen.title} | {seed} | {row['epoch']:.0f} "
                    f"| {row['validation_esr']:.5f} | {error[2]:.3f} | {error[3]:.3f} "
                    f"| {excess[3]:+.1f} |"
                )


def picture(seeds: list[int], out: Path, target: Path) -> None:
    from drywet.figures.canvas import new_figure, save

    figure = new_figure(10, 8)
    axes = figure.subplots(2, 2, sharex="col")
    for column, clip in enumerate((True, False)):
        above, below = axes[:, column]
        for number, (name, chosen) in enumerate(TRAININGS.items()):
            for seed, history in rows(name, seeds, out).items():
                if chosen.clip != clip:
                    continue
                look = {
                    "color": f"C{number}", "lw": 1.0,
                    "label": chosen.title.split(", ", 1)[1] if seed == seeds[0] else None,
                }  # fmt: skip
                end = history[-1].epoch
                share = [row.epoch / end for row in history]
                above.semilogy(share, [row.validation_esr for row in history], **look)
                below.semilogy(share, [row.band_esr[3] for row in history], **look)
        above.set_title("real SD-1 (the study's clip)" if clip else "built-in SD-1", loc="left")
        below.axhline(1, color="#8a8a8a", ls="--", lw=0.8)
        below.set_xlabel("share of the training")
        above.legend(frameon=False, fontsize=8)
    axes[0, 0].set_ylabel("validation ESR")
    axes[1, 0].set_ylabel("error 8-11 kHz / target's energy there")
    save(figure, target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("audio", type=Path, help="../shared/audio")
    parser.add_argument("out", type=Path, help="folder for the runs")
    parser.add_argument("--only", default=",".join(TRAININGS))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--picture", type=Path, default=Path("docs/figures/findings.png"))
    chosen = parser.parse_args()
    seeds = [int(text) for text in chosen.seeds.split(",")]
    chosen.out.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        for name in chosen.only.split(","):
            learn(name, seed, chosen.audio, chosen.out)
    table(seeds, chosen.out)
    picture(seeds, chosen.out, chosen.picture)


if __name__ == "__main__":
    main()
