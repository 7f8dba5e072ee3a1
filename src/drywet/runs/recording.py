"""The capture of a run, read again exactly as it was trained on."""

from __future__ import annotations

from drywet.data.prepare import at_model_rate
from drywet.errors import DrywetError
from drywet.pair.load import Pair, fingerprint, load_pair
from drywet.runs.config import RunConfig


def reload(config: RunConfig, pair: Pair | None = None) -> tuple[Pair, Pair]:
    """A run's recording: aligned at the files' rate, and as the model is given it.

    Args:
        config: of the run.
        pair: the recording as loaded, where it is at hand; otherwise the run's files
            are read.

    Raises:
        DrywetError: a file is gone, unusable, or no longer the same, or the run's
            configuration does not fit it.
    """
    recording, capture = config.recording, config.settings.capture
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
    aligned = pair.aligned(recording.latency)
    prepared = at_model_rate(aligned, config.rate, config.output_latency)
    spans = (*config.split.train, *config.split.validation, *config.split.test)
    if pair.rate != recording.rate or any(
        not 0 <= start < stop <= len(prepared.dry) for start, stop in spans
    ):
        raise DrywetError(
            "the run's split or rate does not fit its recording",
            "the config.json that 'drywet train' wrote",
            "Train a new run.",
        )
    return aligned, prepared


def is_own(pair: Pair, config: RunConfig) -> bool:
    """Whether a loaded pair, not yet aligned, is the one the run was trained on."""
    known = (config.recording.dry_sha256, config.recording.wet_sha256)
    return (fingerprint(pair.dry), fingerprint(pair.wet)) == known
