// A WaveNet forward over a window, leaving a tape, and back: layer by layer over all of it.
#pragma once

#include "wavenet_activations.hpp"
#include "wavenet_gradient.hpp"

namespace drywet {
namespace DRYWET_TARGET {

struct WaveNetTraining {
    using V = TimeVector;
    static constexpr int W = kWidth<float>;

    static int vectors(size_t from, size_t to) { return int((to - from + W - 1) / W); }

    static float* part(const WaveNetTrainingJob& job, WaveNetWork which) {
        return job.work + size_t(which) * job.work_stride * job.stride;
    }

    // f(at) for every vector of some rows from a sample on.
    template <class F>
    static DRYWET_INLINE void each(const WaveNetTrainingJob& job, int rows, size_t from, F&& f) {
        for (int r = 0; r < rows; ++r) {
            const size_t end = r * job.stride + job.samples;
            for (size_t at = r * job.stride + from; at < end; at += W) f(at);
        }
    }

    // A matrix over its inputs, from a sample on.
    static void run(const WaveNetTrainingJob& job, const Linear& linear, const float* in,
                    const float* added, float* out, size_t from) {
        apply(linear, in + from, job.stride, moved(job.x, from), added ? added + from : nullptr,
              job.stride, out + from, job.stride, vectors(from, job.samples));
    }

    // Gradients of its inputs from those of its outputs, which are zero before they begin.
    static void run_back(const WaveNetTrainingJob& job, const TrainedLinear& linear,
                         const float* d, const float* added, float* to, size_t from) {
        const Linear& back = linear.backward;
        const size_t ahead = size_t(back.kernel - 1) * back.dilation;
        apply(back, d + from + ahead, job.stride, moved(job.x, from), added ? added + from : nullptr,
              job.stride, to + from, job.stride, vectors(from, job.samples));
    }

    static void activate(const WaveNetTrainingJob& job, const ActivationSettings& settings,
                         float* rows, int count, size_t from) {
        const V slope = broadcast<V>(settings.slope);
        with_activation(settings.kind, [&](auto kind) DRYWET_LAMBDA {
            each(job, count, from, [&](size_t at) DRYWET_LAMBDA {
                store(rows + at, activated<kind>(load<V>(rows + at), slope));
            });
        });
    }

    // The derivative of an activation from its own value, or from what went in where that doesn't
    // tell it.
    template <Activation kind>
    static DRYWET_INLINE V derivative(V a, V raw, V slope, bool raw_is_kept) {
        (void)raw;
        if constexpr (kind == Activation::kSilu) {
            const V s = logistic<float>(V(raw * -float(kLog2E)));
            return s * (1.0f + raw * (1.0f - s));
        }
        if constexpr (kind == Activation::kHardSwish) {
            const V within = raw * (1.0f / 3.0f) + 0.5f;
            const V below = raw > -3.0f ? within : V{};
            return raw < 3.0f ? below : V{} + 1.0f;
        }
        if constexpr (kind == Activation::kTanh) return 1.0f - a * a;
        if constexpr (kind == Activation::kSigmoid) return a * (1.0f - a);
        if constexpr (kind == Activation::kRelu) return a > 0.0f ? V{} + 1.0f : V{};
        if constexpr (kind == Activation::kLeakyRelu)
            return (raw_is_kept ? raw : a) > 0.0f ? V{} + 1.0f : slope;
        if constexpr (kind == Activation::kHardTanh) {
            const V inside = a < 1.0f ? V{} + 1.0f : V{};
            return a > -1.0f ? inside : V{};
        }
        if constexpr (kind == Activation::kSoftSign) {
            const V left = 1.0f - (a < 0.0f ? -a : a);
            return left * left;
        }
        return V{} + 1.0f;
    }

    // What went into a layer's activations, scaled as they take it, or their outputs in its place.
    static const float* raw_of(const WaveNetTrainingJob& job, const TrainedLayer& layer) {
        return job.tape + (layer.keeps_raw ? layer.raw_row : layer.out_row) * job.stride;
    }

