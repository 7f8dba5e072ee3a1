"""The capture of a run, read again exactly as it was trained on."""

from __future__ import annotations

from drywet.data.prepare import at_model_rate
from drywet.errors import DrywetError
from drywet.pair.alignment import align
from drywet.pair.load import Pair, fingerprint, load_pair
from drywet.runs.config import RunConfig


def reload(config: RunConfig, number: int = 0, pair: Pair | None = None) -> tuple[Pair, Pair]:
    """One of a run's recordings: aligned at the files' rate, and as the model is given it.

    Args:
        config: of the run.
        number: of the capture.
        pair: the recording as loaded, where it is at hand; otherwise the run's files
            are read.

    Raises:
        DrywetError: a file is gone, unusable, or no longer the same, or the run's
            configuration does not fit it.
    """
    recording, split = config.captures[number].recording, config.captures[number].split
    capture = config.settings.capture
    if pair is None:
        pair = load_pair(recording.dry, recording.wet, capture.channel, capture.resample)
    for path, samples, known in (
        (recording.dry, pair.dry, recording.dry_sha256),
        (recording.wet, pair.wet, recording.wet_sha256),
    ):
        if fingerprint(samples) != known:
            raise DrywetError(
                f"{path} has changed since the run was trained on it",
                "the same samples",
                "Bring the file back, or train a new run on it.",
            )
    aligned = align(pair, recording.alignment)
    prepared = at_model_rate(aligned, config.rate, config.output_latency)
    spans = (*split.train, *split.validation, *split.test)
    if pair.rate != recording.rate or any(
        not 0 <= start < stop <= len(prepared.dry) for start, stop in spans
    ):
        raise DrywetError(
            "the run's split or rate does not fit its recording",
            "the config.json that 'drywet train' wrote",
            "Train a new run.",
        )
    return aligned, prepared


def own_capture(pair: Pair, config: RunConfig) -> int | None:
    """Which of the run's captures a loaded pair is, not yet aligned; ``None`` for another one."""
    prints = (fingerprint(pair.dry), fingerprint(pair.wet))
    for number, capture in enumerate(config.captures):
        if (capture.recording.dry_sha256, capture.recording.wet_sha256) == prints:
            return number
    return None
