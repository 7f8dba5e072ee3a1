// Windowed nets: a frame of samples goes through the net from silence and only its last output
// counts. Frames are read straight from the signal, where they overlap.
#pragma once

#include <cstdint>

#include "optimizer.hpp"
#include "target.hpp"

namespace drywet {

// The last outputs of all frames: y (rows, samples) from x (rows, samples + frame - 1), one
// input. Results don't depend on the number of threads.
void play_frames(const BatchKernel<float>& kernel, const Net<float>& net, int frame,
                 std::size_t rows, std::size_t samples, const float* x, float* y, int threads);

// The loss of a batch of frames: esr * sum e^2 / sum t^2 + mae * mean |e|, where e is what
// the output times `gain` is off the target t (src/drywet/metrics/time.py).
struct FrameLoss {
    float gain;
    double esr;
    double mae;
};

struct FrameTraining {
    Net<float> net;
    FrameLoss loss;
    int frame;
    int batch;
    const float* dry;  // as the net's input is scaled
    const float* wet;  // a frame's target is at its last sample
};

// Updates the weights `steps` times. A step's frames begin at starts (steps, batch), none of
// which may let a frame end outside the signal; its learning rate is in rates (steps). Writes
// the loss before each update to losses (steps). Results don't depend on the number of
// threads, nor on how steps are divided among calls.
void train_frames(const BatchKernel<float>& kernel, const FrameTraining& training,
                  Optimizer& optimizer, int steps, const std::int64_t* starts, const double* rates,
                  double* losses, int threads);

}  // namespace drywet
