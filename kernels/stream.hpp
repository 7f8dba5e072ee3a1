// Streams, sample by sample: the units of a layer lie in lanes.
//
// A step is bound by latency, not by arithmetic: the sums over the last hidden
// state, two activations one after the other, and on to the next step. So the
// sums run in as many independent chains as it takes to hide an FMA's latency,
// and what doesn't wait for the last step (inputs, the dense layer, the layer above)
// is left to the CPU to run beside it, out of order.
//
// Nothing here allocates, locks or throws.
#pragma once

#include "cells.hpp"
#include "jobs.hpp"

namespace drywet {
namespace DRYWET_TARGET {

// H units in vectors of W; H = 0 stands for any number, known at run time.
template <Cell cell, int W, int H>
struct StreamLayer {
    using V = Vec<float, W>;
    using U = Unit<cell>;
    static constexpr int S = U::kSlots;
    static constexpr int G = gates_of(cell);
    // Vectors of units computed together: all, where their accumulators fit the registers.
    static constexpr int kMost = kRegisters == 32 ? 3 : cell == Cell::kRnn ? 4 : 2;
    static constexpr int kVectors = (H + W - 1) / W;
    static constexpr int N = H > 0 && kVectors <= kMost ? kVectors : 1;
    // An FMA takes 4 cycles and 2 start in each.
    static constexpr int kChains = S * N >= 8 ? 1 : S * N >= 4 ? 2 : 4;

    static int vectors(int hidden) { return (hidden + W - 1) / W; }

    static size_t packed(int inputs, int hidden) {
        return size_t(vectors(hidden)) * W * (S + G * (inputs + hidden));
    }

    // Tile by tile: biases, then columns, each G x tile vectors; units that don't exist get zeros.
    DRYWET_ONCE static void pack(const Net<float>::Layer& from, int inputs, int hidden, float* to) {
        constexpr int units = N * W;
        for (int first = 0; first < hidden; first += units) {
            for (int i = 0; i < S * units; ++i) to[i] = 0;
            for (int g = 0; g < G; ++g)
                for (int u = 0; u < units && first + u < hidden; ++u) {
                    const int row = g * hidden + first + u;
                    to[U::in_slot(g) * units + u] += from.b_ih[row] * float(U::scale(U::in_slot(g)));
                    to[U::hidden_slot(g) * units + u] +=
                        from.b_hh[row] * float(U::scale(U::hidden_slot(g)));
                }
            to += S * units;
            for (int k = 0; k < inputs + hidden; ++k)
                for (int g = 0; g < G; ++g)
                    for (int u = 0; u < units; ++u) {
                        const size_t row = size_t(g) * hidden + first + u;
                        const float w = first + u >= hidden ? 0
                                        : k < inputs        ? from.w_ih[row * inputs + k]
                                                     : from.w_hh[row * hidden + k - inputs];
                        const int slot = k < inputs ? U::in_slot(g) : U::hidden_slot(g);
                        *to++ = w * float(U::scale(slot));
                    }
        }
    }

    template <bool Hidden>
    static DRYWET_INLINE const float* column(const float* w, float x, V* acc) {
        const V b = broadcast<V>(x);
        unroll<G * N>([&](auto q) DRYWET_LAMBDA {
            constexpr int slot = Hidden ? U::hidden_slot(q / N) : U::in_slot(q / N);
            acc[slot * N + q % N] += load<V>(w + q * W) * b;
        });
        return w + G * N * W;
    }

