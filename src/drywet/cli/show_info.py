"""How ``info`` is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drywet.cli.knobs import option_of
from drywet.words import count, number

if TYPE_CHECKING:
    from drywet.verbs.info import Info


def info(found: Info, json: bool) -> None:
    """Print what a model is."""
    if json:
        print(found.model_dump_json(indent=2))
        return
    cost = found.cost
    reach = found.receptive_field
    memory = "all it has heard (it feeds back)" if reach is None else _samples(reach, found.rate)
    rows = [
        ("model", found.model),
        ("parameters", f"{cost.parameters:,}"),
        ("cost", f"{_operations(cost.multiply_adds)}, {cost.ns_per_sample:.0f} ns per sample here"),
        (
            "",
            f"{cost.real_time_share:.1%} of real time in blocks of 64, by {cost.engine}"
            + cost.caution,
        ),
        ("rate", f"{found.rate} Hz"),
        ("memory", memory),
        ("latency", _samples(found.output_latency, found.rate)),
        (
            "knobs",
            ", ".join(f"{option_of(name)} {span}" for name, span in found.spans.items()) or "none",
        ),
    ]
    rows += [
        ("ESR, held out" if key == "esr" else key.replace("_", " "), _text(value))
        for key, value in found.metadata.model_dump(exclude_none=True).items()
    ]
    if found.sizes:
        limits = ", ".join(f"below {limit:g}" for limit in found.sizes[:-1])
        rows.append(("sizes", f"{len(found.sizes)} models: --size {limits}, or 1"))
    rows.append(("plugins", ", ".join(found.formats) or "none"))
    for name, text in rows:
        print(f"{name:<17}{text}")


def _text(value: object) -> str:
    return number(value) if isinstance(value, float) and abs(value) < 0.1 else str(value)


def _operations(many: int | None) -> str:
    return "unknown" if many is None else f"{many:,} multiply-adds"


def _samples(many: int, rate: int) -> str:
    return f"{count(many, 'sample')} ({1e3 * many / rate:.2f} ms)"
