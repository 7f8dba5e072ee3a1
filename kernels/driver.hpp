// Whole batches: groups of lanes over threads, the tape between forward and backward.
#pragma once

#include <cstddef>

#include "memory.hpp"
#include "target.hpp"

namespace drywet {

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

}  // namespace drywet
