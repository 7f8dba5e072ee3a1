// One layer of a WaveNet over a chunk: convolution, activation, the sums for the head and the next
// layer's input.
#pragma once

#include "wavenet_activations.hpp"
#include "wavenet_linear.hpp"

namespace drywet {
namespace DRYWET_TARGET {

// Layers of any shape: one step after the other over the whole chunk, which is in the cache.
struct WaveNetSteps {
    using V = TimeVector;
    static constexpr int W = kWidth<float>;

    // f(at) for every vector of so many rows of work.
    template <class F>
    static DRYWET_INLINE void each(float* rows, int row_count, int vectors, F&& f) {
        for (int r = 0; r < row_count; ++r)
            for (int v = 0; v < vectors; ++v) f(rows + r * kWaveNetChunk + v * W);
    }

    // The first `bottleneck` rows are gated by those behind them.
    static void activate(const WaveNetLayer& layer, float* z, int vectors) {
        const int rows = layer.bottleneck;
        const V slope = broadcast<V>(layer.activation.slope);
        if (layer.gating == Gating::kNone)
            return with_activation(layer.activation.kind, [&](auto kind) DRYWET_LAMBDA {
                each(z, rows, vectors, [&](float* at) DRYWET_LAMBDA {
                    store(at, activated<kind>(load<V>(at), slope));
                });
            });
        const size_t behind = size_t(rows) * kWaveNetChunk;
        const V gate_slope = broadcast<V>(layer.gate.slope);
        with_activation(layer.gate.kind, [&](auto kind) DRYWET_LAMBDA {
            each(z + behind, rows, vectors, [&](float* at) DRYWET_LAMBDA {
                store(at, activated<kind>(load<V>(at), gate_slope));
            });
        });
        const bool blended = layer.gating == Gating::kBlended;
        const float unscaled = 1 / activation_scale(layer.activation.kind);
        with_activation(layer.activation.kind, [&](auto kind) DRYWET_LAMBDA {
            each(z, rows, vectors, [&](float* at) DRYWET_LAMBDA {
                const V from = load<V>(at), gate = load<V>(at + behind);
                const V to = activated<kind>(from, slope);
                store(at, blended ? V(gate * to + (1.0f - gate) * (from * unscaled)) : V(gate * to));
            });
        });
    }

    static void run(const LayerJob& job) {
        const WaveNetLayer& layer = *job.layer;
        float* const z = job.work;
        apply(layer.conv, job.in, job.in_stride, job.condition, nullptr, 0, z, kWaveNetChunk,
              job.vectors);
        activate(layer, z, job.vectors);
        if (layer.head.outputs > 0) {
            apply(layer.head, z, kWaveNetChunk, job.condition, job.head_empty ? nullptr : job.head,
                  job.head_stride, job.head, job.head_stride, job.vectors);
        } else {
            for (int r = 0; r < layer.bottleneck; ++r)
                for (int v = 0; v < job.vectors; ++v) {
                    float* const to = job.head + r * job.head_stride + v * W;
                    const V z_here = load<V>(z + r * kWaveNetChunk + v * W);
                    store(to, job.head_empty ? z_here : V(load<V>(to) + z_here));
                }
        }
        if (!job.out) return;
        if (layer.residual) {
            apply(layer.mix, z, kWaveNetChunk, job.condition, job.in, job.in_stride, job.out,
                  job.out_stride, job.vectors);
        } else {
            for (int r = 0; r < layer.channels; ++r)
                for (int v = 0; v < job.vectors; ++v)
                    store(job.out + r * job.out_stride + v * W,
                          load<V>(job.in + r * job.in_stride + v * W));
        }
    }
};

// Small layers of the plain kind: outputs stay in registers from the convolution to layer1x1.
template <int C, Activation kind>
struct WaveNetFused {
    using V = TimeVector;
    static constexpr int W = kWidth<float>;
    static constexpr int kMost = vectors_beside(C);
    // Outputs of layer1x1 that are summed together: enough sums to hide an FMA's latency.
    static constexpr int kTogether = C * kMost <= 8 ? C : C % 4 == 0 ? C / 2 : C % 3 == 0 ? C / 3 : 1;

