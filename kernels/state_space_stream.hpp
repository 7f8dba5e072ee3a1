// Streams through state-space layers: units in lanes, a block of samples layer after layer.
//
// Only the states wait for the sample before, and for nothing but a rotation; all sums are taken
// for kTile samples at once. Nothing here allocates, locks or throws.
#pragma once

#include "jobs.hpp"
#include "state_space.hpp"

namespace drywet {
namespace DRYWET_TARGET {

template <int W>
struct StateSpaceStream {
    using V = Vec<float, W>;
    static constexpr int kBlock = 32;  // samples that go through a layer together
    static constexpr int kTile = W > 4 ? 8 : 4;  // samples; fewer make the page's code smaller

    static size_t padded(int hidden) { return size_t((hidden + W - 1) / W) * W; }

    // --- memory, in numbers; every part is a multiple of a vector ---

    struct Weights {
        const float *re, *im, *gain;  // of the poles; re less 1
        const float *in, *out;  // biases, then columns of units

        Weights(const float* at, int inputs, size_t size)
            : re(at), im(re + size), gain(im + size), in(gain + size),
              out(in + size * (1 + inputs)) {}
    };

    static size_t layer_size(int inputs, int hidden) {
        return padded(hidden) * (5 + 2 * inputs + 2 * hidden);
    }

    static size_t weights_size(const Net<float>& net) {
        size_t numbers = padded(net.hidden);
        for (int l = 0; l < net.layers; ++l)
            numbers += layer_size(net.layer_inputs(l), net.hidden);
        return numbers;
    }

    // Real and imaginary parts for each layer, and room for a block on its way.
    static size_t state_size(const Net<float>& net) {
        return padded(net.hidden) * (2 * net.layers + 4 * kBlock);
    }

    DRYWET_ONCE static void pack(const Net<float>& net, float* to) {
        const int hidden = net.hidden, size = int(padded(hidden));
        const auto row = [&](auto&& value) {
            for (int j = 0; j < size; ++j) *to++ = j < hidden ? float(value(j)) : 0.0f;
        };
        const float scale = float(-2 * kLog2E);
        row([&](int j) { return net.head_weight[j]; });
        for (int l = 0; l < net.layers; ++l) {
            const int inputs = net.layer_inputs(l);
            const StateSpaceWeights<float> w(net.layer[l], inputs, hidden);
            for (int j = 0; j < size; ++j) {
                const Pole pole = j < hidden ? Pole::of<float>(net.layer[l], hidden, j) : Pole{};
                to[j] = float(pole.less_one);
                to[size + j] = float(pole.im);
                to[2 * size + j] = float(pole.gain);
            }
            to += 3 * size;
            row([&](int j) { return w.bias_in[j]; });
            for (int k = 0; k < inputs; ++k) row([&](int j) { return w.b[j * inputs + k]; });
            row([&](int j) { return w.bias_out[j] * scale; });
            for (int k = 0; k < hidden; ++k)
                row([&](int j) { return w.c_re[j * hidden + k] * scale; });
            for (int k = 0; k < hidden; ++k)
                row([&](int j) { return w.c_im[j * hidden + k] * scale; });
            for (int k = 0; k < inputs; ++k)
                row([&](int j) { return w.d[j * inputs + k] * scale; });
        }
    }

    // --- playing ---

    // Adds `columns` columns of a vector of units, each times its value of x at N samples.
    template <int N>
    static DRYWET_INLINE const float* add(const float* w, size_t size, const float* x, int step,
                                          int columns, V* acc) {
        for (int k = 0; k < columns; ++k, w += size) {
            const V weight = load<V>(w);
            unroll<N>([&](auto n) DRYWET_LAMBDA {
                acc[n] += weight * broadcast<V>(x[n * step + k]);
            });
        }
        return w;
    }

    template <int N>
    static DRYWET_INLINE void drive(const float* w, size_t size, const float* x, int step,
                                    int inputs, float* s) {
        for (size_t j = 0; j < size; j += W) {
            V acc[N];
            unroll<N>([&](auto n) DRYWET_LAMBDA { acc[n] = load<V>(w + j); });
            add<N>(w + size + j, size, x, step, inputs, acc);
            unroll<N>([&](auto n) DRYWET_LAMBDA { store(s + n * 2 * size + j, acc[n]); });
        }
    }

