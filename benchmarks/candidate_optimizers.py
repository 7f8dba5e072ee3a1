"""Optimisers that were weighed against drywet's own, as short as they can be.

Each takes the parameters and has ``step(rate)``, which turns the parameters' gradients into new
weights, and ``evaluated()``, the weights by which the net is judged. They are here for
`benchmarks.optimizers` alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from drywet.optimizers.choose import optimizer_of

EVERY = 10  # updates between two inversions of a matrix


class Candidate:
    """Base: the weights themselves are judged."""

    peak = 16e-3

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self.parameters = list(parameters)
        self.count = 0

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One update."""
        self.count += 1
        for number, parameter in enumerate(self.parameters):
            assert parameter.grad is not None
            gradient = parameter.grad.reshape(len(parameter), -1)
            update = self.update(number, gradient)
            parameter.sub_(rate * update.reshape(parameter.shape))

    def update(self, number: int, gradient: Tensor) -> Tensor:
        """What to take from a matrix of weights at a rate of 1."""
        raise NotImplementedError

    def evaluated(self) -> list[Tensor]:
        """The weights that count."""
        return [parameter.detach().clone() for parameter in self.parameters]


class Own(Candidate):
    """One of drywet's."""

    name = "soap"

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        super().__init__(parameters)
        self.optimizer = optimizer_of(self.name, self.parameters, 1.0, 0.0)  # type: ignore[arg-type]

    def step(self, rate: float) -> None:
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.step()


class AdamW(Own):
    """Loshchilov and Hutter, ICLR 2019."""

    name = "adam"
    peak = 32e-3


class Soap(Own):
    """The default (`drywet.optimizers.soap`)."""

    peak = 32e-3


class AveragedSoap(Soap):
    """SOAP, judged by a running mean of its weights over about 100 updates."""

    mean: list[Tensor] | None = None

    def step(self, rate: float) -> None:
        super().step(rate)
        now = super().evaluated()
        if self.mean is None:
            self.mean = now
        for mean, new in zip(self.mean, now, strict=True):
            mean.lerp_(new, 0.01)

    def evaluated(self) -> list[Tensor]:
        return super().evaluated() if self.mean is None else [m.clone() for m in self.mean]


class ConstantSoap(AveragedSoap):
    """The same at a constant rate: the mean takes the place of a schedule."""

    peak = 8e-3

    def step(self, rate: float) -> None:
        super().step(self.peak)


class ScheduleFree(Candidate):
    """Schedule-free AdamW (Defazio et al., "The road less scheduled", NeurIPS 2024)."""

    beta1, beta2 = 0.9, 0.999

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        super().__init__(parameters)
        self.z = [p.detach().clone() for p in self.parameters]
        self.x = [p.detach().clone() for p in self.parameters]
        self.squares = [torch.zeros_like(p) for p in self.parameters]
        self.sum = 0.0

    @torch.no_grad()
    def step(self, rate: float) -> None:
        self.count += 1
        rate = self.peak * min(1.0, self.count / 50)
        self.sum += rate**2
        share = rate**2 / self.sum
        for p, z, x, square in zip(self.parameters, self.z, self.x, self.squares, strict=True):
            assert p.grad is not None
            square.lerp_(p.grad.square(), 1 - self.beta2)
            root = (square / (1 - self.beta2**self.count)).sqrt() + 1e-8
            z.sub_(rate * p.grad / root)
            x.lerp_(z, share)
            p.copy_(z.lerp(x, self.beta1))

    def evaluated(self) -> list[Tensor]:
        return [x.clone() for x in self.x]


class Moments(Candidate):
    """With a running mean of the gradients, and Adam's for what is no matrix."""

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        super().__init__(parameters)
        shapes = [(len(p), p[0].numel()) for p in self.parameters]
        self.means = [torch.zeros(shape) for shape in shapes]
        self.squares = [torch.zeros(shape) for shape in shapes]
        self.beta1, self.beta2 = 0.95, 0.95

    def mean(self, number: int, gradient: Tensor) -> Tensor:
        self.means[number].lerp_(gradient, 1 - self.beta1)
        return self.means[number] / (1 - self.beta1**self.count)

    def adam(self, number: int, gradient: Tensor, mean: Tensor) -> Tensor:
        self.squares[number].lerp_(gradient.square(), 1 - self.beta2)
        return mean / ((self.squares[number] / (1 - self.beta2**self.count)).sqrt() + 1e-8)


