"""The capture of a run, read again exactly as it was trained on."""

from __future__ import annotations

from drywet.data.prepare import at_model_rate
from drywet.errors import DrywetError
from drywet.pair.load import Pair, fingerprint, load_pair
from drywet.runs.config import RunConfig


def reload(config: RunConfig) -> tuple[Pair, Pair]:
    """Load a run's recording: aligned at the files' rate, and as the model is given it.

    Raises:
        DrywetError: a file is gone, unusable, or no longer the same.
    """
    recording, capture = config.recording, config.settings.capture
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
    return aligned, at_model_rate(aligned, config.rate, config.output_latency)


def is_own(pair: Pair, config: RunConfig) -> bool:
    """Whether a loaded pair, not yet aligned, is the one the run was trained on."""
    known = (config.recording.dry_sha256, config.recording.wet_sha256)
    return (fingerprint(pair.dry), fingerprint(pair.wet)) == known
