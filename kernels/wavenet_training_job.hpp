// A WaveNet in training: its structure and a window's jobs, plain data.
//
// A window is a row of samples; all signals in the net are rows of the same time, a sample at the
// same place in each. Behind the last sample rows are zero where gradients are, finite elsewhere:
// whole vectors and taps reach there.
#pragma once

#include "wavenet_job.hpp"

namespace drywet {

// A matrix forward, and transposed with its taps turned round, backward. `at`: where its weights
// are among all, then its biases, then its factors.
struct TrainedLinear {
    Linear forward;
    Linear backward;
    size_t at;
    bool biased() const { return forward.biased; }
    size_t bias_at() const {
        return at + size_t(forward.outputs) * forward.inputs * forward.kernel;
    }
    size_t factor_at() const { return bias_at() + (forward.biased ? forward.outputs : 0); }
};

struct TrainedLayer {
    TrainedLinear conv;
    TrainedLinear mix;   // layer1x1, where residual
    TrainedLinear head;  // head1x1, where it has outputs
    int channels;
    int bottleneck;
    bool residual;
    Gating gating;
    ActivationSettings activation;
    ActivationSettings gate;
    size_t first;   // sample from which it has outputs
    size_t in_row;  // its rows on the tape: what goes in, and what its activations make
    size_t out_row;
    bool keeps_raw;  // what goes into the activations, where their outputs don't tell enough
    size_t raw_row;
};

struct TrainedArray {
    TrainedLinear rechannel;
    TrainedLinear head;
    const TrainedLayer* layers;
    int layer_count;
    size_t first;     // sample from which its layers have inputs
    size_t sums_row;  // on the tape
    size_t in_row;    // of an array after the first: what goes in, on the tape
};

struct WaveNetTrainingJob {
    const TrainedArray* arrays;
    int array_count;
    size_t parameters;  // but the head's scale
    size_t samples;
    size_t stride;  // of a row
    size_t slack;   // samples behind the last that are cleared
    float head_scale;
    Condition x;       // rows: the dry signal and the knobs
    float* tape;  // rows: see above
    size_t tape_rows;
    float* work;         // kWorkParts times `work_stride` rows, all zero before the first window
    size_t work_stride;  // rows of each of its parts
    float* y;            // (wanted), the last samples
    const float* dy;     // likewise
    size_t wanted;
    float* gradients;  // (parameters)
    float* partial;    // room for the largest matrix's sums, a vector each
};

// Parts of the work, each of `work_stride` rows: a gated layer's product; gradients.
enum WaveNetWork { kProduct, kSumsA, kSumsB, kPassA, kPassB, kInner, kWorkParts };

struct WaveNetTrainingKernel {
    int width;  // lanes
    void (*forward)(const WaveNetTrainingJob&);
    void (*backward)(const WaveNetTrainingJob&);
};

}  // namespace drywet
