"""Optimisers compared: the same net, windows and updates, another step.

    python -m benchmarks.optimizers ../shared/audio > optimizers.md

An LSTM of 16 units learns each capture of `benchmarks.recipe` from batches of 64 windows by
updates of 512 samples, along one cosine from each optimiser's own peak rate (the best of those
tried, ``--peak``). All run over the same gradients, through PyTorch; so the ESR at equal updates is
what counts, and the seconds only say what an update costs in Python. Test ESR, of each seed.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from benchmarks.candidate_optimizers import CANDIDATES, GaussNewton
from benchmarks.recipe import CAPTURES
from drywet.data.segments import SegmentSampler
from drywet.inference.spans import SpanBatch
from drywet.losses.terms import ESRLoss
from drywet.metrics.time import esr
from drywet.models.base import EffectModel, State
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import build
from drywet.runs.config import CaptureConfig, Settings
from drywet.training.cycles import cosine
from drywet.training.data import TrainingCapture
from drywet.training.gains import set_gains
from drywet.training.prepare import prepare

BATCH, SEGMENT, BPTT, RAMP = 64, 8192, 512, 50
DRAWS = 16  # windows of a batch from which the curvature is estimated
VALIDATIONS = 12


def signs(
    model: EffectModel, parameters: list[Tensor], dry: Tensor, wet: Tensor, state: State
) -> Tensor:
    """Gradients of the outputs under random signs, ``(DRAWS, weights)``, scaled for the ESR."""
    scale = math.sqrt(2 * len(dry) / float(wet.square().sum()))
    rows = []
    for number in range(DRAWS):
        one = slice(number, number + 1)
        before = tuple(part[:, one].contiguous() for part in state)
        prediction, _ = model(dry[one], before)
        sign = torch.randint(0, 2, prediction.shape).float() * 2 - 1
        gradients = torch.autograd.grad((prediction * sign).sum(), parameters)
        rows.append(torch.cat([g.flatten() for g in gradients]) * scale)
    return torch.stack(rows)


def train(
    name: str, capture: TrainingCapture, rate: int, data: object, seed: int, steps: int, peak: float
) -> tuple[float, float]:
    """Test ESR, and seconds an update."""
    torch.manual_seed(seed)
    model = build(RecurrentConfig())
    set_gains(model, data)  # type: ignore[arg-type]
    sampler = SegmentSampler(
        capture.dry, capture.wet, capture.split.train, model.warm_up, SEGMENT, BATCH, seed
    )
    spans = capture.split
    cpu = torch.device("cpu")
    validation = SpanBatch(capture.dry, capture.wet, spans.validation, cpu, model.warm_up)
    test = SpanBatch(capture.dry, capture.wet, spans.test, cpu, model.warm_up)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = CANDIDATES[name](parameters)
    optimizer.peak = peak  # of those that follow no schedule
    loss_of = ESRLoss()
    best, chosen = math.inf, optimizer.evaluated()
    updates, number, spent = steps * SEGMENT // BPTT, 0, 0.0

    def judge() -> None:
        nonlocal best, chosen
        kept = [p.detach().clone() for p in parameters]
        weights = optimizer.evaluated()
        put(weights)
        found = float(esr(validation.predict(model), validation.target))
        if found < best:
            best, chosen = found, weights
        put(kept)

    def put(weights: list[Tensor]) -> None:
        with torch.no_grad():
            for parameter, weight in zip(parameters, weights, strict=True):
                parameter.copy_(weight)

    for step in range(steps):
        began = time.perf_counter()
        dry, wet = sampler.batch(step)
        with torch.no_grad():
            state = model.state_after(dry[:, : model.warm_up])
        for first in range(model.warm_up, dry.shape[1], BPTT):
            x, target = dry[:, first : first + BPTT], wet[:, first : first + BPTT]
            if isinstance(optimizer, GaussNewton):
                before = state
                optimizer.sample = lambda x=x, t=target, s=before: signs(model, parameters, x, t, s)  # type: ignore[misc]
            prediction, state = model(x, state)
            for parameter in parameters:
                parameter.grad = None
            loss_of(prediction, target).backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            ramp = min(1.0, (number + 1) / RAMP)
            optimizer.step(peak * ramp * cosine(number / updates, 0.0))
            state = tuple(tensor.detach() for tensor in state)
            number += 1
        spent += time.perf_counter() - began
        if (step + 1) % max(steps // VALIDATIONS, 1) == 0 or step + 1 == steps:
            judge()
    put(chosen)
    return float(esr(test.predict(model), test.target)), spent / number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("audio", type=Path, help="the captures, ../shared/audio")
    parser.add_argument("--captures", default=",".join(CAPTURES))
    parser.add_argument("--optimizers", default=";".join(CANDIDATES), help="divided by ;")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=240, help="of 16 updates each")
    parser.add_argument("--peak", type=float, help="another than the optimiser's own")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    print("| capture | optimiser | peak | ESR (of each seed) | ms an update |")
    print("|---|---|---|---|---|")
    for capture_name in chosen.captures.split(","):
        capture = CAPTURES[capture_name]
        settings = Settings(capture=CaptureConfig(rate=capture.rate, test=capture.test))
        config, data = prepare(
            chosen.audio / capture.dry, chosen.audio / capture.wet, settings, None, lambda _: None
        )
        for name in chosen.optimizers.split(";"):
            peak = chosen.peak or CANDIDATES[name].peak
            rows = [
                train(name, data.joined(), config.rate, data, seed, chosen.steps, peak)
                for seed in range(chosen.seeds)
            ]
            mean = math.exp(fmean(math.log(row[0]) for row in rows))
            each = " ".join(f"{row[0]:.2e}" for row in rows)
            cost = fmean(row[1] for row in rows) * 1e3
            print(f"| {capture_name} | {name} | {peak:g} | {mean:.2e} ({each}) | {cost:.1f} |",
                  flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
