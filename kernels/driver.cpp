#include "driver.hpp"

#include <algorithm>
#include <stdexcept>

#include "subnormals.hpp"
#include "workers.hpp"

namespace drywet {

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

#define DRYWET_INSTANTIATE(T)                                                                    \
    template std::size_t tape_bytes(const BatchKernel<T>&, const Net<T>&, int, int);             \
    template void forward(const BatchKernel<T>&, const Net<T>&, int, int, const T*,              \
                          States<const T>, T*, States<T>, void*, int);                           \
    template void backward(const BatchKernel<T>&, const Net<T>&, int, int, void*, const T*,      \
                           States<const T>, T*, States<T>, T*, int);
DRYWET_INSTANTIATE(float)
DRYWET_INSTANTIATE(double)
#undef DRYWET_INSTANTIATE

}  // namespace drywet
