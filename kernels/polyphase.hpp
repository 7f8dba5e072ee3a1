// Banks of FIR filters over rows of time, samples in lanes.
#pragma once

#include "polyphase_job.hpp"
#include "simd.hpp"

namespace drywet {
namespace DRYWET_TARGET {

struct Polyphase {
    static constexpr int W = kWidth<float>;
    static constexpr int kVectors = 4;  // outputs at once: as many sums as hide an FMA's latency
    static_assert(kVectors * W <= kPolyphaseRoom, "whole blocks are read beyond the end");
    using V = Vec<float, W>;

    static DRYWET_INLINE void add(const float* taps, int length, const float* x, V* sums) {
        for (int k = 0; k < length; ++k) {
            const V tap = broadcast<V>(taps[k]);
            unroll<kVectors>([&](auto v) DRYWET_LAMBDA {
                sums[v] += tap * load<V>(x + v * W - k);
            });
        }
    }

    static DRYWET_INLINE void put(const V* sums, float* y) {
        unroll<kVectors>([&](auto v) DRYWET_LAMBDA { store(y + v * W, sums[v]); });
    }

    static void split(const PolyphaseJob& job) {
        for (int m = 0; m < job.branches; ++m)
            for (int t = 0; t < job.samples; t += kVectors * W) {
                V sums[kVectors] = {};
                add(job.taps + size_t(m) * job.length, job.length, job.x + t, sums);
                put(sums, job.y + m * job.y_stride + t);
            }
    }

    static void join(const PolyphaseJob& job) {
        for (int t = 0; t < job.samples; t += kVectors * W) {
            V sums[kVectors] = {};
            for (int m = 0; m < job.branches; ++m)
                add(job.taps + size_t(m) * job.length, job.length, job.x + m * job.x_stride + t,
                    sums);
            put(sums, job.y + t);
        }
    }
};

}  // namespace DRYWET_TARGET
}  // namespace drywet
