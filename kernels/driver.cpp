#include "driver.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "oversampler.hpp"
#include "workers.hpp"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace drywet {

#if defined(__x86_64__)
FlushSubnormals::FlushSubnormals() : before_(_mm_getcsr()) {
    _mm_setcsr(unsigned(before_) | 0x8040);  // flush to zero, subnormals are zero
}
FlushSubnormals::~FlushSubnormals() { _mm_setcsr(unsigned(before_)); }
#elif defined(__aarch64__)
FlushSubnormals::FlushSubnormals() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" : : "r"(before_ | (1ul << 24)));
}
FlushSubnormals::~FlushSubnormals() { asm volatile("msr fpcr, %0" : : "r"(before_)); }
#else
FlushSubnormals::FlushSubnormals() : before_(0) {}
FlushSubnormals::~FlushSubnormals() {}
#endif

namespace {

template <class T>
T* offset(T* from, std::size_t by) {
    return from ? from + by : nullptr;
}

// A tape starts with a mark that backward clears.
constexpr std::size_t kHeader = 64;
constexpr int kFresh = 0x66726573;

template <class T>
int groups_of(const BatchKernel<T>& kernel, int batch) {
    return (batch + kernel.lanes - 1) / kernel.lanes;
}

}  // namespace

template <class T>
std::size_t tape_bytes(const BatchKernel<T>& kernel, const Net<T>& net, int batch, int steps) {
    return kHeader + rounded(kernel.tape_bytes(net, steps)) * groups_of(kernel, batch);
}

template <class T>
void forward(const BatchKernel<T>& kernel, const Net<T>& net, int batch, int steps, const T* x,
             States<const T> before, T* y, States<T> after, void* tape, int threads) {
    const int groups = groups_of(kernel, batch);
    const std::size_t size =
        rounded(kernel.tape_bytes(net, tape ? steps : std::min(steps, kernel.chunk)));
    const Buffer chunks(tape ? 0 : size * std::min(groups, threads));  // one per worker
    char* const rows = static_cast<char*>(tape ? tape : chunks.data()) + (tape ? kHeader : 0);
    if (tape) *static_cast<int*>(tape) = kFresh;
    const Buffer packed(kernel.packed_size(net) * sizeof(T));
    kernel.pack(net, false, static_cast<T*>(packed.data()));
    for_each(groups, threads, [&](int group, int worker) {
        const FlushSubnormals flush;
        const std::size_t first = std::size_t(group) * kernel.lanes;
        ForwardJob<T> job{};
        job.net = net;
        job.packed = static_cast<T*>(packed.data());
        job.lanes = std::min(kernel.lanes, batch - int(first));
        job.steps = steps;
        job.x_stride = std::size_t(steps) * net.inputs;
        job.x = x + first * job.x_stride;
        job.h0 = offset(before.h, first * net.hidden);
        job.c0 = offset(before.c, first * net.hidden);
        job.hn = offset(after.h, first * net.hidden);
        job.cn = offset(after.c, first * net.hidden);
        job.state_stride = std::size_t(batch) * net.hidden;
        job.y_stride = std::size_t(steps);
        job.y = y + first * job.y_stride;
        job.tape = rows + (tape ? group : worker) * size;
        job.keep = tape != nullptr;
        kernel.forward(job);
    });
}

