"""The figures of the report, each with its title and what to see in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drywet import words
from drywet.evaluation.along_knobs import HARMONICS_DB, HZ
from drywet.evaluation.result import Evaluation
from drywet.figures import canvas
from drywet.figures.aliasing_map import aliasing_map
from drywet.figures.along_knobs import along_knobs
from drywet.figures.bands import band_error
from drywet.figures.by_second import by_second
from drywet.figures.front import front
from drywet.figures.harmonics import harmonics
from drywet.figures.knob_map import knob_map
from drywet.figures.spectrograms import spectrograms
from drywet.figures.training_curve import training_curve
from drywet.figures.transfer_curve import transfer_curve
from drywet.figures.waveform import waveform
from drywet.metrics.aliasing import Aliasing
from drywet.report.contender import Contender
from drywet.report.svg import svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TALL = (4.8, 3.6)
_SPECTROGRAMS = (4.8, 7.0)
_COSTS_DIFFER = 1.2  # less is the clock's noise


@dataclass(frozen=True)
class Picture:
    """A figure of the page.

    Attributes:
        title: above it.
        svg: the figure.
        caption: under it.
    """

    title: str
    svg: str
    caption: str


def of_run(run: Contender, number: int) -> list[Picture]:
    """All figures of one run.

    Args:
        run: the run.
        number: of the run on the page, which keeps names apart.
    """
    found, measured = run.evaluation, run.measured
    pictures: list[Picture] = []

    def add(title: str, caption: str, draw: Callable[[], Figure]) -> None:
        pictures.append(Picture(title, svg(draw(), f"{number}-{len(pictures)}"), caption))

    bands = {"model": found.bands, "linear baseline": found.linear.bands}
    colors = {"model": run.color, "linear baseline": canvas.DRY, "device": canvas.TARGET}
    if found.itself is not None:
        bands["device, twice"] = found.itself.bands
        colors["device, twice"] = canvas.TARGET
    probes = {"model": found.probes}
    if found.device_probes is not None:
        probes["device"] = found.device_probes
    add(
        "Waveform",
        "The loudest 30 ms of the test audio: device and model over each other, and what is left.",
        lambda: waveform(run.target, run.prediction, measured.rate, size=_TALL),
    )
    add(
        "Error by band",
        "Above: 1 is as wrong as silence. Below: over 0 the model adds sound that the device does "
        "not make, under 0 it lacks some.",
        lambda: band_error(bands, colors, _TALL),
    )
    if found.positions:
        where = [one.knobs for one in found.positions]
        reached = {name: [at[name] for at in where] for name in where[0]}
        ends = {name: (min(at), max(at)) for name, at in reached.items()}
        if run.turnable is not None:
            ranges = run.turnable.card.ranges.values()
            ends = {knob.name: (knob.least, knob.most) for knob in ranges if knob.follows is None}
        add(
            "Error over the knobs",
            "A dot for every capture, a ring where it was not learned from. Record more where the "
            "error is large, and where there are no dots.",
            lambda: knob_map(
                where, [one.esr for one in found.positions],
                [one.held_out for one in found.positions], ends,
                _TALL if len(ends) < 3 else _SPECTROGRAMS,
            ),
        )  # fmt: skip
    if run.along:
        known = "; dashed: the device" if run.along[0].device is not None else ""
        add(
            "Along the knobs",
            f"Each knob from end to end, the others where they stood{_at(found)}: level out over "
            f"level in, and harmonics of {HZ:.0f} Hz at {HARMONICS_DB:.0f} dBFS or less{known}.",
            lambda: along_knobs(
                {one.name: one.model for one in run.along},
                {one.name: one.device for one in run.along if one.device is not None},
                run.along[0].levels_db, _TALL[0],
            ),
        )  # fmt: skip
    if run.history:
        add(
            "Training",
            "Above: error on the validation audio; the weights of the kept line are used. Below: "
            "what each band holds beyond the device; a curve that climbs over 0 is noise.",
            lambda: training_curve(
                run.history, found.linear.esr, found.noise_floor_esr,
                [band.label for band in found.bands], _TALL,
            ),
        )  # fmt: skip
    add(
        "Second by second",
        "Energy of the device and of the error, against the loudest second. Where the two come "
        "near each other, listen.",
        lambda: by_second({"the model": found.by_second}, {"the model": run.color}, _TALL),
    )
    for mel, name in ((False, "Spectrograms"), (True, "Spectrograms, mel")):
        add(
            name,
            "Dry, device, model and what is left, on one scale. Lines in the residual that follow "
            "no harmonic are aliasing, haze is noise."
            + (" Dotted: joins of held-out blocks." if measured.seams else ""),
            lambda mel=mel: spectrograms(  # type: ignore[misc]
                run.dry, run.target, run.prediction, measured.rate, "", measured.seams, mel,
                _SPECTROGRAMS,
            ),
        )  # fmt: skip
    at = f" The knobs are{_at(found)}." if found.knobs else ""
    add(
        "Aliasing",
        "Steady sines: what is no harmonic against what is, in dB. The lower the better; over -40 "
        "is easily heard. * louder than anything the model was trained on: it guesses." + at,
        lambda: aliasing_map(_aliasing(run), found.trained_peak_dbfs, _TALL),
    )
    add(
        "Harmonics",
        "Of two steady notes, as loud as the model was taught: the colour of a distortion." + at,
        lambda: harmonics(
            {name: p.tones for name, p in probes.items()}, colors, found.trained_peak_dbfs, _TALL
        ),
    )
    peak = found.trained_peak_dbfs
    guessed_above = None if peak is None or round(peak) >= 0 else peak
    add(
        "Transfer curves",
        "Left: a straight line is linear, a flat one limits. Right: one period of a low note; a "
        "loop is filtering." + at + ("" if guessed_above is None else _beyond(guessed_above)),
        lambda: transfer_curve(
            {name: p.transfer for name, p in probes.items()}, colors, guessed_above, _TALL
        ),
    )
    return pictures


def _at(found: Evaluation) -> str:
    return f" at {words.positions(found.knobs)}" if found.knobs else ""


def _aliasing(run: Contender) -> dict[str, Aliasing]:
    found = run.evaluation
    maps = {"model": found.probes.aliasing}
    if run.by_ear is not None:
        maps[f"model, {run.by_ear.factor} times oversampled"] = run.by_ear.aliasing
    if found.device_probes is not None:
        maps["device"] = found.device_probes.aliasing
    return maps


def _beyond(heard_db: float) -> str:
    return f" It was trained on peaks of up to {heard_db:.0f} dBFS (dotted) and guesses above."


def of_all(contenders: Sequence[Contender]) -> list[Picture]:
    """Figures that compare several runs on the same audio; none for a single one."""
    if len(contenders) < 2:
        return []
    colors = {one.name: one.color for one in contenders}
    points = {
        one.name: (one.evaluation.cost.ns_per_sample, one.evaluation.esr) for one in contenders
    }
    drawn = [
        (
            "Error by band",
            band_error({one.name: one.evaluation.bands for one in contenders}, colors, _TALL),
            "Above: 1 is as wrong as silence. Below: over 0 the model adds what is not there.",
        )
    ]
    costs = [cost for cost, _ in points.values()]
    if max(costs) > _COSTS_DIFFER * min(costs):
        drawn.insert(
            0,
            (
                "Accuracy against cost",
                front(points, colors, _TALL),
                "Dashed: the Pareto front. What lies above it is beaten in both by another.",
            ),
        )
    return [
        Picture(title, svg(figure, f"all-{i}"), caption)
        for i, (title, figure, caption) in enumerate(drawn)
    ]
