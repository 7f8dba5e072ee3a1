// A whole net over one group of lanes: forward and backward through time.
//
// Time is cut into chunks short enough for the cache; within a chunk one layer
// follows the other. Forward writes a tape of what backward needs:
//
//   slots  [layers][steps][hidden][S]    written by the cells; backward overwrites them by dz
//   h      [layers][steps + 1][hidden]   h[0] is the initial state
//   c      [layers][steps + 1][hidden]   only for an LSTM
//
// In the first layer's h, a step's input and a 1 follow the state that it meets: the
// gradients of the input weights, hidden weights and biases are then those of one matrix, for
// which dz comes only once from the cache. (Not for a GRU, whose n keeps input and
// hidden part apart.) Without a tape the same arrays hold one chunk, used over and over.
#pragma once

#include "jobs.hpp"
#include "layer.hpp"

namespace drywet {
namespace DRYWET_TARGET {

// Between sequences in rows, [lanes][steps], and in lanes, [steps][width] of T; from step
// to step are `every` numbers in a row, `step` in lanes.
template <class T>
DRYWET_INLINE void to_lanes(const T* from, size_t stride, int lanes, int steps, int every, T* to,
                            int width, size_t step) {
    constexpr int kRun = 16;
    for (int t0 = 0; t0 < steps; t0 += kRun) {
        const int n = steps - t0 < kRun ? steps - t0 : kRun;
        for (int lane = 0; lane < width; ++lane) {
            const T* row = from + lane * stride + size_t(t0) * every;
            T* out = to + t0 * step + lane;
            if (lane < lanes)
                for (int t = 0; t < n; ++t) out[t * step] = row[size_t(t) * every];
            else
                for (int t = 0; t < n; ++t) out[t * step] = 0;
        }
    }
}

template <class T>
DRYWET_INLINE void from_lanes(const T* from, int width, int lanes, int steps, int every, T* to,
                              size_t stride) {
    constexpr int kRun = 16;
    for (int t0 = 0; t0 < steps; t0 += kRun) {
        const int n = steps - t0 < kRun ? steps - t0 : kRun;
        for (int lane = 0; lane < lanes; ++lane) {
            const T* in = from + size_t(t0) * every * width + lane;
            T* row = to + lane * stride + size_t(t0) * every;
            for (int t = 0; t < n; ++t) row[size_t(t) * every] = in[size_t(t) * every * width];
        }
    }
}

template <class T, Cell cell, int NV>
struct Batch {
    using L = Layer<T, cell, NV>;
    using V = typename L::V;
    static constexpr int S = L::S;
    static constexpr int kLanes = NV * kWidth<T>;
    static constexpr bool kHasC = L::U::kHasC;
    // The two biases only ever appear as their sum.
    static constexpr bool kSameBias = cell != Cell::kGru;
    static constexpr bool kJoined = kSameBias;  // one matrix of gradients for the first layer

    // Numbers beside the state in a row of a layer's h: the inputs and a 1.
    static int extras(const Net<T>& net, int l) { return l ? 0 : net.inputs + kJoined; }
    static int h_row(const Net<T>& net, int l) { return L::hidden_row(net.hidden, extras(net, l)); }
    static int c_row(const Net<T>& net) { return L::hidden_row(net.hidden, 0); }
    static constexpr int kForwardChunk = 32;
    static constexpr int kBackwardChunk = 32;

    // The arrays of a tape for `steps` steps; sizes in vectors.
    struct Tape {
        V* slots[kMaxLayers];
        V* h[kMaxLayers];
        V* c[kMaxLayers];
        size_t size;

        Tape(const Net<T>& net, size_t steps, V* at) {
            V* const begin = at;
            for (int l = 0; l < net.layers; ++l) {
                slots[l] = at, at += steps * L::slots_row(net.hidden);
                h[l] = at, at += (steps + 1) * h_row(net, l);
                c[l] = at, at += kHasC ? (steps + 1) * c_row(net) : 0;
            }
            size = size_t(at - begin);
        }
    };

    static size_t tape_bytes(const Net<T>& net, size_t steps) {
        return Tape(net, steps, (V*)sizeof(V)).size * sizeof(V);
    }

    // --- packed weights, the same for all groups ---

    static size_t packed_size(const Net<T>& net) {
        size_t size = 0;
        for (int l = 0; l < net.layers; ++l)
            size += L::packed_forward(net.layer_inputs(l), net.hidden) +
                    L::packed_transposed(net.layer_inputs(l) + net.hidden, net.hidden);
        return size;
    }

    struct Packed {
        T* forward[kMaxLayers];
        T* hidden[kMaxLayers];
        T* input[kMaxLayers];
        Packed(const Net<T>& net, T* at) {
            for (int l = 0; l < net.layers; ++l) {
                forward[l] = at, at += L::packed_forward(net.layer_inputs(l), net.hidden);
                hidden[l] = at, at += L::packed_transposed(net.hidden, net.hidden);
                input[l] = at, at += L::packed_transposed(net.layer_inputs(l), net.hidden);
            }
        }
    };

