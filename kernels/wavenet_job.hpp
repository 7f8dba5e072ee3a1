// A WaveNet's structure and jobs: plain data.
#pragma once

#include <stddef.h>

namespace drywet {

// Frames that go through all the layers together: short enough for the first-level cache.
constexpr int kWaveNetChunk = 64;

enum class Activation {
    kLinear,
    kTanh,
    kRelu,
    kLeakyRelu,
    kSigmoid,
    kSilu,
    kHardTanh,
    kHardSwish,
    kSoftSign
};
enum class Gating { kNone, kGated, kBlended };

struct ActivationSettings {
    Activation kind;
    float slope;  // of a leaky ReLU below 0
};

// A signal's newest chunk behind as much of its past as is needed: a row of time per channel.
// The chunk moves on through the row; at its end the past is copied to the beginning.
struct History {
    float* rows;    // channels rounded up to whole tiles
    float* rest;    // what each row holds in silence
    int row_count;
    size_t stride;  // between rows
    size_t past;
    size_t start;  // where the first chunk goes, at least `past`
    size_t room;   // a chunk must end before
    size_t at;     // where the chunk goes
};

// A matrix for each tap, packed: for each tile of outputs its biases, its factors of each row of the
// condition where it has one, then for each tap, the oldest first, and each input a number per
// output.
struct Linear {
    const float* weights;
    int inputs;
    int outputs;
    int tile;
    int kernel;
    size_t dilation;
    bool biased;
    int conditions;  // rows of the condition that it takes
};

// The dry signal and the knobs, which every layer sees: rows of time.
struct Condition {
    const float* at;
    size_t stride;
};

struct WaveNetLayer;

// A layer's work on a chunk. Pointers are to the chunk's first frame.
struct LayerJob {
    const WaveNetLayer* layer;
    const float* in;
    size_t in_stride;
    Condition condition;
    float* head;  // sum of all layers' outputs
    size_t head_stride;
    bool head_empty;  // nothing has been added yet
    float* out;       // the next layer's input; null where there is none
    size_t out_stride;
    float* work;  // rows of a chunk: the convolution's outputs, then head1x1's
    int vectors;
};

struct WaveNetLayer {
    Linear conv;  // its rows are scaled by activation_scale
    Linear mix;   // layer1x1, where residual
    Linear head;  // head1x1, where it has outputs
    int channels;
    int bottleneck;
    bool residual;
    Gating gating;
    ActivationSettings activation;
    ActivationSettings gate;
    History in;
    void (*run)(const LayerJob&);
};

struct WaveNetArray {
    Linear rechannel;
    Linear head;
    WaveNetLayer* layers;
    int layer_count;
    History sums;  // the head's input
};

struct WaveNetJob {
    WaveNetArray* arrays;
    int array_count;
    float head_scale;
    int inputs;
    float* condition;  // the inputs: rows of a chunk
    float* out;        // an array's output, then the head's: rows of a chunk
    float* work;
    const float* x;    // (samples, inputs)
    float* y;
    size_t samples;
    const float* knobs;  // where the inputs after the first stand in silence
};

struct WaveNetKernel {
    int (*tile)(int outputs);
    void (*(*run)(const WaveNetLayer&))(const LayerJob&);
    void (*process)(WaveNetJob&);
    // Fills every history with what silence leaves there, and keeps it in `rest`.
    void (*settle)(WaveNetJob&);
};

// Factor of a row of the convolution, which spares its activation a multiplication.
constexpr float activation_scale(Activation kind) {
    return kind == Activation::kTanh      ? float(-2 * 1.4426950408889634)
           : kind == Activation::kSigmoid ? float(-1.4426950408889634)
                                          : 1.0f;
}

}  // namespace drywet