    static bool suits(const WaveNetLayer& layer) {
        return layer.channels == C && layer.bottleneck == C && layer.residual &&
               layer.gating == Gating::kNone && layer.activation.kind == kind &&
               layer.head.outputs == 0 && layer.conv.tile == C && layer.mix.tile == C;
    }

    template <int T>
    static DRYWET_INLINE void tile(const LayerJob& job, int at) {
        const WaveNetLayer& layer = *job.layer;
        V z[C * T];
        convolve<C, T, C>(layer.conv, layer.conv.weights, job.in + at, job.in_stride,
                          moved(job.condition, size_t(at)), z);
        const V slope = broadcast<V>(layer.activation.slope);
        unroll<C * T>([&](auto q) DRYWET_LAMBDA { z[q] = activated<kind>(z[q], slope); });
        float* const head = job.head + at;
        const size_t head_stride = job.head_stride;
        if (!job.head_empty)
            unroll<C * T>([&](auto q) DRYWET_LAMBDA {
                const float* const from = head + q / T * head_stride + q % T * W;
                store(head + q / T * head_stride + q % T * W, V(load<V>(from) + z[q]));
            });
        else
            unroll<C * T>([&](auto q) DRYWET_LAMBDA {
                store(head + q / T * head_stride + q % T * W, z[q]);
            });
        if (!job.out) return;
        const float* const w = layer.mix.weights;
        unroll<C / kTogether>([&](auto group) DRYWET_LAMBDA {
            constexpr int first = group * kTogether;
            V acc[kTogether * T];
            unroll<kTogether>([&](auto o) DRYWET_LAMBDA {
                const V bias = broadcast<V>(w[first + o]);
                unroll<T>([&](auto t) DRYWET_LAMBDA { acc[o * T + t] = bias; });
            });
            unroll<C>([&](auto i) DRYWET_LAMBDA {
                unroll<kTogether>([&](auto o) DRYWET_LAMBDA {
                    const V b = broadcast<V>(w[C + i * C + first + o]);
                    unroll<T>([&](auto t) DRYWET_LAMBDA { acc[o * T + t] += b * z[i * T + t]; });
                });
            });
            unroll<kTogether>([&](auto o) DRYWET_LAMBDA {
                const float* const from = job.in + (first + o) * job.in_stride + at;
                float* const to = job.out + (first + o) * job.out_stride + at;
                unroll<T>([&](auto t) DRYWET_LAMBDA {
                    store(to + t * W, V(acc[o * T + t] + load<V>(from + t * W)));
                });
            });
        });
    }

    static void run(const LayerJob& job) {
        by_vectors<kMost>(job.vectors, [&](int at, auto count) DRYWET_LAMBDA {
            tile<decltype(count){}>(job, at * W);
        });
    }
};

using RunLayer = void (*)(const LayerJob&);

template <int C>
static RunLayer fused(const WaveNetLayer& layer) {
    if (WaveNetFused<C, Activation::kTanh>::suits(layer))
        return WaveNetFused<C, Activation::kTanh>::run;
    if (WaveNetFused<C, Activation::kLeakyRelu>::suits(layer))
        return WaveNetFused<C, Activation::kLeakyRelu>::run;
    return WaveNetSteps::run;
}

static RunLayer run_of(const WaveNetLayer& layer) {
    switch (layer.channels) {
        case 2: return fused<2>(layer);
        case 3: return fused<3>(layer);
        case 4: return fused<4>(layer);
#if !defined(__x86_64__) || defined(__AVX512F__)
        case 6: return fused<6>(layer);
        case 8: return fused<8>(layer);
#endif
        default: return WaveNetSteps::run;
    }
}

}  // namespace DRYWET_TARGET
}  // namespace drywet
