// Convolutions over rows of time: frames in lanes, weights broadcast.
//
// A tile of outputs shares each load of an input, some vectors of time share each broadcast of
// a weight. A frame's sums don't depend on what lies in the lanes beside it nor on the number of
// vectors, so that results are the same, to the bit, however a signal is cut into blocks.
#pragma once

#include "simd.hpp"
#include "wavenet_job.hpp"

namespace drywet {
namespace DRYWET_TARGET {

using TimeVector = Vec<float, kWidth<float>>;

constexpr int kTiles[] = {8, 6, 4, 3, 2, 1};
constexpr int kLargestTile = kRegisters == 32 ? 8 : 6;

// Vectors of time per tile of outputs: enough sums to hide an FMA's latency, few enough to fit the
// registers.
constexpr int vectors_beside(int tile) {
    return kRegisters == 32 ? (tile > 6 ? 2 : 4) : (tile > 2 ? 2 : 4);
}

// Calls f(at, T) for so many vectors of time, T of them at once; T halves for the rest.
template <int T, class F>
DRYWET_INLINE void by_vectors(int vectors, F&& f, int at = 0) {
    for (; at + T <= vectors; at += T) f(at, Index<T>{});
    if constexpr (T > 1) by_vectors<T / 2>(vectors, f, at);
}

// The tile that costs least: a step of it loads its weights and some inputs.
static int best_tile(int outputs) {
    int best = 1, least = 0x7fffffff;
    for (const int tile : kTiles) {
        const int cost = (outputs + tile - 1) / tile * (tile + 2);
        if (tile <= kLargestTile && cost < least) best = tile, least = cost;
    }
    return best;
}

DRYWET_INLINE Condition moved(Condition condition, size_t by) {
    return {condition.at + by, condition.stride};
}

// T vectors of a tile's O outputs in acc, from rows of inputs. Returns where the weights end.
// C is the number of inputs of a matrix with a condition; 0 stands for any, known at run time.
template <int O, int T, int C>
DRYWET_INLINE const float* convolve(const Linear& linear, const float* w, const float* in,
                                    size_t stride, Condition condition, TimeVector* acc) {
    constexpr int W = kWidth<float>;
    using V = TimeVector;
    if constexpr (C > 0) {
        V c[T];
        unroll<T>([&](auto t) DRYWET_LAMBDA { c[t] = load<V>(condition.at + t * W); });
        unroll<O>([&](auto o) DRYWET_LAMBDA {
            const V bias = broadcast<V>(w[o]), factor = broadcast<V>(w[O + o]);
            unroll<T>([&](auto t) DRYWET_LAMBDA { acc[o * T + t] = factor * c[t] + bias; });
        });
        w += 2 * O;
    } else {
        unroll<O>([&](auto o) DRYWET_LAMBDA {
            unroll<T>([&](auto t) DRYWET_LAMBDA { acc[o * T + t] = broadcast<V>(w[o]); });
        });
        w += O;
    }
    const float* tap = in - size_t(linear.kernel - 1) * linear.dilation;
    // Inputs in registers: taps aren't aligned, so that half of the loads take twice the time.
    const auto input = [&](const float* from) DRYWET_LAMBDA {
        V x[T];
        unroll<T>([&](auto t) DRYWET_LAMBDA { x[t] = in_register(load<V>(from + t * W)); });
        unroll<O>([&](auto o) DRYWET_LAMBDA {
            const V b = T > 1 ? in_register(broadcast<V>(w[o])) : broadcast<V>(w[o]);
            unroll<T>([&](auto t) DRYWET_LAMBDA { acc[o * T + t] += b * x[t]; });
        });
        w += O;
    };
    if constexpr (C > 0) {
        for (int d = 1; d < linear.conditions; ++d) input(condition.at + d * condition.stride);
        for (int k = 0; k < linear.kernel; ++k, tap += linear.dilation)
            unroll<C>([&](auto i) DRYWET_LAMBDA { input(tap + i * stride); });
    } else {  // the condition's rows as if they were those of a tap before the first
        const float* from = condition.at;
        size_t step = condition.stride;
        int rows = linear.conditions;
        for (int k = 0; k <= linear.kernel; ++k) {
            for (int i = 0; i < rows; ++i) input(from), from += step;
            from = tap + k * linear.dilation;
            step = stride;
            rows = linear.inputs;
        }
    }
    return w;
}

// All outputs of some vectors, by tiles of O. `added`, where it isn't null, is added.
template <int O>
static void apply_tiles(const Linear& linear, const float* in, size_t in_stride,
                        Condition condition, const float* added, size_t added_stride,
                        float* out, size_t out_stride, int vectors) {
    constexpr int W = kWidth<float>;
    using V = TimeVector;
    const float* w = linear.weights;
    for (int first = 0; first < linear.outputs; first += O) {
        const float* end = w;
        const auto tile = [&](int at, auto count) DRYWET_LAMBDA {
            constexpr int T = decltype(count){};
            V acc[O * T];
            end = convolve<O, T, 0>(linear, w, in + at * W, in_stride,
                                    moved(condition, size_t(at * W)), acc);
            unroll<O>([&](auto o) DRYWET_LAMBDA {
                float* const to = out + (first + o) * out_stride + at * W;
                if (added) {
                    const float* const from = added + (first + o) * added_stride + at * W;
                    unroll<T>([&](auto t) DRYWET_LAMBDA { acc[o * T + t] += load<V>(from + t * W); });
                }
                unroll<T>([&](auto t) DRYWET_LAMBDA { store(to + t * W, acc[o * T + t]); });
            });
        };
        by_vectors<vectors_beside(O)>(vectors, tile);
        w = end;
    }
}

static void apply(const Linear& linear, const float* in, size_t in_stride, Condition condition,
                  const float* added, size_t added_stride, float* out, size_t out_stride,
                  int vectors) {
    unroll<sizeof(kTiles) / sizeof(kTiles[0])>([&](auto n) DRYWET_LAMBDA {
        if constexpr (kTiles[n] <= kLargestTile)
            if (linear.tile == kTiles[n])
                apply_tiles<kTiles[n]>(linear, in, in_stride, condition, added, added_stride, out,
                                       out_stride, vectors);
    });
}

}  // namespace DRYWET_TARGET
}  // namespace drywet
