// State-space layers over one group of lanes, a sequence in each: forward and backward through
// time. Time is cut into chunks, within which one layer follows the other, as in batch.hpp. The
// tape, in values of NV vectors:
//
//   x  [layers + 1][steps][width]     what goes into each layer; at the end what leaves the last
//   s  [layers][steps + 1][2 hidden]  real and imaginary parts; s[0] is the initial state
//   z  [layers][steps][hidden]        tanh; backward overwrites it by the gradients before it
#pragma once

#include "batch.hpp"
#include "state_space.hpp"

namespace drywet {
namespace DRYWET_TARGET {

template <class T, int NV>
struct StateSpaceBatch {
    // Its transposed products and sums of gradients are those of a plain recurrent layer.
    using L = Layer<T, Cell::kRnn, NV>;
    using B = Batch<T, Cell::kRnn, NV>;
    using V = typename L::V;
    static constexpr int kLanes = B::kLanes;
    static constexpr int kChunk = B::kForwardChunk;
    static constexpr int kTile = 8 / NV;  // rows of a matrix that are computed together

    static int x_row(const Net<T>& net, int l) { return (l ? net.hidden : net.inputs) * NV; }
    static int s_row(const Net<T>& net) { return (2 * net.hidden | 1) * NV; }
    static int z_row(const Net<T>& net) { return L::slots_row(net.hidden); }

    struct Tape {
        V* x[kMaxLayers + 1];
        V* s[kMaxLayers];
        V* z[kMaxLayers];
        size_t size;

        Tape(const Net<T>& net, size_t steps, V* at) {
            V* const begin = at;
            for (int l = 0; l < net.layers; ++l) {
                x[l] = at, at += steps * x_row(net, l);
                s[l] = at, at += (steps + 1) * s_row(net);
                z[l] = at, at += steps * z_row(net);
            }
            x[net.layers] = at, at += steps * x_row(net, net.layers);
            size = size_t(at - begin);
        }
    };

    static size_t tape_bytes(const Net<T>& net, size_t steps) {
        return Tape(net, steps, (V*)sizeof(V)).size * sizeof(V);
    }

    // --- packed weights, the same for all groups ---

    struct Packed {
        T *re[kMaxLayers], *im[kMaxLayers], *gain[kMaxLayers];  // of the poles; re less 1
        T *in[kMaxLayers], *out[kMaxLayers];  // tiles of rows, each its biases and columns
        T *c_re[kMaxLayers], *c_im[kMaxLayers], *d[kMaxLayers], *b[kMaxLayers];  // transposed
        size_t size;

        Packed(const Net<T>& net, T* at) {
            T* const begin = at;
            const size_t hidden = net.hidden;
            for (int l = 0; l < net.layers; ++l) {
                const size_t inputs = net.layer_inputs(l);
                re[l] = at, at += hidden;
                im[l] = at, at += hidden;
                gain[l] = at, at += hidden;
                in[l] = at, at += hidden * (1 + inputs);
                out[l] = at, at += hidden * (1 + 2 * hidden + inputs);
                c_re[l] = at, at += hidden * hidden;
                c_im[l] = at, at += hidden * hidden;
                d[l] = at, at += hidden * inputs;
                b[l] = at, at += hidden * inputs;
            }
            size = size_t(at - begin);
        }
    };

    static size_t packed_size(const Net<T>& net) { return Packed(net, (T*)sizeof(T)).size; }

    static int rows_together(int left) { return left >= kTile ? kTile : left >= 4 ? 4 : 1; }

    // Tiles of rows: their biases, then `columns` times the rows' weights.
    template <class F>
    static void pack_rows(int hidden, const T* bias, int columns, T scale, const F& weight, T* to) {
        for (int j = 0; j < hidden;) {
            const int n = rows_together(hidden - j);
            for (int u = 0; u < n; ++u) *to++ = bias[j + u] * scale;
            for (int k = 0; k < columns; ++k)
                for (int u = 0; u < n; ++u) *to++ = weight(j + u, k) * scale;
            j += n;
        }
    }