    // What a layer's activations leave: themselves, or gated in rows of their own.
    static const float* product(const WaveNetTrainingJob& job, const TrainedLayer& layer) {
        const float* const a = job.tape + layer.out_row * job.stride;
        if (layer.gating == Gating::kNone) return a;
        float* const to = part(job, kProduct);
        const float* const gate = a + layer.bottleneck * job.stride;
        const float* const raw = raw_of(job, layer);
        const bool blended = layer.gating == Gating::kBlended;
        const float unscaled = 1 / activation_scale(layer.activation.kind);
        each(job, layer.bottleneck, layer.first, [&](size_t at) DRYWET_LAMBDA {
            const V g = load<V>(gate + at), whole = load<V>(a + at) * g;
            store(to + at, blended ? V(whole + (1.0f - g) * (load<V>(raw + at) * unscaled)) : whole);
        });
        return to;
    }

    // Behind the last sample nothing may be infinite.
    static void clear_ends(const WaveNetTrainingJob& job) {
        for (size_t r = 0; r < job.tape_rows; ++r)
            memset(job.tape + r * job.stride + job.samples, 0, job.slack * sizeof(float));
    }

    static void forward(const WaveNetTrainingJob& job) {
        clear_ends(job);
        const float* in = job.x.at;
        for (int a = 0; a < job.array_count; ++a) {
            const TrainedArray& array = job.arrays[a];
            const bool last_array = a + 1 == job.array_count;
            float* const sums = job.tape + array.sums_row * job.stride;
            const size_t heard = array.layers[array.layer_count - 1].first;
            run(job, array.rechannel.forward, in, nullptr,
                job.tape + array.layers[0].in_row * job.stride, array.first);
            for (int l = 0; l < array.layer_count; ++l) {
                const TrainedLayer& layer = array.layers[l];
                const float* const here = job.tape + layer.in_row * job.stride;
                float* const made = job.tape + layer.out_row * job.stride;
                const bool gated = layer.gating != Gating::kNone;
                run(job, layer.conv.forward, here, nullptr, made, layer.first);
                if (layer.keeps_raw)
                    copy_rows(job, made, job.tape + layer.raw_row * job.stride,
                              layer.bottleneck * (gated ? 2 : 1), layer.first);
                activate(job, layer.activation, made, layer.bottleneck, layer.first);
                if (gated)
                    activate(job, layer.gate, made + layer.bottleneck * job.stride,
                             layer.bottleneck, layer.first);
                const float* const left = product(job, layer);
                const bool empty = a == 0 && l == 0;
                if (layer.head.forward.outputs) {
                    run(job, layer.head.forward, left, empty ? nullptr : sums, sums, heard);
                } else {
                    each(job, layer.bottleneck, heard, [&](size_t at) DRYWET_LAMBDA {
                        const V part_here = load<V>(left + at);
                        store(sums + at, empty ? part_here : V(load<V>(sums + at) + part_here));
                    });
                }
                const bool last = l + 1 == array.layer_count;
                if (last && last_array) continue;
                float* const next = job.tape + (last ? job.arrays[a + 1].in_row
                                                     : array.layers[l + 1].in_row) * job.stride;
                if (layer.residual)
                    run(job, layer.mix.forward, left, here, next, layer.first);
                else
                    each(job, layer.channels, layer.first, [&](size_t at) DRYWET_LAMBDA {
                        store(next + at, load<V>(here + at));
                    });
            }
            const size_t from = heard + past(array.head);
            if (!last_array) {
                in = job.tape + job.arrays[a + 1].in_row * job.stride;
                run(job, array.head.forward, sums, nullptr,
                    job.tape + job.arrays[a + 1].sums_row * job.stride, from);
            } else {
                float* const out = part(job, kInner);
                run(job, array.head.forward, sums, nullptr, out, from);
                for (size_t t = 0; t < job.wanted; ++t)
                    job.y[t] = job.head_scale * out[job.samples - job.wanted + t];
            }
        }
    }

    static size_t past(const TrainedLinear& linear) {
        return size_t(linear.forward.kernel - 1) * linear.forward.dilation;
    }

    static void copy_rows(const WaveNetTrainingJob& job, const float* rows, float* to, int count,
                          size_t from) {
        each(job, count, from, [&](size_t at) DRYWET_LAMBDA {
            store(to + at, load<V>(rows + at));
        });
    }