    static void pack(const Net<T>& net, bool backward, T* at) {
        const Packed packed(net, at);
        for (int l = 0; l < net.layers; ++l) {
            const int inputs = net.layer_inputs(l);
            if (!backward) {
                L::pack_forward(net.layer[l], inputs, net.hidden, packed.forward[l]);
            } else {
                L::pack_transposed(net.layer[l].w_hh, net.hidden, net.hidden, packed.hidden[l]);
                L::pack_transposed(net.layer[l].w_ih, inputs, net.hidden, packed.input[l]);
            }
        }
    }

    // --- forward ---

    static void forward(const ForwardJob<T>& job) {
        const Net<T>& net = job.net;
        const int hidden = net.hidden;
        const Packed packed(net, job.packed);
        const int capacity = job.keep || job.steps < kForwardChunk ? job.steps : kForwardChunk;
        const Tape tape(net, capacity, (V*)job.tape);
        for (int l = 0; l < net.layers; ++l) {
            load_state(job.h0, job, l, tape.h[l]);
            if constexpr (kHasC) load_state(job.c0, job, l, tape.c[l]);
        }
        V y[kForwardChunk * NV];
        for (int t0 = 0; t0 < job.steps; t0 += kForwardChunk) {
            const int n = job.steps - t0 < kForwardChunk ? job.steps - t0 : kForwardChunk;
            const int at = job.keep ? t0 : 0;
            const int x_row = h_row(net, 0), row = c_row(net);
            V* x = tape.h[0] + size_t(at) * x_row + hidden * NV;
            for (int i = 0; i < net.inputs; ++i)
                to_lanes(job.x + size_t(t0) * net.inputs + i, job.x_stride, job.lanes, n,
                         net.inputs, (T*)(x + i * NV), kLanes, x_row * kWidth<T>);
            if (kJoined && job.keep)
                for (int t = 0; t < n; ++t)
                    for (int v = 0; v < NV; ++v) x[t * x_row + net.inputs * NV + v] = V{} + 1;
            const V* in = x;
            int in_row = x_row;
            for (int l = 0; l < net.layers; ++l) {
                const int inputs = net.layer_inputs(l), out_row = h_row(net, l);
                V* slots = tape.slots[l] + size_t(at) * L::slots_row(hidden);
                V* h = tape.h[l] + size_t(at) * out_row;
                V* c = tape.c[l] + size_t(at) * row;
                for (int t = 0; t < n; ++t)
                    L::forward(packed.forward[l], in + t * in_row, inputs, hidden,
                               h + t * out_row, c + t * row,
                               slots + size_t(t) * L::slots_row(hidden), h + (t + 1) * out_row,
                               c + (t + 1) * row);
                in = h + out_row;
                in_row = out_row;
            }
            const int skipped = job.last ? (t0 + n < job.steps ? n : n - 1) : 0;
            for (int t = skipped; t < n; ++t)
                head(net, in + t * in_row, x + t * x_row, y + (t - skipped) * NV);
            from_lanes((const T*)y, kLanes, job.lanes, n - skipped, 1, job.y + (job.last ? 0 : t0),
                       job.y_stride);
            if (!job.keep)
                for (int l = 0; l < net.layers; ++l) {
                    const size_t size = hidden * NV * sizeof(V);
                    memcpy((void*)tape.h[l], tape.h[l] + n * h_row(net, l), size);
                    if (kHasC) memcpy((void*)tape.c[l], tape.c[l] + n * row, size);
                }
        }
        const size_t last = job.keep ? size_t(job.steps) : 0;
        for (int l = 0; l < net.layers; ++l) {
            if (job.hn) store_state(tape.h[l] + last * h_row(net, l), job, l, job.hn);
            if (kHasC && job.cn) store_state(tape.c[l] + last * c_row(net), job, l, job.cn);
        }
    }

    static DRYWET_INLINE void head(const Net<T>& net, const V* h, const V* x, V* y) {
        V sum[NV], other[NV];
        unroll<NV>([&](auto v) DRYWET_LAMBDA {
            sum[v] = broadcast<V>(net.head_bias[0]);
            other[v] = net.skip * x[v];
        });
        int j = 0;
        for (; j + 2 <= net.hidden; j += 2)
            unroll<NV>([&](auto v) DRYWET_LAMBDA {
                sum[v] += net.head_weight[j] * h[j * NV + v];
                other[v] += net.head_weight[j + 1] * h[(j + 1) * NV + v];
            });
        if (j < net.hidden)
            unroll<NV>([&](auto v) DRYWET_LAMBDA { sum[v] += net.head_weight[j] * h[j * NV + v]; });
        unroll<NV>([&](auto v) DRYWET_LAMBDA { y[v] = sum[v] + other[v]; });
    }

