"""The scores of a run as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drywet.verbs.evaluate import Evaluation

_ROWS = (
    ("ESR", "esr", ".2e"),
    ("ESR, pre-emphasised", "esr_pre_emphasised", ".2e"),
    ("ESR, A-weighted", "esr_a_weighted", ".2e"),
    ("MAE", "mae", ".2e"),
    ("R²", "r2", ".5f"),
    ("MR-STFT", "mrstft", ".3f"),
    ("log-spectral dB", "log_spectral_db", ".2f"),
)
_MARKS = {"good": "+", "warning": "!", "bad": "x"}


def lines(result: Evaluation) -> list[str]:
    """How close it is in words, a table beside the linear baseline, and the rest of the verdict."""
    rows: list[tuple[str, str, str]] = [("", "model", "linear baseline")]
    for label, name, form in _ROWS:
        ours, theirs = (_number(getattr(scores, name), form) for scores in (result, result.linear))
        rows.append((label, ours, theirs))
    rows.append(("", "error     excess", "error     excess"))
    for band, linear in zip(result.bands, result.linear.bands, strict=True):
        rows.append((band.label, _band(band), _band(linear)))
    found = _remark(result.verdict[0]) if result.verdict else []
    found += [f"{label:<20}{ours:>18}{theirs:>21}" for label, ours, theirs in rows]

    def add(label: str, text: str) -> None:
        found.append(f"{label:<20}{text:>18}")

    if result.esr_at_recording_rate is not None:
        add("ESR, files' rate", f"{result.esr_at_recording_rate:.2e}")
    if result.noise_floor_esr is not None:
        add("noise floor (ESR)", f"{result.noise_floor_esr:.2e}")
    theirs_db = ""
    if result.device_aliasing_db is not None:
        theirs_db = f"  (the device: {result.device_aliasing_db:.0f} dB)"
    ours_db = f"{result.aliasing_db:.0f} dB"
    add("aliasing, mean", ours_db + theirs_db)
    sines = result.recorded_sines
    if sines is not None:
        heard = f"  (the device: {sines.device_aliasing_db:.0f} dB)"
        add(f"of {sines.count} recorded sines", f"{sines.aliasing_db:.0f} dB" + heard)
    if result.harmonic_error is not None:
        add("harmonics, error", f"{result.harmonic_error.rms_db:.1f} dB")
    if result.pauses is not None:
        target = f"  (the device: {result.pauses.target:.0f} dBFS)"
        add("noise in pauses", f"{result.pauses.prediction:.0f} dBFS" + target)
    audio = "held-out audio" if result.held_out else "another capture"
    found.append(
        f"on {result.seconds:.1f} s of {audio} at {result.rate} Hz"
        f"{oversampled(result.oversample)}; "
        f"{result.cost.parameters} parameters, {result.cost.ns_per_sample:.0f} ns a sample "
        f"({result.cost.engine}{result.cost.caution})"
    )
    if result.device_note is not None:
        found.append(f"The device was not asked: {result.device_note}")
    for remark in result.verdict[1:]:
        found += _remark(remark)
    return found


def _remark(remark: Any) -> list[str]:
    advice = [f"  -> {remark.advice}"] if remark.advice else []
    return [f"{_MARKS[remark.kind]} {remark.text}", *advice]


def oversampled(factor: int) -> str:
    """What is added to a line about a model that ran faster."""
    return f", {factor} times oversampled" if factor > 1 else ""


def label_of(name: str) -> str:
    """What a score is called in the table."""
    return next((label for label, key, _ in _ROWS if key == name), name)


def _number(value: float | None, form: str) -> str:
    return "too short" if value is None else format(value, form)


def _band(band: Any) -> str:
    """ESR in a band, and what is there beyond the target."""
    if band.esr is None or band.excess_db is None:
        return "nothing there"
    return f"{band.esr:.1e} {band.excess_db:+6.1f} dB"