    template <int N, bool Added>
    static DRYWET_INLINE void outputs(const float* w, size_t size, const float* s, int hidden,
                                      const float* x, int step, int inputs, float* y) {
        const int states = int(2 * size);
        for (size_t j = 0; j < size; j += W) {
            V acc[N];
            unroll<N>([&](auto n) DRYWET_LAMBDA { acc[n] = load<V>(w + j); });
            const float* at = add<N>(w + size + j, size, s, states, hidden, acc);
            at = add<N>(at, size, s + size, states, hidden, acc);
            add<N>(at, size, x, step, inputs, acc);
            unroll<N>([&](auto n) DRYWET_LAMBDA {
                V t = scaled_tanh<float>(acc[n]);
                if constexpr (Added) t += load<V>(x + n * step + j);
                store(y + n * size + j, t);
            });
        }
    }

    // The states of one layer over a block whose drive lies where their real parts are to be.
    static void turn(const Weights& w, size_t size, float* state, float* s, int samples) {
        for (size_t j = 0; j < size; j += W) {
            const V re = load<V>(w.re + j), im = load<V>(w.im + j), gain = load<V>(w.gain + j);
            V a = load<V>(state + j), b = load<V>(state + size + j);
            for (int t = 0; t < samples; ++t) {
                float* const at = s + t * 2 * size + j;
                const V real = a + (re * a + (gain * load<V>(at) - im * b));
                b = b + (re * b + im * a);
                a = real;
                store(at, a);
                store(at + size, b);
            }
            store(state + j, a);
            store(state + size + j, b);
        }
    }

    template <bool Added>
    static void layer(const Weights& w, size_t size, int hidden, const float* x, int step,
                      int inputs, float* state, float* s, float* y, int samples) {
        const int states = int(2 * size);
        int t = 0;
        for (; t + kTile <= samples; t += kTile)
            drive<kTile>(w.in, size, x + t * step, step, inputs, s + t * states);
        for (; t < samples; ++t) drive<1>(w.in, size, x + t * step, step, inputs, s + t * states);
        turn(w, size, state, s, samples);
        for (t = 0; t + kTile <= samples; t += kTile)
            outputs<kTile, Added>(w.out, size, s + t * states, hidden, x + t * step, step, inputs,
                                  y + t * size);
        for (; t < samples; ++t)
            outputs<1, Added>(w.out, size, s + t * states, hidden, x + t * step, step, inputs,
                              y + t * size);
    }

    static void process(const StreamJob& job) {
        const Net<float>& net = job.net;
        const size_t size = padded(net.hidden), of_copy = state_size(net);
        for (int copy = 0; copy < job.copies; ++copy) {
            float* const state = job.state + copy * of_copy;
            float* const s = state + 2 * size * net.layers;
            for (int t0 = 0; t0 < job.samples; t0 += kBlock) {
                const int n = job.samples - t0 < kBlock ? job.samples - t0 : kBlock;
                const size_t at = size_t(copy) * job.samples + t0;
                const float* const x = job.x + at * net.inputs;
                float* in = s + 2 * size * kBlock;
                float* out = in + size * kBlock;
                const float* weights = job.weights + size;
                layer<false>({weights, net.inputs, size}, size, net.hidden, x, net.inputs,
                             net.inputs, state, s, out, n);
                for (int l = 1; l < net.layers; ++l) {
                    weights += layer_size(net.layer_inputs(l - 1), net.hidden);
                    float* const swap = in;
                    in = out, out = swap;
                    layer<true>({weights, net.hidden, size}, size, net.hidden, in, int(size),
                                net.hidden, state + 2 * size * l, s, out, n);
                }
                for (int t = 0; t < n; ++t) {
                    V total = V{};
                    for (size_t j = 0; j < size; j += W)
                        total += load<V>(job.weights + j) * load<V>(out + t * size + j);
                    job.y[at + t] = sum<float>(total) + net.head_bias[0] +
                                    net.skip * x[size_t(t) * net.inputs];
                }
            }
        }
    }
};

}  // namespace DRYWET_TARGET
}  // namespace drywet
