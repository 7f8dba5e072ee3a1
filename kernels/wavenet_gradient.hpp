// Gradients of a convolution's weights: sums over time of products of rows, frames in lanes.
#pragma once

#include "wavenet_linear.hpp"
#include "wavenet_training_job.hpp"

namespace drywet {
namespace DRYWET_TARGET {

struct WaveNetGradient {
    using V = TimeVector;
    static constexpr int W = kWidth<float>;
    // A tile's sums and what it loads fit the registers.
    static constexpr int kOutputs = 4;
    static constexpr int kInputs = kRegisters == 32 ? 4 : 2;
    static constexpr int kChunk = 512;  // frames for which the rows stay in the nearest caches

    // Adds to O x I vectors of sums, `step` apart for inputs and `row` for outputs.
    template <int O, int I>
    static DRYWET_INLINE void tile(const float* d, const float* x, size_t stride, int vectors,
                                   float* sums, size_t row, size_t step) {
        V acc[O * I];
        unroll<O * I>([&](auto q) DRYWET_LAMBDA {
            acc[q] = load<V>(sums + (q / I) * row + (q % I) * step);
        });
        for (int v = 0; v < vectors; ++v) {
            V from[I];
            unroll<I>([&](auto i) DRYWET_LAMBDA {
                from[i] = in_register(load<V>(x + i * stride + v * W));
            });
            unroll<O>([&](auto o) DRYWET_LAMBDA {
                const V by = in_register(load<V>(d + o * stride + v * W));
                unroll<I>([&](auto i) DRYWET_LAMBDA { acc[o * I + i] += by * from[i]; });
            });
        }
        unroll<O * I>([&](auto q) DRYWET_LAMBDA {
            store(sums + (q / I) * row + (q % I) * step, acc[q]);
        });
    }

    template <int O>
    static DRYWET_INLINE void inputs(const float* d, const float* x, size_t stride, int count,
                                     int vectors, float* sums, size_t row, size_t step) {
        int i = 0;
        for (; i + kInputs <= count; i += kInputs)
            tile<O, kInputs>(d, x + i * stride, stride, vectors, sums + i * step, row, step);
        for (; i < count; ++i)
            tile<O, 1>(d, x + i * stride, stride, vectors, sums + i * step, row, step);
    }

    static float total(const float* sums) { return sum<float>(load<V>(sums)); }

    // Of weights, biases and factors, to where they are among `gradients`. d: gradients of the
    // outputs, zero behind the last sample; x: the inputs; both from sample 0 on.
    static void of(const TrainedLinear& linear, const float* d, const float* x,
                   size_t from, const WaveNetTrainingJob& job) {
        const Linear& shape = linear.forward;
        const size_t row = size_t(shape.inputs) * shape.kernel * W, step = size_t(shape.kernel) * W;
        float* const sums = job.partial;
        memset(sums, 0, shape.outputs * row * sizeof(float));
        for (size_t at = from; at < job.samples; at += kChunk) {
            const size_t left = job.samples - at;
            const int vectors = int(((left < kChunk ? left : kChunk) + W - 1) / W);
            for (int k = 0; k < shape.kernel; ++k) {
                const float* const in = x + at - size_t(shape.kernel - 1 - k) * shape.dilation;
                int o = 0;
                for (; o + kOutputs <= shape.outputs; o += kOutputs)
                    inputs<kOutputs>(d + o * job.stride + at, in, job.stride, shape.inputs, vectors,
                                     sums + o * row + k * W, row, step);
                for (; o < shape.outputs; ++o)
                    inputs<1>(d + o * job.stride + at, in, job.stride, shape.inputs, vectors,
                              sums + o * row + k * W, row, step);
            }
        }
        const size_t weights = size_t(shape.outputs) * shape.inputs * shape.kernel;
        for (size_t w = 0; w < weights; ++w) job.gradients[linear.at + w] = total(sums + w * W);
        for (int o = 0; o < shape.outputs && linear.biased(); ++o) {
            V bias{};
            const float* const row = d + o * job.stride;
            for (size_t at = from; at < job.samples; at += W) bias += load<V>(row + at);
            job.gradients[linear.bias_at() + o] = sum<float>(bias);
        }
        float* factors = job.gradients + linear.factor_at();
        for (int o = 0; o < shape.outputs; ++o)
            for (int c = 0; c < shape.conditions; ++c) {
                V factor{};
                const float* const row = d + o * job.stride;
                const float* const by = job.x.at + c * job.x.stride;
                for (size_t at = from; at < job.samples; at += W)
                    factor += load<V>(row + at) * load<V>(by + at);
                *factors++ = sum<float>(factor);
            }
    }
};

}  // namespace DRYWET_TARGET
}  // namespace drywet