    static void pack(const Net<T>& net, bool backward, T* at) {
        const Packed packed(net, at);
        const int hidden = net.hidden;
        for (int l = 0; l < net.layers; ++l) {
            const int inputs = net.layer_inputs(l);
            const StateSpaceWeights<T> w(net.layer[l], inputs, hidden);
            for (int j = 0; j < hidden; ++j) {
                const Pole pole = Pole::of<T>(net.layer[l], hidden, j);
                packed.re[l][j] = T(pole.less_one);
                packed.im[l][j] = T(pole.im);
                packed.gain[l][j] = T(pole.gain);
            }
            if (backward) {
                L::pack_transposed(w.c_re, hidden, hidden, packed.c_re[l]);
                L::pack_transposed(w.c_im, hidden, hidden, packed.c_im[l]);
                L::pack_transposed(w.d, inputs, hidden, packed.d[l]);
                L::pack_transposed(w.b, inputs, hidden, packed.b[l]);
                continue;
            }
            pack_rows(hidden, w.bias_in, inputs, T(1),
                      [&](int j, int k) { return w.b[size_t(j) * inputs + k]; }, packed.in[l]);
            pack_rows(hidden, w.bias_out, 2 * hidden + inputs, T(-2 * kLog2E),
                      [&](int j, int k) {
                          return k < hidden       ? w.c_re[size_t(j) * hidden + k]
                                 : k < 2 * hidden ? w.c_im[size_t(j) * hidden + k - hidden]
                                                  : w.d[size_t(j) * inputs + k - 2 * hidden];
                      },
                      packed.out[l]);
        }
    }

    // --- forward ---

    template <int N>
    static DRYWET_INLINE const T* add_columns(const T* w, const V* x, int columns, V* acc) {
        for (int k = 0; k < columns; ++k, x += NV, w += N) {
            V xk[NV];
            unroll<NV>([&](auto v) DRYWET_LAMBDA { xk[v] = x[v]; });
            unroll<N>([&](auto n) DRYWET_LAMBDA {
                const V weight = broadcast<V>(w[n]);
                unroll<NV>([&](auto v) DRYWET_LAMBDA { acc[n * NV + v] += weight * xk[v]; });
            });
        }
        return w;
    }

    // N rows times the values of two arrays; `done(row, vector, sum)` takes each sum.
    template <int N, class F>
    static DRYWET_INLINE const T* some_rows(const T* w, int row, const V* x, int columns,
                                            const V* more, int more_columns, const F& done) {
        V acc[N * NV];
        unroll<N>([&](auto n) DRYWET_LAMBDA {
            const V bias = broadcast<V>(w[n]);
            unroll<NV>([&](auto v) DRYWET_LAMBDA { acc[n * NV + v] = bias; });
        });
        w = add_columns<N>(w + N, x, columns, acc);
        w = add_columns<N>(w, more, more_columns, acc);
        unroll<N * NV>([&](auto q) DRYWET_LAMBDA { done(row + q / NV, q % NV, acc[q]); });
        return w;
    }

    template <class F>
    static DRYWET_INLINE void rows(const T* w, int hidden, const V* x, int columns, const V* more,
                                   int more_columns, const F& done) {
        for (int j = 0; j < hidden;) {
            const int n = rows_together(hidden - j);
            if (n == kTile)
                w = some_rows<kTile>(w, j, x, columns, more, more_columns, done);
            else if (n == 4)
                w = some_rows<4>(w, j, x, columns, more, more_columns, done);
            else
                w = some_rows<1>(w, j, x, columns, more, more_columns, done);
            j += n;
        }
    }

    // One step of a layer: x [inputs], states [2 hidden] before and after, z and y [hidden].
    static void step(const Packed& packed, int l, const V* x, int inputs, int hidden,
                     const V* before, V* after, V* z, V* y) {
        const T *re = packed.re[l], *im = packed.im[l], *gain = packed.gain[l];
        rows(packed.in[l], hidden, x, inputs, x, 0, [&](int j, int v, V in) DRYWET_LAMBDA {
            const V a = before[j * NV + v], b = before[(hidden + j) * NV + v];
            after[j * NV + v] = a + (re[j] * a + (gain[j] * in - im[j] * b));
            after[(hidden + j) * NV + v] = b + (re[j] * b + im[j] * a);
        });
        rows(packed.out[l], hidden, after, 2 * hidden, x, inputs,
             [&](int j, int v, V sum) DRYWET_LAMBDA {
                 const V t = scaled_tanh<T>(sum);
                 z[j * NV + v] = t;
                 y[j * NV + v] = l ? V(x[j * NV + v] + t) : t;
             });
    }

