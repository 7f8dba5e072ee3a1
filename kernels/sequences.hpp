// Recurrent nets that keep their state: a window's first part settles it, the rest is learned from
// by truncated backpropagation through time.
#pragma once

#include <cstdint>

#include "optimizer.hpp"
#include "sequence_loss.hpp"
#include "target.hpp"

namespace drywet {

struct SequenceTraining {
    Net<float> net;
    SequenceLoss loss;
    Energies energies;  // of the wet signal
    float gain;         // of the net's output
    int warm_up;        // samples of a window that only settle the state
    int segment;        // samples that are learned from
    int bptt;           // of them for each update
    int batch;
    const float* dry;  // (samples, inputs) as the net's input is scaled: the sample, then the knobs
    const float* wet;
    const float* weights;  // (samples) that errors are multiplied by, as the energies' signal was; or null

    int updates() const { return (segment + bptt - 1) / bptt; }  // for each step
};

// Does `steps` steps. A step's windows begin at starts (steps, batch), none of which may let one
// end outside the signal; its learning rate is in rates (steps). Writes the loss before each update
// to losses (steps, updates). Results don't depend on the number of threads, nor on how steps
// are divided among calls.
void train_sequences(const BatchKernel<float>& kernel, const SequenceTraining& training,
                     Optimizer& optimizer, int steps, const std::int64_t* starts,
                     const double* rates, double* losses, int threads);

}  // namespace drywet
