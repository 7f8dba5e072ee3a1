// Jobs that the driver gives to a target: plain data and a table of functions.
#pragma once

#include "net.hpp"

namespace drywet {

// One group of up to `lanes` sequences. Pointers are to the group's first sequence; strides
// are between sequences, in numbers. A null state is zero.
template <class T>
struct ForwardJob {
    Net<T> net;
    T* packed;  // by BatchKernel::pack
    int lanes;
    int steps;
    const T* x;  // (lanes, steps, inputs)
    size_t x_stride;
    const T* h0;  // (layers, lanes, hidden)
    const T* c0;
    T* hn;  // likewise; null where not needed
    T* cn;
    size_t state_stride;  // between layers
    T* y;                 // (lanes, steps)
    size_t y_stride;
    void* tape;  // tape_bytes(net, keep ? steps : chunk)
    bool keep;   // the tape, for backward
    bool last;   // only the last step's output is computed: y is (lanes, 1)
};

template <class T>
struct BackwardJob {
    Net<T> net;
    T* packed;
    int lanes;
    int steps;
    const T* dy;  // (lanes, steps)
    size_t dy_stride;
    const T* dhn;  // (layers, lanes, hidden) or null
    const T* dcn;
    T* dh0;  // likewise
    T* dc0;
    size_t state_stride;
    T* dx;  // (lanes, steps, inputs); null where not needed
    size_t dx_stride;
    bool last;   // only the last step's output had a gradient: dy is (lanes, 1), dx null
    void* tape;  // from forward; overwritten
    void* work;  // work_bytes(net)
    T* gradients;  // of this group, in the parameters' order
};

// Functions for one kind of cell and number of lanes.
template <class T>
struct BatchKernel {
    int lanes;
    int chunk;  // steps of a tape that isn't kept
    size_t (*tape_bytes)(const Net<T>&, size_t steps);
    size_t (*work_bytes)(const Net<T>&);
    size_t (*packed_size)(const Net<T>&);
    void (*pack)(const Net<T>&, bool backward, T* to);
    void (*forward)(const ForwardJob<T>&);
    void (*backward)(const BackwardJob<T>&);
};

// A block of samples for some copies of a net, a stream each. The copies take turns at every
// sample: one has to wait for its last step, and there is another's to do meanwhile. (Not those of
// state-space layers, which wait for next to nothing: one copy plays its block after the other.)
struct StreamJob {
    Net<float> net;
    const float* weights;  // by StreamKernel::pack
    float* state;          // of each copy: h twice and c for each layer; see state_space_stream.hpp
    unsigned phase;        // samples so far: its last bit says which h is the newest
    const float* x;        // (copies, samples, inputs)
    float* y;              // (copies, samples)
    int samples;
    int copies;
};

struct StreamKernel {
    size_t (*weights_size)(const Net<float>&);
    size_t (*state_size)(const Net<float>&);  // of a copy
    void (*pack)(const Net<float>&, float* to);
    void (*process)(const StreamJob&);
};

}  // namespace drywet
