// The filters around an oversampled net, in their polyphase form: plain data.
#pragma once

#include <stddef.h>

namespace drywet {

// M branches at the lower rate. Split: one signal into M, each its convolution with its own taps.
// Join: the sum of M signals, each convolved with its own taps. Pointers are to the first new
// sample, behind length - 1 older ones; whole vectors are read and written beyond the last.
struct PolyphaseJob {
    const float* taps;  // (branches, length), that of the newest sample first
    int branches;
    int length;
    const float* x;
    size_t x_stride;  // between branches, where there are several
    float* y;
    size_t y_stride;
    int samples;
};

constexpr int kPolyphaseRoom = 64;  // numbers that may be read and written beyond the last

struct PolyphaseKernel {
    void (*split)(const PolyphaseJob&);
    void (*join)(const PolyphaseJob&);
};

}  // namespace drywet