    // Gradients before the activations, in place of those of what they leave.
    static void through_activations(const WaveNetTrainingJob& job, const TrainedLayer& layer,
                                    float* d) {
        const float* const a = job.tape + layer.out_row * job.stride;
        const float* const raw = raw_of(job, layer);
        const size_t behind = layer.bottleneck * job.stride;
        const V slope = broadcast<V>(layer.activation.slope);
        const bool kept = layer.keeps_raw, blended = layer.gating == Gating::kBlended;
        const float unscaled = 1 / activation_scale(layer.activation.kind);
        if (layer.gating != Gating::kNone) {
            const V gate_slope = broadcast<V>(layer.gate.slope);
            const float gate_unscaled = 1 / activation_scale(layer.gate.kind);
            with_activation(layer.gate.kind, [&](auto kind) DRYWET_LAMBDA {
                each(job, layer.bottleneck, layer.first, [&](size_t at) DRYWET_LAMBDA {
                    const V gate = load<V>(a + behind + at);
                    const V steep = derivative<kind>(
                        gate, V(load<V>(raw + behind + at) * gate_unscaled), gate_slope, kept);
                    V by = load<V>(a + at);
                    if (blended) by = by - load<V>(raw + at) * unscaled;
                    store(d + behind + at, V(load<V>(d + at) * by * steep));
                });
            });
        }
        with_activation(layer.activation.kind, [&](auto kind) DRYWET_LAMBDA {
            each(job, layer.bottleneck, layer.first, [&](size_t at) DRYWET_LAMBDA {
                V by = derivative<kind>(load<V>(a + at), V(load<V>(raw + at) * unscaled), slope,
                                        kept);
                if (layer.gating != Gating::kNone) {
                    const V gate = load<V>(a + behind + at);
                    by = blended ? V(gate * by + (1.0f - gate)) : V(gate * by);
                }
                store(d + at, V(load<V>(d + at) * by));
            });
        });
    }

    static void backward(const WaveNetTrainingJob& job) {
        memset(job.gradients, 0, job.parameters * sizeof(float));
        // Before they begin gradients are zero; layers begin the earlier the nearer to the input.
        const size_t begin = job.samples - job.wanted;
        for (size_t r = job.work_stride; r < kWorkParts * job.work_stride; ++r)
            memset(job.work + r * job.stride, 0, begin * sizeof(float));
        // Of the head's output, of its sums, and of what a layer hands on.
        float *dout = part(job, kSumsA), *dsums = part(job, kSumsB);
        float *pass = part(job, kPassA), *other = part(job, kPassB);
        float* const d = part(job, kInner);
        for (size_t t = 0; t < job.wanted; ++t)
            dout[job.samples - job.wanted + t] = job.head_scale * job.dy[t];
        bool passes = false;
        for (int a = job.array_count; a-- > 0;) {
            const TrainedArray& array = job.arrays[a];
            const float* const sums = job.tape + array.sums_row * job.stride;
            const size_t heard = array.layers[array.layer_count - 1].first;
            WaveNetGradient::of(array.head, dout, sums, heard + past(array.head), job);
            run_back(job, array.head, dout, nullptr, dsums, heard);
            for (int l = array.layer_count; l-- > 0;) {
                const TrainedLayer& layer = array.layers[l];
                const float* const here = job.tape + layer.in_row * job.stride;
                const float* const left = product(job, layer);
                const float* from_head = dsums;
                if (layer.head.forward.outputs) {
                    WaveNetGradient::of(layer.head, dsums, left, heard, job);
                    run_back(job, layer.head, dsums, nullptr, d, layer.first);
                    from_head = d;
                }
                if (passes && layer.residual) {
                    WaveNetGradient::of(layer.mix, pass, left, layer.first, job);
                    run_back(job, layer.mix, pass, from_head, d, layer.first);
                } else if (from_head != d) {
                    copy_rows(job, dsums, d, layer.bottleneck, layer.first);
                }
                through_activations(job, layer, d);
                WaveNetGradient::of(layer.conv, d, here, layer.first, job);
                run_back(job, layer.conv, d, passes ? pass : nullptr, pass,
                         layer.first - past(layer.conv));
                passes = true;
            }
            const float* const in = a ? job.tape + array.in_row * job.stride : job.x.at;
            WaveNetGradient::of(array.rechannel, pass, in, array.first, job);
            if (a) {
                run_back(job, array.rechannel, pass, nullptr, other, array.first);
                float* const swapped = pass;
                pass = other;
                other = swapped;
                float* const turned = dout;
                dout = dsums;
                dsums = turned;
            }
        }
    }
};

}  // namespace DRYWET_TARGET
}  // namespace drywet
