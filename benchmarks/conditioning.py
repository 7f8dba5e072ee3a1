"""Ways in which knobs may enter an LSTM, and stand; test ESR at positions that were not learned.

    python -m benchmarks.conditioning --device sd1 --over drive,tone --captures 9
    python -m benchmarks.conditioning --device sd1 --over drive,tone --grid 3

Each way makes an LSTM's weights of a position ``k`` (each knob from -1 to 1):

* ``inputs``: the knobs are inputs beside the sample, which is what drywet does;
* ``products``: their squares and products are, too;
* ``sample``: the sample times each of them is, too, so that they scale its weights;
* ``gains``: inputs, and the sample's and the output's gain are exponentials of the knobs;
* ``film``: inputs, and every row of the gates' weights is scaled by 1 plus a sum of the knobs
  (feature-wise linear modulation: Perez et al., AAAI 2018);
* ``hypernet``: all weights are a sum over the knobs (a hypernetwork of one layer: Ha, Dai and Le,
  ICLR 2017).

Windows of 8192 samples, eight of each position in a batch, SOAP along one cosine, through the
kernels and autograd. Scored on the last fifth of the signal, which is not learned from.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor, nn

import drywet
from drywet.captures.plan import between, propose
from drywet.devices.catalog import find
from drywet.kernels import recurrent as fused
from drywet.models.recurrent.net import recurrent_layers
from drywet.optimizers.soap import Soap
from drywet.verbs.process import process
from drywet.verbs.train_over import played_audibly, ranges_of

WAYS = ("inputs", "products", "sample", "gains", "film", "hypernet")
HIDDEN, SEGMENT, WARM_UP, BPTT, EACH = 32, 8192, 1024, 512, 8
PEAK, CLIP, EMPHASIS = 0.032, 1.0, 0.5
SECONDS = 20
PIECE = 16_384


class Conditioned(nn.Module):
    """An LSTM whose weights depend on the knobs."""

    def __init__(self, way: str, knobs: int) -> None:
        super().__init__()
        self.way = way
        more = {"products": knobs * (knobs + 1) // 2, "sample": knobs}
        beside = knobs + more.get(way, 0)
        self.inputs = 1 + (0 if way == "hypernet" else beside)
        self.rec = recurrent_layers("lstm", HIDDEN, 1, self.inputs)
        self.head = nn.Linear(HIDDEN, 1)
        zeros = lambda *shape: nn.Parameter(torch.zeros(shape))  # noqa: E731
        self.gain = zeros(2, knobs) if way == "gains" else None
        self.scale = zeros(2, 4 * HIDDEN, knobs) if way == "film" else None
        self.extra = nn.ParameterList()
        if way == "hypernet":
            shapes = [tuple(w.shape) for w in fused.parameters(self.rec, self.head)]
            self.extra.extend(zeros(*shape) for _ in range(knobs) for shape in shapes)

    def forward(self, x: Tensor, knobs: Tensor, state: tuple[Tensor, ...] | None) -> tuple:
        """``x`` is ``(batch, samples)``, all at one position ``knobs``."""
        beside = knobs
        if self.way == "products":
            rows, columns = np.triu_indices(len(knobs))
            beside = torch.cat([knobs, knobs[rows] * knobs[columns]])
        out = 1.0
        if self.gain is not None:
            into, out = torch.exp(self.gain @ knobs)
            x = x * into
        parts = [x[..., None]]
        if self.way != "hypernet":
            parts.append(beside.expand(*x.shape, len(beside)))
        if self.way == "sample":
            parts.append(x[..., None] * knobs)
        weights = fused.parameters(self.rec, self.head)
        if self.scale is not None:
            for number, scale in enumerate(self.scale):
                weights[number] = weights[number] * (1 + (scale @ knobs)[:, None])
        for number, knob in enumerate(knobs if self.extra else ()):
            more = self.extra[number * len(weights) : (number + 1) * len(weights)]
            weights = [w + knob * e for w, e in zip(weights, more, strict=True)]
        rec, head = _Weights(self.rec, weights[:4]), _Head(*weights[4:])
        y, state = fused.run(rec, head, torch.cat(parts, -1), state)
        return y[..., 0] * out, state


class _Weights:
    """Layers with other weights, as far as `drywet.kernels.recurrent.run` looks at them."""

    def __init__(self, rec: nn.LSTM, weights: list[Tensor]) -> None:
        self.num_layers, self.hidden_size = rec.num_layers, rec.hidden_size
        self.cell, self._flat_weights = "lstm", weights


class _Head:
    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self.weight, self.bias = weight, bias


def emphasised(x: Tensor) -> Tensor:
    return torch.cat([x[:, :1], x[:, 1:] - EMPHASIS * x[:, :-1]], 1)


def train(net: Conditioned, dry: Tensor, wets: Tensor, places: Tensor, steps: int) -> None:
    """``dry``: ``(samples,)``; ``wets``: ``(positions, samples)``; ``places`` of the knobs."""
    optimizer = Soap([p for p in net.parameters() if p.requires_grad], PEAK)
    rng, length = np.random.default_rng(0), WARM_UP + SEGMENT
    updates = SEGMENT // BPTT
    for step in range(steps):
        starts = rng.integers(0, len(dry) - length, (len(places), EACH))
        windows = [
            (torch.stack([dry[s : s + length] for s in row]),
             torch.stack([wet[s : s + length] for s in row]))
            for wet, row in zip(wets, starts, strict=True)
        ]  # fmt: skip
        with torch.no_grad():
            states = [
                net(x[:, :WARM_UP], k, None)[1]
                for (x, _), k in zip(windows, places, strict=True)
            ]  # fmt: skip
        for update in range(updates):
            at = slice(WARM_UP + update * BPTT, WARM_UP + (update + 1) * BPTT)
            optimizer.param_groups[0]["lr"] = (
                PEAK * 0.5 * (1 + math.cos(math.pi * (step + update / updates) / steps))
            )
            optimizer.zero_grad()
            made = [
                net(x[:, at], k, s) for (x, _), k, s in zip(windows, places, states, strict=True)
            ]
            states = [tuple(t.detach() for t in state) for _, state in made]
            y = emphasised(torch.cat([each for each, _ in made]))
            target = emphasised(torch.cat([wet[:, at] for _, wet in windows]))
            loss = ((y - target) ** 2).sum() / ((target**2).sum() + 1e-5 * target.numel())
            loss.backward()
            nn.utils.clip_grad_norm_([p for p in net.parameters() if p.requires_grad], CLIP)
            optimizer.step()


@torch.no_grad()
def esr(net: Conditioned, dry: Tensor, wet: Tensor, place: Tensor, first: int) -> float:
    """Of what follows ``first``, in pieces that have as much playing before them."""
    starts = range(first, len(dry) - PIECE, PIECE)
    y = net(torch.stack([dry[s - PIECE : s + PIECE] for s in starts]), place, None)[0][:, PIECE:]
    target = torch.stack([wet[s : s + PIECE] for s in starts])
    return float(((y - target) ** 2).sum() / (target**2).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="sd1")
    parser.add_argument("--over", default="drive,tone")
    parser.add_argument("--captures", type=int, default=9, help="as drywet plan has them")
    parser.add_argument("--grid", type=int, help="positions of each knob, all of them combined")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--ways", default=",".join(WAYS))
    chosen = parser.parse_args()
    knobs = ranges_of(find(chosen.device), chosen.over.split(","))
    learned, unheard = propose(knobs, chosen.captures), between(knobs, 12)
    if chosen.grid:
        shares = product(np.linspace(0, 1, chosen.grid), repeat=len(knobs))
        learned = [
            {knob.name: knob.position(float(share)) for knob, share in zip(knobs, row, strict=True)}
            for row in shares
        ]
    with tempfile.TemporaryDirectory() as folder:
        dry_file, wet_file = Path(folder) / "dry.wav", Path(folder) / "wet.wav"
        drywet.signal(dry_file, seconds=30)
        whole, rate = soundfile.read(dry_file, dtype="float32")
        soundfile.write(dry_file, whole[: SECONDS * rate], rate, "FLOAT")

        def play(positions: dict[str, float]) -> Path:
            process(chosen.device, dry_file, wet_file, knobs=positions, overwrite=True)
            return wet_file

        stood, wets = [], []
        for position in (*learned, *unheard):
            stood.append(played_audibly(knobs, position, play))
            wets.append(soundfile.read(wet_file, dtype="float32")[0])
    dry = torch.from_numpy(whole[: SECONDS * rate] / whole.std())
    wet = torch.from_numpy(np.stack(wets) / np.stack(wets[: len(learned)]).std())
    places = torch.tensor(
        [[2 * k.share(p[k.name]) - 1 for k in knobs] for p in stood],
        dtype=torch.float32,
    )
    first = int(0.8 * len(dry))
    for way in chosen.ways.split(","):
        for seed in range(chosen.seeds):
            torch.manual_seed(seed)
            net = Conditioned(way, len(knobs))
            began = time.perf_counter()
            count = len(learned)
            train(net, dry[:first], wet[:count, :first], places[:count], chosen.steps)
            found = [esr(net, dry, *each, first) for each in zip(wet, places, strict=True)]
            print(
                f"{way} seed {seed}: learned {np.mean(found[:count]):.5f}, not heard "
                f"{np.mean(found[count:]):.5f} ({' '.join(f'{e:.4f}' for e in found[count:])}), "
                f"{time.perf_counter() - began:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
