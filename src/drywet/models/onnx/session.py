"""An ONNX graph in onnxruntime, block by block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drywet.errors import DrywetError
from drywet.models.onnx.config import OnnxConfig

MOST_SAMPLES = 4093
"""Longest block that a graph is given: a prime, so that no other side is as long by chance."""

Samples = NDArray[np.float32]
State = tuple[Samples, ...]


class OnnxSession:
    """A graph that `drywet.formats.onnx.untrusted` let pass, on one thread of the CPU.

    Args:
        graph: the file's bytes.
        config: its names and shapes; knobs are fixed.

    Raises:
        DrywetError: onnxruntime is missing or refuses the graph.
    """

    def __init__(self, graph: bytes, config: OnnxConfig) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise DrywetError(
                "the package onnxruntime is missing",
                "it, to play an ONNX graph",
                "pip install 'drywet[onnx]'",
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what it says, it raises too
        self._config = config
        self._knobs = {}
        if config.knobs_in is not None:
            self._knobs[config.knobs_in] = np.array([config.fixed], np.float32)
        try:
            self._run = onnxruntime.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions share no base of their own
            raise _refused(error) from error

    def start(self) -> State:
        """Zeros."""
        return tuple(np.zeros(state.shape, np.float32) for state in self._config.states)

    def process(self, block: Samples, state: State) -> tuple[Samples, State]:
        """Play ``(samples,)``, from 1 to any number.

        Returns:
            As many samples, and the state after them.

        Raises:
            DrywetError: onnxruntime fails, or gives tensors of other shapes.
        """
        config, parts = self._config, []
        for first in range(0, len(block), MOST_SAMPLES):
            piece = block[first : first + MOST_SAMPLES]
            shape = tuple(len(piece) if side == "N" else 1 for side in config.layout.split("x"))
            feed = {config.audio_in: piece.reshape(shape)}
            feed |= self._knobs
            feed |= {one.input: part for one, part in zip(config.states, state, strict=True)}
            names = [config.audio_out, *(one.output for one in config.states)]
            try:
                y, *after = self._run.run(names, feed)
            except Exception as error:  # see above
                raise _refused(error) from error
            shapes = [one.shape for one in config.states]
            if y.size != len(piece) or [part.shape for part in after] != shapes:
                raise DrywetError(
                    "an ONNX graph gave tensors of other shapes than its states and its input",
                    "as many samples as it was given, and states to hand on",
                    "Export it with one output sample for every input sample.",
                )
            parts.append(y.reshape(-1))
            state = tuple(after)
        return np.concatenate(parts), state


def _refused(error: Exception) -> DrywetError:
    return DrywetError(
        f"onnxruntime cannot run the graph ({str(error)[:200]})",
        "a graph that it can run",
        "Export it again, with operators of a common opset.",
    )
