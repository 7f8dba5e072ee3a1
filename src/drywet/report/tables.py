"""The report's figures in words: one run's scores beside their baselines, and runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drywet.evaluation.result import Evaluation, Probes
from drywet.metrics.scores import Scores
from drywet.metrics.statistics import LEAST_SECONDS
from drywet.report.contender import Contender
from drywet.words import listed, number

_ROWS = (
    ("ESR (0 perfect, 1 silence)", "esr", ""),
    ("ESR, pre-emphasised", "esr_pre_emphasised", ""),
    ("ESR, A-weighted", "esr_a_weighted", ""),
    ("MAE", "mae", ""),
    ("R² (1 - ESR for audio)", "r2", ".5f"),
    ("DC", "dc", ""),
    ("MR-STFT distance", "mrstft", ".3f"),
    ("log-spectral distance, dB", "log_spectral_db", ".2f"),
    ("MFCC distance", "mfcc_distance", ".2f"),
)


@dataclass(frozen=True)
class Row:
    """A run in the table of all.

    Attributes:
        name: of the run.
        color: its own.
        cells: its figures.
    """

    name: str
    color: str
    cells: list[str]


def _text(value: float | None, form: str) -> str:
    if value is None:
        return "-"
    if not form:
        return number(value)
    text = format(value, form)
    return text.lstrip("-") if form[0] != "+" and float(text) == 0 else text


def scores(found: Evaluation) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of one run's table: model, linear baseline, silence, the device itself."""
    columns: list[tuple[str, Scores]] = [
        ("model", found), ("linear baseline", found.linear), ("silence", found.silence),
    ]  # fmt: skip
    if found.itself is not None:
        columns.append(("device, twice", found.itself))
    rows = [
        [label, *(_text(getattr(column, name), form) for _, column in columns)]
        for label, name, form in _ROWS
        if getattr(found, name) is not None
    ]
    for i, band in enumerate(found.bands):
        cells = [
            _text(c.bands[i].esr, "") + f" ({_text(c.bands[i].excess_db, '+.1f')} dB)"
            for _, c in columns
        ]
        rows.append([f"error (excess), {band.label}", *cells])
    rows.append(
        ["loudness against the device, dB"]
        + [_text(column.loudness.loudness_db, "+.2f") for _, column in columns]
    )
    rows.append(
        ["crest against the device, dB"]
        + [_text(column.loudness.crest_db, "+.2f") for _, column in columns]
    )
    rows.append(
        ["ESR by second: median / 95 % / worst"]
        + [" / ".join(number(v, 2) for v in column.per_second["esr"]) for _, column in columns]
    )
    return ["", *(name for name, _ in columns)], rows


def notes(found: Evaluation) -> str:
    """What stands under the table: probes, noise, cost."""
    cost = found.cost
    said = [f"Aliasing on sines of levels it was trained on: mean {found.aliasing_db:.0f} dB"]
    if found.device_aliasing_db is not None:
        said[0] += f" (the device: {found.device_aliasing_db:.0f} dB)"
    sines = found.recorded_sines
    if sines is not None:
        said.append(
            f"On {sines.count} steady sines in the scored audio: aliasing and noise "
            f"{sines.aliasing_db:.0f} dB (the device: {sines.device_aliasing_db:.0f} dB), "
            f"harmonics off by {sines.harmonic_error.rms_db:.1f} dB RMS, ESR {number(sines.esr)}"
        )
    if found.harmonic_error is not None:
        said.append(
            f"Harmonics off by {found.harmonic_error.rms_db:.1f} dB RMS, THD by "
            f"{found.harmonic_error.thd_db:.1f} dB"
        )
    if found.probes.intermodulation:
        at = ", ".join(f"{t.level_db:.0f}" for t in found.probes.intermodulation)
        levels = _intermodulation(found.probes)
        if found.device_probes is not None:
            levels += f" (the device: {_intermodulation(found.device_probes)})"
        said.append(f"Intermodulation (60 Hz + 7 kHz at {at} dBFS): {levels} dB")
    for name, quiet in (("pauses", found.pauses), ("decay tails", found.tails)):
        if quiet is not None:
            said.append(
                f"In {name} ({quiet.seconds:.1f} s): {quiet.prediction:.1f} dBFS, the device "
                f"{quiet.target:.1f}"
            )
    said.append(f"On silence: {found.probes.idle_dbfs:.0f} dBFS")
    if found.noise_floor_esr is not None:
        said.append(f"Noise floor of the capture: ESR {found.noise_floor_esr:.2g}")
    if found.esr_at_recording_rate is not None:
        said.append(f"ESR at the files' rate: {number(found.esr_at_recording_rate)}")
    said.append(
        f"Cost: {cost.parameters} parameters, {cost.multiply_adds} multiply-adds and "
        f"{cost.ns_per_sample:.0f} ns a sample ({cost.engine}, one core, blocks of 64"
        f"{cost.caution}); 99 % of blocks take under {cost.block_p99_us:.0f} µs, "
        f"{64e6 / found.rate:.0f} are allowed"
    )
    if found.trained_peak_dbfs is not None:
        said.append(f"Trained on dry peaks of up to {found.trained_peak_dbfs:.0f} dBFS")
    return ". ".join(said) + "."


