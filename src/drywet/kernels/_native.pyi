from collections.abc import Sequence
from typing import Any

Array = Any  # a C-contiguous CPU array of one floating type: NumPy, PyTorch or other DLPack

SoapSide = tuple[Array, Array] | None
SoapBlock = tuple[int, Array, Array, SoapSide, SoapSide]
WaveNetLayer = tuple[int, int, str, float, str, str, float]

def targets() -> list[str]: ...
def forward(
    target: str,
    cell: str,
    skip: float,
    parameters: Sequence[Array],
    x: Array,
    h0: Array | None,
    c0: Array | None,
    y: Array,
    hn: Array,
    cn: Array | None,
    keep: bool,
    threads: int,
) -> Array | None: ...
def backward(
    target: str,
    cell: str,
    skip: float,
    parameters: Sequence[Array],
    tape: Array,
    dy: Array,
    dhn: Array | None,
    dcn: Array | None,
    dx: Array | None,
    dh0: Array | None,
    dc0: Array | None,
    gradients: Array,
    threads: int,
) -> None: ...
def play_frames(
    target: str,
    cell: str,
    parameters: Sequence[Array],
    frame: int,
    x: Array,
    y: Array,
    threads: int,
) -> None: ...

class Optimizer:
    def update(self, gradients: Array, rate: float) -> None: ...

def adamw(
    parameters: Sequence[Array],
    means: Sequence[Array | None],
    squares: Sequence[Array | None],
    done: int,
    betas: tuple[float, float],
    eps: float,
    decay: float,
    clip: float,
) -> Optimizer: ...
def soap(
    target: str,
    parameters: Sequence[Array],
    blocks: Sequence[SoapBlock],
    norm_square: Array,
    done: int,
    betas: tuple[float, float],
    eps: float,
    ridge: float,
    decay: float,
    clip: float,
    spike: float,
    every: int,
    threads: int,
) -> Optimizer: ...
def train_frames(
    target: str,
    cell: str,
    parameters: Sequence[Array],
    optimizer: Optimizer,
    frame: int,
    dry: Array,
    wet: Array,
    starts: Array,
    rates: Array,
    losses: Array,
    gain: float,
    esr: float,
    mae: float,
    threads: int,
) -> None: ...
def train_sequences(
    target: str,
    cell: str,
    skip: float,
    parameters: Sequence[Array],
    optimizer: Optimizer,
    window: tuple[int, int, int],
    dry: Array,
    wet: Array,
    starts: Array,
    rates: Array,
    losses: Array,
    gain: float,
    loss: Sequence[float],
    weights: Array | None,
    energies: Array,
    emphasised: Array | None,
    threads: int,
) -> None: ...

class Stream:
    def __init__(
        self, target: str, cell: str, skip: float, parameters: Sequence[Array], copies: int = 1
    ) -> None: ...
    def process(self, x: Array, y: Array) -> None: ...
    def settle(self, samples: int) -> None: ...
    def mark(self) -> None: ...
    def reset(self) -> None: ...

class Oversampler:
    def __init__(self, target: str, into: Array, out: Array) -> None: ...
    def split(self, x: Array, copies: Array) -> None: ...
    def join(self, copies: Array, y: Array) -> None: ...
    def reset(self, rest: float) -> None: ...

WaveNetArrays = Sequence[tuple[int, int, int, int, int, bool, bool, int, Sequence[WaveNetLayer]]]

def wavenet_forward(
    target: str,
    arrays: WaveNetArrays,
    weights: Array,
    x: Array,
    y: Array,
    keep: bool,
    threads: int,
) -> Array | None: ...
def wavenet_backward(
    target: str,
    arrays: WaveNetArrays,
    weights: Array,
    samples: int,
    tape: Array,
    dy: Array,
    gradients: Array,
    threads: int,
) -> None: ...

class WaveNetCopies:
    def __init__(self, target: str, arrays: Sequence[Any], weights: Array, copies: int) -> None: ...
    def process(self, x: Array, y: Array) -> None: ...
    def reset(self) -> None: ...

class WaveNet:
    def __init__(
        self,
        target: str,
        arrays: WaveNetArrays,
        weights: Array,
    ) -> None: ...
    def process(self, x: Array, y: Array) -> None: ...
    def settle(self, knobs: Array) -> None: ...
    def reset(self) -> None: ...
    @property
    def receptive_field(self) -> int: ...

MOST_BLOCK_PORTS: int
DIVISIONS: tuple[int, int]

class Circuit:
    def __init__(
        self,
        target: str,
        capacitors: int,
        parts: Sequence[tuple[int, Sequence[float]]],
        blocks: Sequence[int],
        tolerance: float,
    ) -> None: ...
    def set(self, steps: Sequence[tuple[Array, Array, Array]]) -> None: ...
    def turn(self, numbers: Sequence[Sequence[float]]) -> None: ...
    def settle(self, rest: tuple[Array, Array, Array], input: float) -> bool: ...
    def process(self, x: Array, y: Array) -> int: ...
    @property
    def output(self) -> float: ...
    @property
    def refined(self) -> int: ...
    @property
    def rescued(self) -> int: ...