    static void forward(const ForwardJob<T>& job) {
        const Net<T>& net = job.net;
        const int hidden = net.hidden, states = s_row(net), z_step = z_row(net);
        const Packed packed(net, job.packed);
        const int capacity = job.keep || job.steps < kChunk ? job.steps : kChunk;
        const Tape tape(net, capacity, (V*)job.tape);
        for (int l = 0; l < net.layers; ++l) {
            B::load_state(job.h0, job, l, tape.s[l]);
            B::load_state(job.c0, job, l, tape.s[l] + hidden * NV);
        }
        V y[kChunk * NV];
        for (int t0 = 0; t0 < job.steps; t0 += kChunk) {
            const int n = job.steps - t0 < kChunk ? job.steps - t0 : kChunk;
            const size_t at = job.keep ? t0 : 0;
            V* const x = tape.x[0] + at * x_row(net, 0);
            for (int i = 0; i < net.inputs; ++i)
                to_lanes(job.x + size_t(t0) * net.inputs + i, job.x_stride, job.lanes, n,
                         net.inputs, (T*)(x + i * NV), kLanes, net.inputs * kLanes);
            for (int l = 0; l < net.layers; ++l) {
                const V* in = tape.x[l] + at * x_row(net, l);
                V* out = tape.x[l + 1] + at * x_row(net, l + 1);
                V* s = tape.s[l] + at * states;
                V* z = tape.z[l] + at * z_step;
                for (int t = 0; t < n; ++t)
                    step(packed, l, in + t * x_row(net, l), net.layer_inputs(l), hidden,
                         s + t * states, s + (t + 1) * states, z + t * z_step,
                         out + t * hidden * NV);
            }
            const V* const last = tape.x[net.layers] + at * hidden * NV;
            const int skipped = job.last ? (t0 + n < job.steps ? n : n - 1) : 0;
            for (int t = skipped; t < n; ++t)
                B::head(net, last + t * hidden * NV, x + t * x_row(net, 0), y + (t - skipped) * NV);
            from_lanes((const T*)y, kLanes, job.lanes, n - skipped, 1, job.y + (job.last ? 0 : t0),
                       job.y_stride);
            if (!job.keep)
                for (int l = 0; l < net.layers; ++l)
                    memcpy((void*)tape.s[l], tape.s[l] + n * states, 2 * hidden * NV * sizeof(V));
        }
        const size_t end = job.keep ? size_t(job.steps) : 0;
        for (int l = 0; l < net.layers; ++l) {
            const V* const s = tape.s[l] + end * states;
            if (job.hn) B::store_state(s, job, l, job.hn);
            if (job.cn) B::store_state(s + hidden * NV, job, l, job.cn);
        }
    }

    // --- backward ---

    // Sums of gradients, a vector for each weight, and what goes from chunk to chunk.
    struct Work {
        V *b[kMaxLayers], *d[kMaxLayers];              // [hidden][inputs]
        V *bias_in[kMaxLayers], *bias_out[kMaxLayers];  // [hidden]
        V* c[kMaxLayers];                               // [hidden][2 hidden]
        V *re[kMaxLayers], *im[kMaxLayers];             // [hidden], of the poles
        V* head_weight;
        V* head_bias;
        V* sums_end;
        V* ds[kMaxLayers];  // [2 hidden] values: of the states, from the step after
        V* drive;           // [chunk][hidden]: of what drives the states
        V* above;           // [chunk][hidden]: of what leaves a layer
        V* below;           // [chunk][max(hidden, inputs)]: of what goes in
        V* dy;              // [chunk]
        size_t size;