def _intermodulation(probes: Probes) -> str:
    return ", ".join(f"{tone.imd_db:.0f}" for tone in probes.intermodulation)


HEADS = [
    "run", "ESR", "95 % interval against the closest, dB", "pre-emph.", "MR-STFT",
    "aliasing, dB", "excess over 8 kHz, dB", "parameters", "ns/sample",
]  # fmt: skip


_MATCHED_HEADS = ["delayed by, samples", "made louder by, dB", "inverted"]
_BY_ITS_SEED = 2.0  # times the error, that another seed may bring (docs/recipe.md)


def heads(contenders: Sequence[Contender]) -> list[str]:
    """Over the table of all; with what was done to them first, where they were matched."""
    return [*HEADS, *(_MATCHED_HEADS if _are_matched(contenders) else [])]


def _are_matched(contenders: Sequence[Contender]) -> bool:
    return any(one.evaluation.match is not None for one in contenders)


def _matched(found: Evaluation) -> list[str]:
    match = found.match
    if match is None:
        return ["-", "-", "-"]
    delay, louder = _text(match.delay_samples, "+.2f"), _text(match.gain_db, "+.1f")
    return [delay, louder, "yes" if match.inverted else "no"]


def side_by_side(contenders: Sequence[Contender]) -> list[Row]:
    """A row for every run: those scored on the same audio together, closest first."""
    rows = []
    for one in sorted(contenders, key=lambda c: (c.audio, c.evaluation.esr)):
        found = one.evaluation
        high = [b.excess_db for b in found.bands if b.low >= 8000 and b.excess_db is not None]
        against = one.against_best
        interval = (
            "closest" if any(c.audio == one.audio for c in contenders if c is not one) else "-"
        )
        if against is not None and against.seconds < LEAST_SECONDS:
            interval = "too short"
        elif against is not None:
            interval = f"{against.low_db:+.1f} to {against.high_db:+.1f}"
            interval += "" if against.decided else " (undecided)"
        rows.append(
            Row(
                one.name, one.color,
                [
                    number(found.esr), interval, number(found.esr_pre_emphasised),
                    _text(found.mrstft, ".3f"),
                    f"{found.aliasing_db:.0f}", _text(max(high, default=None), "+.1f"),
                    str(found.cost.parameters), f"{found.cost.ns_per_sample:.0f}",
                    *(_matched(found) if _are_matched(contenders) else []),
                ],
            )
        )  # fmt: skip
    return rows


def sentences(contenders: Sequence[Contender], groups: Sequence[str]) -> list[str]:
    """What the comparison comes to, never a ranking inside the noise.

    Args:
        contenders: the runs.
        groups: sentences on groups of seeds, to go first.
    """
    said = list(groups)
    kinds = sorted({one.audio for one in contenders})
    if len(kinds) > 1:
        said.append("Runs that were scored on different audio are not ranked against each other.")
    for kind in kinds:
        rivals = [one for one in contenders if one.audio == kind]
        if len(rivals) > 1:
            said += _ranked(rivals)
    return said


def _ranked(rivals: Sequence[Contender]) -> list[str]:
    best = next(one for one in rivals if one.against_best is None)
    seconds = len(best.evaluation.by_second)
    if seconds < LEAST_SECONDS:
        return [
            f"{seconds} s of test audio are too few to tell models apart; {LEAST_SECONDS} are the "
            "least."
        ]
    ties = [c.name for c in rivals if c.against_best and not c.against_best.decided]
    worse = [c for c in rivals if c.against_best and c.against_best.decided]
    near = [c.name for c in worse if c.evaluation.esr <= _BY_ITS_SEED * best.evaluation.esr]
    said = []
    if ties:
        said.append(
            f"{best.name} has the lowest error, but on this test audio {listed(ties)} cannot be "
            "told from it."
        )
    if worse:
        said.append(
            f"{best.name} is closer than {listed([c.name for c in worse])}, beyond chance over "
            "the seconds."
        )
    if near:
        said.append(
            f"{listed(near)}: so small a difference may be one of seeds alone, which can change "
            "the error by a factor of two. 'drywet train --seeds' says how far they lie apart."
        )
    return said