    // States are [layers][batch][hidden] outside.
    template <class J>
    static void load_state(const T* from, const J& job, int l, V* to) {
        const int hidden = job.net.hidden;
        T* out = (T*)to;
        for (int lane = 0; lane < kLanes; ++lane)
            for (int j = 0; j < hidden; ++j)
                out[j * kLanes + lane] =
                    from && lane < job.lanes ? from[l * job.state_stride + lane * hidden + j] : 0;
    }

    template <class J>
    static void store_state(const V* from, const J& job, int l, T* to) {
        const int hidden = job.net.hidden;
        const T* in = (const T*)from;
        for (int lane = 0; lane < job.lanes; ++lane)
            for (int j = 0; j < hidden; ++j)
                to[l * job.state_stride + lane * hidden + j] = in[j * kLanes + lane];
    }

    // --- backward ---

    // Sums of gradients, a vector for each weight, and what goes from chunk to chunk.
    struct Work {
        V* w_ih[kMaxLayers];
        V* w_hh[kMaxLayers];  // of the first layer, where joined, all columns
        V* b_ih[kMaxLayers];
        V* b_hh[kMaxLayers];
        V* head_weight;
        V* head_bias;
        V* sums_end;
        V* dh[kMaxLayers];
        V* dc[kMaxLayers];
        V* above;  // [chunk][hidden]: the gradient of a layer's h from the layer above
        V* below;  // [chunk][max(hidden, inputs)]
        V* dy;     // [chunk]
        size_t size;

        Work(const Net<T>& net, V* at) {
            V* const begin = at;
            const size_t rows = size_t(L::G) * net.hidden;
            for (int l = 0; l < net.layers; ++l) {
                w_hh[l] = at, at += rows * (net.hidden + kJoined * extras(net, l));
                if (kJoined && l == 0) continue;
                w_ih[l] = at, at += rows * net.layer_inputs(l);
                b_ih[l] = at, at += rows;
                b_hh[l] = at, at += rows;
            }
            head_weight = at, at += net.hidden;
            head_bias = at, at += 1;
            sums_end = at;
            for (int l = 0; l < net.layers; ++l) {
                dh[l] = at, at += net.hidden * NV;
                dc[l] = at, at += net.hidden * NV;
            }
            const int widest = net.hidden > net.inputs ? net.hidden : net.inputs;
            above = at, at += kBackwardChunk * widest * NV;
            below = at, at += kBackwardChunk * widest * NV;
            dy = at, at += kBackwardChunk * NV;
            size = size_t(at - begin);
        }
    };

    static size_t work_bytes(const Net<T>& net) { return Work(net, (V*)sizeof(V)).size * sizeof(V); }

