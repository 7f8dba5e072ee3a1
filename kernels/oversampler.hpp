// The filters around a net that runs M times oversampled as M copies of itself: each copy is fed
// every M-th sample of the upsampled input, which is one branch of the interpolation filter's
// polyphase form, and the decimated output is the sum of the branches of the other filter.
#pragma once

#include <cstddef>

#include "memory.hpp"
#include "target.hpp"

namespace drywet {

constexpr int kMostBranches = 16;
constexpr int kMostTaps = 4096;  // of a branch

// One stream, for one thread at a time, from silence. Once made, none of its functions allocates,
// locks or throws.
class Oversampler {
public:
    // Taps are (branches, length), that of the newest sample first. Throws std::invalid_argument
    // for sizes out of bounds.
    Oversampler(const Target& target, int branches, int in_length, const float* in, int out_length,
                const float* out);

    // x (samples) to the copies' inputs, (branches, samples).
    void split(const float* x, float* copies, int samples) noexcept;
    // The copies' outputs to y (samples).
    void join(const float* copies, float* y, int samples) noexcept;
    // Back to silence, in which every copy gives `rest`.
    void reset(float rest = 0.0f) noexcept;

    int branches() const noexcept { return branches_; }

private:
    PolyphaseKernel kernel_;
    int branches_;
    int in_length_;
    int out_length_;
    std::size_t stride_;  // of a row of past and new samples
    Buffer buffer_;
    float* in_;       // taps
    float* out_;      // taps
    float* past_;     // of the input: a row
    float* pasts_;    // of the copies' outputs: a row each
    float* scratch_;  // rows of a chunk
};

}  // namespace drywet