        Work(const Net<T>& net, V* at) {
            V* const begin = at;
            const size_t hidden = net.hidden;
            for (int l = 0; l < net.layers; ++l) {
                const size_t inputs = net.layer_inputs(l);
                b[l] = at, at += hidden * inputs;
                d[l] = at, at += hidden * inputs;
                bias_in[l] = at, at += hidden;
                bias_out[l] = at, at += hidden;
                c[l] = at, at += 2 * hidden * hidden;
                re[l] = at, at += hidden;
                im[l] = at, at += hidden;
            }
            head_weight = at, at += hidden;
            head_bias = at, at += 1;
            sums_end = at;
            for (int l = 0; l < net.layers; ++l) ds[l] = at, at += 2 * hidden * NV;
            const size_t widest = net.hidden > net.inputs ? net.hidden : net.inputs;
            drive = at, at += size_t(kChunk) * z_row(net);
            above = at, at += kChunk * widest * NV;
            below = at, at += kChunk * widest * NV;
            dy = at, at += kChunk * NV;
            size = size_t(at - begin);
        }
    };

    static size_t work_bytes(const Net<T>& net) { return Work(net, (V*)sizeof(V)).size * sizeof(V); }

    // One step of a layer back. `dx` [inputs] is written where it isn't null.
    static void step_back(const Packed& packed, int l, int inputs, int hidden, const V* above, V* z,
                          const V* before, V* ds, V* drive, V* dx, const Work& work) {
        for (int q = 0; q < hidden * NV; ++q) z[q] = above[q] * (T(1) - z[q] * z[q]);
        L::template transposed<true>(packed.c_re[l], z, hidden, hidden, ds);
        L::template transposed<true>(packed.c_im[l], z, hidden, hidden, ds + hidden * NV);
        for (int j = 0; j < hidden; ++j) {
            const T re = packed.re[l][j], im = packed.im[l][j], gain = packed.gain[l][j];
            V sum_re = work.re[l][j], sum_im = work.im[l][j];
            unroll<NV>([&](auto v) DRYWET_LAMBDA {
                V& real = ds[j * NV + v];
                V& imaginary = ds[(hidden + j) * NV + v];
                const V a = before[j * NV + v], b = before[(hidden + j) * NV + v];
                const V r = real, i = imaginary;
                sum_re += r * a + i * b;
                sum_im += i * a - r * b;
                drive[j * NV + v] = gain * r;
                real = r + (re * r + im * i);
                imaginary = i + (re * i - im * r);
            });
            work.re[l][j] = sum_re, work.im[l][j] = sum_im;
        }
        if (!dx) return;
        L::template transposed<false>(packed.d[l], z, inputs, hidden, dx);
        L::template transposed<true>(packed.b[l], drive, inputs, hidden, dx);
        if (l)
            for (int q = 0; q < hidden * NV; ++q) dx[q] += above[q];
    }

    static void backward(const BackwardJob<T>& job) {
        const Net<T>& net = job.net;
        const int hidden = net.hidden, states = s_row(net), z_step = z_row(net);
        const Packed packed(net, job.packed);
        const Tape tape(net, job.steps, (V*)job.tape);
        Work work(net, (V*)job.work);
        memset((void*)job.work, 0, size_t((char*)work.sums_end - (char*)job.work));
        for (int l = 0; l < net.layers; ++l) {
            B::load_state(job.dhn, job, l, work.ds[l]);
            B::load_state(job.dcn, job, l, work.ds[l] + hidden * NV);
        }
        const int chunks = (job.steps + kChunk - 1) / kChunk;
        for (int chunk = chunks - 1; chunk >= 0; --chunk) {
            const size_t t0 = size_t(chunk) * kChunk;
            const int n = job.steps - int(t0) < kChunk ? job.steps - int(t0) : kChunk;
            const int skipped = job.last ? (int(t0) + n < job.steps ? n : n - 1) : 0;
            to_lanes(job.dy + (job.last ? 0 : t0), job.dy_stride, job.lanes, n - skipped, 1,
                     (T*)work.dy, kLanes, kLanes);
            L::head_gradients(work.dy, tape.x[net.layers] + (t0 + skipped) * hidden * NV, hidden,
                              hidden * NV, n - skipped, work.head_weight, work.head_bias);
            for (int t = 0; t < n; ++t)
                for (int j = 0; j < hidden; ++j)
                    unroll<NV>([&](auto v) DRYWET_LAMBDA {
                        work.above[(t * hidden + j) * NV + v] =
                            t < skipped ? V{}
                                        : V(net.head_weight[j] * work.dy[(t - skipped) * NV + v]);
                    });
            for (int l = net.layers - 1; l >= 0; --l) {
                const int inputs = net.layer_inputs(l);
                const V* const x = tape.x[l] + t0 * x_row(net, l);
                const V* const s = tape.s[l] + t0 * states;
                V* const z = tape.z[l] + t0 * z_step;
                const bool down = l > 0 || job.dx;
                for (int t = n - 1; t >= 0; --t)
                    step_back(packed, l, inputs, hidden, work.above + t * hidden * NV,
                              z + t * z_step, s + t * states, work.ds[l], work.drive + t * z_step,
                              down ? work.below + t * inputs * NV : nullptr, work);
                L::template gradients<false, true>(z, hidden, x, inputs, x_row(net, l), n, work.d[l],
                                                   work.bias_out[l]);
                L::template gradients<false, true>(work.drive, hidden, x, inputs, x_row(net, l), n,
                                                   work.b[l], work.bias_in[l]);
                L::template gradients<false, false>(z, hidden, s + states, 2 * hidden, states, n,
                                                    work.c[l], nullptr);
                V* const swap = work.above;
                work.above = work.below, work.below = swap;
            }
            if (job.dx) B::input_gradients(job, work.above, work.dy, int(t0), n);
        }
        for (int l = 0; l < net.layers; ++l) {
            if (job.dh0) B::store_state(work.ds[l], job, l, job.dh0);
            if (job.dc0) B::store_state(work.ds[l] + hidden * NV, job, l, job.dc0);
        }
        add_lanes(net, work, job.gradients);
    }

