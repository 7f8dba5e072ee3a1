"""The real captures of ../shared/audio, by name."""

from __future__ import annotations

from pathlib import Path

from drywet.pair.load import Pair, load_pair

_CLIP_9 = 35.0  # seconds of the JVM410H's dry file at which its last clip begins


def real_pairs(audio: Path) -> dict[str, tuple[Path, Path]]:
    """Name, dry file and wet file of every real capture in a folder like ../shared/audio."""
    found = {}
    for name in ("ds1", "ts9", "honeybee", "smallstone", "sd1-nam"):
        found[name] = (audio / name / "dry.flac", audio / name / "wet.flac")
    for name in ("sd1", "black65"):
        found[f"seed/{name}"] = (audio / "seed/dry.mp3", audio / f"seed/{name}.mp3")
    for folder in ("jvm410h-knobs", "cl1b"):
        for wet in sorted((audio / folder).glob("[wc]*_*.flac")):
            found[f"{folder}/{wet.stem.removeprefix('wet_')}"] = (audio / folder / "dry.flac", wet)
    for wet in sorted((audio / "hrd3-drive").glob("wet_*.flac")):
        dry = wet.with_name(wet.name.replace("wet_", "dry_"))
        found[f"hrd3-drive/{wet.stem.removeprefix('wet_')}"] = (dry, wet)
    for wet in sorted((audio / "real").glob("*_wet*.flac")):
        dry = wet.with_name(wet.name.split("_wet")[0] + "_dry.flac")
        found[f"real/{wet.stem.replace('_wet', '')}"] = (dry, wet)
    return found


def load_real(audio: Path, name: str) -> Pair:
    """A real capture by name; ``name@25`` is its first 25 s."""
    name, _, seconds = name.partition("@")
    pair = load_pair(*real_pairs(audio)[name])
    dry, wet, rate = pair.dry, pair.wet, pair.rate
    if "clip9_" in name:
        dry = dry[int(_CLIP_9 * rate) :][: len(wet)]
    stop = int(float(seconds) * rate) if seconds else None
    return Pair(dry[:stop], wet[:stop], rate)
