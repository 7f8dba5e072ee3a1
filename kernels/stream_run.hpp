// A recurrent net that runs: its packed weights and its state.
#pragma once

#include <cstddef>

#include "memory.hpp"
#include "target.hpp"

namespace drywet {

// Some copies of a net, a stream each, from silence, for one thread at a time. Once made, none of
// its functions allocates, locks or throws.
class Stream {
public:
    // Throws std::invalid_argument for other than 1 to kMostBranches copies.
    Stream(const Target& target, const Net<float>& net, int copies = 1);

    // x (copies, samples, inputs) to y (copies, samples); they may be the same array for one input.
    void process(const float* x, float* y, int samples) noexcept;
    // Processes so many samples of silence.
    void settle(long samples) noexcept;
    // Makes the current state the one that reset restores; at first that is zero.
    void mark() noexcept;
    void reset() noexcept;

    int inputs() const noexcept { return job_.net.inputs; }
    int copies() const noexcept { return job_.copies; }

private:
    StreamKernel kernel_;
    StreamJob job_;
    std::size_t state_bytes_;
    float head_bias_;
    unsigned marked_phase_ = 0;
    Buffer buffer_;
    float* marked_;
};

}  // namespace drywet