template <class T>
void backward(const BatchKernel<T>& kernel, const Net<T>& net, int batch, int steps, void* tape,
              const T* dy, States<const T> after, T* dx, States<T> before, T* gradients,
              int threads) {
    if (*static_cast<int*>(tape) != kFresh)
        throw std::runtime_error("the kernels go backward over a tape only once (retain_graph)");
    *static_cast<int*>(tape) = 0;
    const int groups = groups_of(kernel, batch);
    const std::size_t size = rounded(kernel.tape_bytes(net, steps));
    const std::size_t work_size = rounded(kernel.work_bytes(net));
    const Buffer packed(kernel.packed_size(net) * sizeof(T));
    const Buffer work(work_size * std::min(groups, threads));  // one per worker
    const std::size_t count = net.parameters();
    const Buffer partial(count * groups * sizeof(T));  // gradients of each group
    kernel.pack(net, true, static_cast<T*>(packed.data()));
    for_each(groups, threads, [&](int turn, int worker) {
        const FlushSubnormals flush;
        const int group = groups - 1 - turn;  // what forward wrote last is still in the cache
        const std::size_t first = std::size_t(group) * kernel.lanes;
        BackwardJob<T> job{};
        job.net = net;
        job.packed = static_cast<T*>(packed.data());
        job.lanes = std::min(kernel.lanes, batch - int(first));
        job.steps = steps;
        job.dy_stride = std::size_t(steps);
        job.dy = dy + first * job.dy_stride;
        job.dhn = offset(after.h, first * net.hidden);
        job.dcn = offset(after.c, first * net.hidden);
        job.dh0 = offset(before.h, first * net.hidden);
        job.dc0 = offset(before.c, first * net.hidden);
        job.state_stride = std::size_t(batch) * net.hidden;
        job.dx_stride = std::size_t(steps) * net.inputs;
        job.dx = offset(dx, first * job.dx_stride);
        job.tape = static_cast<char*>(tape) + kHeader + group * size;
        job.work = static_cast<char*>(work.data()) + worker * work_size;
        job.gradients = static_cast<T*>(partial.data()) + group * count;
        kernel.backward(job);
    });
    // In this order whatever the number of threads.
    std::fill_n(gradients, count, T(0));
    for (int group = 0; group < groups; ++group) {
        const T* const from = static_cast<const T*>(partial.data()) + group * count;
        for (std::size_t i = 0; i < count; ++i) gradients[i] += from[i];
    }
}

namespace {

int copies_within(int copies) {
    if (copies < 1 || copies > kMostBranches)
        throw std::invalid_argument("1 to 16 copies of a net expected");
    return copies;
}

}  // namespace

#define DRYWET_INSTANTIATE(T)                                                                    \
    template std::size_t tape_bytes(const BatchKernel<T>&, const Net<T>&, int, int);             \
    template void forward(const BatchKernel<T>&, const Net<T>&, int, int, const T*,              \
                          States<const T>, T*, States<T>, void*, int);                           \
    template void backward(const BatchKernel<T>&, const Net<T>&, int, int, void*, const T*,      \
                           States<const T>, T*, States<T>, T*, int);
DRYWET_INSTANTIATE(float)
DRYWET_INSTANTIATE(double)
#undef DRYWET_INSTANTIATE

Stream::Stream(const Target& target, const Net<float>& net, int copies)
    : kernel_(target.stream(net.cell, net.hidden)),
      job_{},
      state_bytes_(kernel_.state_size(net) * copies_within(copies) * sizeof(float)),
      head_bias_(net.head_bias[0]),
      buffer_(kernel_.weights_size(net) * sizeof(float) + 2 * state_bytes_) {
    float* const weights = static_cast<float*>(buffer_.data());
    kernel_.pack(net, weights);
    job_.net = net;
    for (auto& layer : job_.net.layer) layer = {};
    job_.net.head_weight = nullptr;
    job_.net.head_bias = &head_bias_;  // the only parameter that isn't packed
    job_.weights = weights;
    job_.state = weights + kernel_.weights_size(net);
    job_.copies = copies;
    marked_ = job_.state + state_bytes_ / sizeof(float);
    std::memset(job_.state, 0, 2 * state_bytes_);
}

void Stream::process(const float* x, float* y, int samples) noexcept {
    const FlushSubnormals flush;
    StreamJob job = job_;
    job.x = x;
    job.y = y;
    job.samples = samples;
    kernel_.process(job);
    job_.phase += unsigned(samples);
}

void Stream::settle(long samples) noexcept {
    constexpr int kBlock = 64;
    const float silence[kMostBranches * kBlock * kMaxInputs] = {};
    float discarded[kMostBranches * kBlock];
    for (; samples > 0; samples -= kBlock)
        process(silence, discarded, int(std::min<long>(samples, kBlock)));
}

void Stream::mark() noexcept {
    std::memcpy(marked_, job_.state, state_bytes_);
    marked_phase_ = job_.phase;
}

void Stream::reset() noexcept {
    std::memcpy(job_.state, marked_, state_bytes_);
    job_.phase = marked_phase_;
}

}  // namespace drywet