    // The sums over the lanes, as numbers in the parameters' order.
    static void add_lanes(const Net<T>& net, const Work& work, T* to) {
        const int hidden = net.hidden;
        for (int l = 0; l < net.layers; ++l) {
            const int inputs = net.layer_inputs(l);
            const T* const of_b = to;
            to = B::lanes_of(work.b[l], hidden, inputs, inputs, to);
            to = B::lanes_of(work.d[l], hidden, inputs, inputs, to);
            to = B::lanes_of(work.c[l], hidden, hidden, 2 * hidden, to);
            to = B::lanes_of(work.c[l] + hidden, hidden, hidden, 2 * hidden, to);
            const T* const of_bias = to;
            to = B::lanes_of(work.bias_in[l], 1, hidden, hidden, to);
            to = B::lanes_of(work.bias_out[l], 1, hidden, hidden, to);
            to = pole_gradients(net, l, of_b, of_bias, work, to);
        }
        to = B::lanes_of(work.head_weight, 1, hidden, hidden, to);
        B::lanes_of(work.head_bias, 1, 1, 1, to);
    }

    // By the poles' rates and angles, from those by the poles and by what drives the states: the
    // gain's is the product of the latter with the weights, over the gain.
    static T* pole_gradients(const Net<T>& net, int l, const T* of_b, const T* of_bias,
                             const Work& work, T* to) {
        const int hidden = net.hidden, inputs = net.layer_inputs(l);
        const StateSpaceWeights<T> w(net.layer[l], inputs, hidden);
        for (int j = 0; j < hidden; ++j) {
            const Pole pole = Pole::of<T>(net.layer[l], hidden, j);
            const double re = sum<T>(work.re[l][j]), im = sum<T>(work.im[l][j]);
            double driven = double(of_bias[j]) * w.bias_in[j];
            for (int k = 0; k < inputs; ++k)
                driven += double(of_b[j * inputs + k]) * w.b[size_t(j) * inputs + k];
            const double of_gain = pole.gain > 0 ? driven / pole.gain : 0.0;
            to[j] = T(of_gain * pole.gain_slope() - pole.rate * (re * pole.re + im * pole.im));
            to[hidden + j] = T(im * pole.re - re * pole.im);
        }
        return to + 2 * hidden;
    }
};

template <class T>
constexpr BatchKernel<T> state_space_kernel() {
    using S = StateSpaceBatch<T, kGroup>;
    return {S::kLanes,      S::kChunk, S::tape_bytes, S::work_bytes,
            S::packed_size, S::pack,   S::forward,    S::backward};
}

}  // namespace DRYWET_TARGET
}  // namespace drywet
