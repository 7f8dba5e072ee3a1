// Whole batches: groups of lanes over threads, the tape between forward and backward.
#pragma once

#include <cstddef>

#include "memory.hpp"
#include "target.hpp"

namespace drywet {

// Subnormal numbers cost a hundred times a normal one and are inaudible: while this
// lives they are zero, on this thread.
class FlushSubnormals {
public:
    FlushSubnormals();
    ~FlushSubnormals();

private:
    unsigned long before_;
};

template <class T>
struct States {
    T* h;  // (layers, batch, hidden); null where there is none
    T* c;
};

// What forward leaves for backward takes so many bytes, a header included.
template <class T>
std::size_t tape_bytes(const BatchKernel<T>& kernel, const Net<T>& net, int batch, int steps);

// y (batch, steps) from x (batch, steps, inputs). Every array is contiguous. The tape is null
// where there will be no backward. Results don't depend on the number of threads.
template <class T>
void forward(const BatchKernel<T>& kernel, const Net<T>& net, int batch, int steps, const T* x,
             States<const T> before, T* y, States<T> after, void* tape, int threads);

// Fills `gradients` (net.parameters()), `before` and, unless it is null, dx. Overwrites the tape;
// throws std::runtime_error for a tape that has been overwritten.
template <class T>
void backward(const BatchKernel<T>& kernel, const Net<T>& net, int batch, int steps, void* tape,
              const T* dy, States<const T> after, T* dx, States<T> before,
              T* gradients, int threads);

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