    // N vectors of units: their new h and c from the layer's input x and last state h.
    static DRYWET_INLINE void units(const float* w, const float* x, int inputs,
                                            const float* h, int hidden, const float* h_units,
                                            float* c_units, float* h_out) {
        V acc[kChains * S * N];
        unroll<kChains * S * N>([&](auto q) DRYWET_LAMBDA {
            acc[q] = q < S * N ? load<V>(w + q * W) : V{};
        });
        w += S * N * W;
        for (int i = 0; i < inputs; ++i) w = column<false>(w, x[i], acc);
        int k = 0;
#pragma GCC unroll 4
        for (; k + kChains <= hidden; k += kChains)
            unroll<kChains>([&](auto q) DRYWET_LAMBDA {
                w = column<true>(w, h[k + q], acc + q * S * N);
            });
        for (; k < hidden; ++k) w = column<true>(w, h[k], acc);
        unroll<N>([&](auto n) DRYWET_LAMBDA {
            V slot[S];
            unroll<S>([&](auto s) DRYWET_LAMBDA {
                V sum = acc[s * N + n];
                unroll<kChains - 1>([&](auto q) DRYWET_LAMBDA {
                    sum += acc[(q + 1) * S * N + s * N + n];
                });
                slot[s] = sum;
            });
            V c = V{};
            if constexpr (U::kHasC) c = load<V>(c_units + n * W);
            store(h_out + n * W, U::template forward<float>(slot, load<V>(h_units + n * W), c));
            if constexpr (U::kHasC) store(c_units + n * W, c);
        });
    }

    // One step; the new state goes to h_out, which isn't h. Weights are read forward in one step
    // and backward in the next: where they exceed the first-level cache, those read last are
    // still in it.
    static DRYWET_INLINE void step(const float* w, const float* x, int inputs, int units_here,
                                   const float* h, float* c, float* h_out, bool back) {
        const int hidden = H ? H : units_here;
        const int tiles = (hidden + N * W - 1) / (N * W);
        const size_t stride = size_t(N) * W * (S + G * (inputs + hidden));
        for (int i = 0; i < tiles; ++i) {
            const int tile = back ? tiles - 1 - i : i;
            const int first = tile * N * W;
            units(w + tile * stride, x, inputs, h, hidden, h + first, c + first, h_out + first);
        }
    }
};

// A net's memory: packed weights, then states. Sizes in numbers; every part is a
// multiple of a vector.
template <Cell cell, int W, int H>
struct StreamNet {
    using L = StreamLayer<cell, W, H>;
    using V = typename L::V;

    static size_t padded(int hidden) { return size_t(L::vectors(hidden)) * W; }

    static size_t weights_size(const Net<float>& net) {
        size_t size = padded(net.hidden);
        for (int l = 0; l < net.layers; ++l) size += L::packed(net.layer_inputs(l), net.hidden);
        return size;
    }

    // h twice, for the old and the new one, and c, of each layer.
    static size_t state_size(const Net<float>& net) { return 3 * net.layers * padded(net.hidden); }

    DRYWET_ONCE static void pack(const Net<float>& net, float* to) {
        for (size_t i = 0; i < padded(net.hidden); ++i)
            to[i] = i < size_t(net.hidden) ? net.head_weight[i] : 0;
        to += padded(net.hidden);
        for (int l = 0; l < net.layers; ++l) {
            L::pack(net.layer[l], net.layer_inputs(l), net.hidden, to);
            to += L::packed(net.layer_inputs(l), net.hidden);
        }
    }

    static void process(const StreamJob& job) {
        const Net<float>& net = job.net;
        const int hidden = H ? H : net.hidden;
        const size_t size = size_t((hidden + W - 1) / W) * W;
        const float* weights[kMaxLayers];
        const float* w = job.weights + size;
        for (int l = 0; l < net.layers; ++l)
            weights[l] = w, w += L::packed(net.layer_inputs(l), hidden);
        for (int t = 0; t < job.samples; ++t) {
            const unsigned old = (job.phase + t) & 1;
            float* state = job.state;
            for (int copy = 0; copy < job.copies; ++copy) {
                const size_t at = size_t(copy) * job.samples + t;
                const float* x = job.x + at * net.inputs;
                const float* in = x;
                for (int l = 0; l < net.layers; ++l, state += 3 * size) {
                    float* h = state + old * size;
                    float* h_out = state + (old ^ 1) * size;
                    L::step(weights[l], in, l == 0 ? net.inputs : hidden, hidden, h,
                            state + 2 * size, h_out, old);
                    in = h_out;
                }
                V total = V{};
                for (size_t i = 0; i < size; i += W)
                    total += load<V>(job.weights + i) * load<V>(in + i);
                job.y[at] = sum<float>(total) + net.head_bias[0] + net.skip * x[0];
            }
        }
    }
};

}  // namespace DRYWET_TARGET
}  // namespace drywet