    static void backward(const BackwardJob<T>& job) {
        const Net<T>& net = job.net;
        const int hidden = net.hidden, row = c_row(net);
        const Packed packed(net, job.packed);
        const Tape tape(net, job.steps, (V*)job.tape);
        Work work(net, (V*)job.work);
        memset((void*)job.work, 0, size_t((char*)work.sums_end - (char*)job.work));
        for (int l = 0; l < net.layers; ++l) {
            load_state(job.dhn, job, l, work.dh[l]);
            if constexpr (kHasC) load_state(job.dcn, job, l, work.dc[l]);
        }
        const int chunks = (job.steps + kBackwardChunk - 1) / kBackwardChunk;
        for (int chunk = chunks - 1; chunk >= 0; --chunk) {
            const int t0 = chunk * kBackwardChunk;
            const int n = job.steps - t0 < kBackwardChunk ? job.steps - t0 : kBackwardChunk;
            const int skipped = job.last ? (t0 + n < job.steps ? n : n - 1) : 0;
            to_lanes(job.dy + (job.last ? 0 : t0), job.dy_stride, job.lanes, n - skipped, 1,
                     (T*)work.dy, kLanes, kLanes);
            const int top = net.layers - 1;
            L::head_gradients(work.dy, tape.h[top] + size_t(t0 + skipped + 1) * h_row(net, top),
                              hidden, h_row(net, top), n - skipped, work.head_weight,
                              work.head_bias);
            for (int l = top; l >= 0; --l) {
                const int inputs = net.layer_inputs(l), out_row = h_row(net, l);
                V* slots = tape.slots[l] + size_t(t0) * L::slots_row(hidden);
                const V* h = tape.h[l] + size_t(t0) * out_row;
                const V* c = tape.c[l] + size_t(t0) * row;
                const bool down = l > 0 || job.dx;
                for (int t = n - 1; t >= 0; --t) {
                    V* dh = work.dh[l];
                    V* dz = slots + size_t(t) * L::slots_row(hidden);
                    const auto units = [&](const auto& from_above) DRYWET_LAMBDA {
                        L::backward_units(hidden, dz, h + t * out_row, c + t * row,
                                          h + (t + 1) * out_row, out_row, row, dh, work.dc[l],
                                          from_above);
                    };
                    const V* above =
                        l == top ? work.dy + (t - skipped) * NV : work.above + t * hidden * NV;
                    if (l == top && t < skipped)
                        units([&](int, int) DRYWET_LAMBDA { return V{}; });
                    else if (l == top)
                        units([&](int j, int v) DRYWET_LAMBDA {
                            return V(net.head_weight[j] * above[v]);
                        });
                    else
                        units([&](int j, int v) DRYWET_LAMBDA { return above[j * NV + v]; });
                    L::template transposed<true>(packed.hidden[l], dz, hidden, hidden, dh);
                    if (down)
                        L::template transposed<false>(packed.input[l], dz, inputs, hidden,
                                                      work.below + t * inputs * NV);
                }
                if (kJoined && l == 0) {
                    L::template gradients<true, false>(slots, hidden, h, hidden + extras(net, l),
                                                       out_row, n, work.w_hh[l], nullptr);
                } else {
                    const int in_row = h_row(net, l ? l - 1 : 0);
                    const V* in = l ? tape.h[l - 1] + size_t(t0 + 1) * in_row : h + hidden * NV;
                    L::template gradients<false, true>(slots, hidden, in, inputs, in_row, n,
                                                       work.w_ih[l], work.b_ih[l]);
                    L::template gradients<true, !kSameBias>(slots, hidden, h, hidden, out_row, n,
                                                            work.w_hh[l], work.b_hh[l]);
                }
                V* const swap = work.above;
                work.above = work.below, work.below = swap;
            }
            if (job.dx) input_gradients(job, work.above, work.dy, t0, n);
        }
        for (int l = 0; l < net.layers; ++l) {
            if (job.dh0) store_state(work.dh[l], job, l, job.dh0);
            if (kHasC && job.dc0) store_state(work.dc[l], job, l, job.dc0);
        }
        add_lanes(net, work, job.gradients);
    }

    static void input_gradients(const BackwardJob<T>& job, V* dx, const V* dy, int t0, int n) {
        const int inputs = job.net.inputs;
        for (int t = 0; t < n; ++t)
            for (int v = 0; v < NV; ++v)
                dx[t * inputs * NV + v] += job.net.skip * dy[t * NV + v];
        for (int i = 0; i < inputs; ++i)
            from_lanes((const T*)dx + i * kLanes, kLanes, job.lanes, n, inputs,
                       job.dx + size_t(t0) * inputs + i, job.dx_stride);
    }

    // The sums over the lanes, as numbers in the parameters' order.
    static void add_lanes(const Net<T>& net, const Work& work, T* to) {
        const int hidden = net.hidden, rows = L::G * hidden;
        for (int l = 0; l < net.layers; ++l) {
            const int inputs = net.layer_inputs(l);
            if (kJoined && l == 0) {
                const V* const joined = work.w_hh[0];
                const int columns = hidden + inputs + 1;
                to = lanes_of(joined + hidden, rows, inputs, columns, to);
                to = lanes_of(joined, rows, hidden, columns, to);
                for (int bias = 0; bias < 2; ++bias)
                    to = lanes_of(joined + columns - 1, rows, 1, columns, to);
            } else {
                to = lanes_of(work.w_ih[l], rows, inputs, inputs, to);
                to = lanes_of(work.w_hh[l], rows, hidden, hidden, to);
                to = lanes_of(work.b_ih[l], 1, rows, rows, to);
                to = lanes_of(kSameBias ? work.b_ih[l] : work.b_hh[l], 1, rows, rows, to);
            }
        }
        to = lanes_of(work.head_weight, 1, hidden, hidden, to);
        lanes_of(work.head_bias, 1, 1, 1, to);
    }

    static T* lanes_of(const V* from, int rows, int columns, size_t stride, T* to) {
        for (int r = 0; r < rows; ++r, from += stride)
            for (int c = 0; c < columns; ++c) *to++ = sum<T>(from[c]);
        return to;
    }
};

// Vectors per group of sequences. A short vector needs a second one, or there would be a load
// of a weight for every FMA.
constexpr int kGroup = kVectorBytes == 64 ? 1 : 2;

template <class T, Cell cell>
constexpr BatchKernel<T> batch_kernel() {
    using B = Batch<T, cell, kGroup>;
    return {B::kLanes,      B::kForwardChunk, B::tape_bytes, B::work_bytes,
            B::packed_size, B::pack,          B::forward,    B::backward};
}

}  // namespace DRYWET_TARGET
}  // namespace drywet