class Muon(Moments):
    """Muon (Jordan et al., 2024): the mean gradient made orthogonal, as large as Adam's update."""

    peak = 32e-3

    def update(self, number: int, gradient: Tensor) -> Tensor:
        mean = self.mean(number, gradient)
        adam = self.adam(number, gradient, mean)
        if min(mean.shape) == 1:
            return adam
        u, _, v = torch.linalg.svd(mean, full_matrices=False)  # what Newton-Schulz comes near
        return (u @ v) * math.sqrt(max(mean.shape)) * 0.2


class Shampoo(Moments):
    """Shampoo (Gupta et al., ICML 2018) with running covariances and Adam's length of update."""

    power = -0.25
    peak = 64e-3

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        super().__init__(parameters)
        self.covariances = [tuple(torch.zeros(n, n) for n in m.shape) for m in self.means]
        self.roots = [tuple(torch.eye(n) for n in m.shape) for m in self.means]

    def update(self, number: int, gradient: Tensor) -> Tensor:
        mean = self.mean(number, gradient)
        adam = self.adam(number, gradient, mean)
        left, right = self.covariances[number]
        self.gather(number, gradient)
        if self.count % EVERY == 0 or self.count < EVERY:
            self.roots[number] = (self.root(left), self.root(right))
        a, b = self.roots[number]
        found = a @ mean @ b
        return found * (adam.norm() / (found.norm() + 1e-30))

    def gather(self, number: int, gradient: Tensor) -> None:
        left, right = self.covariances[number]
        left.lerp_(gradient @ gradient.T, 1 - self.beta2)
        right.lerp_(gradient.T @ gradient, 1 - self.beta2)

    def root(self, covariance: Tensor) -> Tensor:
        values, vectors = torch.linalg.eigh(covariance.double())
        values = values.clamp_min(0) + 1e-6 * values.max() + 1e-30
        return ((vectors * values**self.power) @ vectors.T).float()


class KLShampoo(Shampoo):
    """KL-Shampoo (Lin et al., 2025): each covariance is gathered with the other side whitened."""

    power = -0.5

    def gather(self, number: int, gradient: Tensor) -> None:
        left, right = self.covariances[number]
        a, b = self.roots[number]  # inverse square roots
        whitened_right, whitened_left = gradient @ b, a @ gradient
        left.lerp_(whitened_right @ whitened_right.T / len(right), 1 - self.beta2)
        right.lerp_(whitened_left.T @ whitened_left / len(left), 1 - self.beta2)


class GaussNewton(Candidate):
    """Levenberg and Marquardt's damped Gauss-Newton step, its matrix a running one.

    The matrix is estimated from gradients of the output under random signs (Schraudolph, "Fast
    curvature matrix-vector products", 2002; Martens, "New insights and perspectives on the natural
    gradient method", JMLR 2020), given by ``sample``: ``(draws, weights)`` whose mean outer product
    is the matrix. An extended Kalman filter of the weights keeps the inverse of the same matrix.
    """

    peak = 0.3
    damping = 0.1  # of the mean curvature
    keep = 0.99

    def __init__(
        self, parameters: Sequence[nn.Parameter], sample: Callable[[], Tensor] | None = None
    ) -> None:
        super().__init__(parameters)
        self.sample = sample
        size = sum(p.numel() for p in self.parameters)
        self.matrix, self.mean = torch.zeros(size, size), torch.zeros(size)
        self.factor = torch.eye(size)

    def step(self, rate: float) -> None:
        assert self.sample is not None
        drawn = self.sample()
        with torch.no_grad():
            self.count += 1
            self.matrix.mul_(self.keep).addmm_(drawn.T, drawn, alpha=(1 - self.keep) / len(drawn))
            gradient = torch.cat([p.grad.flatten() for p in self.parameters])  # type: ignore[union-attr]
            self.mean.lerp_(gradient, 0.1)
            if self.count % EVERY == 0 or self.count < EVERY:
                curvature = self.matrix / (1 - self.keep**self.count)
                damping = self.damping * curvature.diagonal().mean()
                curvature.diagonal().add_(damping + 1e-12)
                self.factor = torch.linalg.cholesky(curvature)
            mean = self.mean / (1 - 0.9**self.count)
            update = torch.cholesky_solve(mean[:, None], self.factor)[:, 0]
            sizes = [p.numel() for p in self.parameters]
            for p, part in zip(self.parameters, update.split(sizes), strict=True):
                p.sub_(rate * part.reshape(p.shape))


CANDIDATES: dict[str, type[Candidate]] = {
    "SOAP": Soap,
    "AdamW": AdamW,
    "SOAP, weights averaged": AveragedSoap,
    "SOAP, constant rate, averaged": ConstantSoap,
    "schedule-free AdamW": ScheduleFree,
    "Muon": Muon,
    "Shampoo": Shampoo,
    "KL-Shampoo": KLShampoo,
    "Gauss-Newton": GaussNewton,
}
