"""Cost of an update of a windowed LSTM in Keras; `benchmarks.study_point` runs it.

    PYTHON benchmarks/peers/keras_point.py HIDDEN LAYERS FRAME THREADS UPDATES TURNS

PYTHON has TensorFlow. Prints a JSON object: versions, and seconds of wall and of CPU time of each
turn of so many updates by ``model.fit``, after a turn that is not counted and compiles.
"""

import json
import os
import sys
import time

os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}

import keras
import numpy as np
import tensorflow as tf

BATCH = 64


def main() -> None:
    hidden, layers, frame, threads, updates, turns = map(int, sys.argv[1:])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    keras.utils.set_random_seed(0)
    lstms = [keras.layers.LSTM(hidden, return_sequences=i < layers - 1) for i in range(layers)]
    model = keras.Sequential([keras.Input((frame, 1)), *lstms, keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mae")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((updates * BATCH, frame, 1), np.float32)
    y = rng.standard_normal((updates * BATCH, 1), np.float32)

    def turn() -> tuple[float, float]:
        wall, cpu = time.perf_counter(), time.process_time()
        model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
        return time.perf_counter() - wall, time.process_time() - cpu

    turn()
    versions = f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
    print(json.dumps({"versions": versions, "turns": [turn() for _ in range(turns)]}))


if __name__ == "__main__":
    main()
