// One layer over a batch in SIMD lanes: forward, backward, weight gradients.
//
// A value of a batch is NV vectors V side by side, a sequence in each lane; an
// array "[a][b] of values" is V[a][b][NV]. Every function works on values in
// memory and weights packed in exactly the order in which they are read, so that
// a broadcast weight meets 1 to NV vectors and the accumulators stay in
// registers.
#pragma once

#include "cells.hpp"

namespace drywet {
namespace DRYWET_TARGET {

template <class T, Cell cell, int NV>
struct Layer {
    using V = Vec<T, kWidth<T>>;
    using U = Unit<cell>;
    static constexpr int S = U::kSlots;
    static constexpr int G = gates_of(cell);
    static constexpr int kAccumulators = kRegisters / 2;
    // Units, and columns of the transposed product, that are computed together.
    static constexpr int kUnits = kAccumulators / (S * NV) > 1 ? kAccumulators / (S * NV) : 1;
    static constexpr int kColumns = kAccumulators / NV;
    // Rows and columns of a tile of weight gradients.
    static constexpr int kRows = cell == Cell::kRnn ? 4 : G;
    static constexpr int kTile = kRegisters == 32 ? 6 : 3;
    static constexpr int kHeadTile = 8;

    // Vectors from one step's slots, or hidden values and extras, to the next's. An odd number of
    // values: steps a power of two apart would fall into the same few sets of the cache.
    static constexpr int slots_row(int hidden) { return (hidden * S | 1) * NV; }
    static constexpr int hidden_row(int hidden, int extras) { return ((hidden + extras) | 1) * NV; }

    // --- packing ---

    static size_t packed_forward(int inputs, int hidden) {
        return size_t(hidden) * (S + G * (inputs + hidden));
    }

    static void pack_forward(const typename Net<T>::Layer& from, int inputs, int hidden, T* to) {
        for (int j = 0; j < hidden;) {
            const int n = j + kUnits <= hidden ? kUnits : 1;
            for (int u = 0; u < n; ++u) {
                for (int s = 0; s < S; ++s) to[u * S + s] = 0;
                for (int g = 0; g < G; ++g) {
                    const int row = g * hidden + j + u;
                    to[u * S + U::in_slot(g)] += from.b_ih[row];
                    to[u * S + U::hidden_slot(g)] += from.b_hh[row];
                }
                for (int s = 0; s < S; ++s) to[u * S + s] *= T(U::scale(s));
            }
            to += n * S;
            for (int i = 0; i < inputs; ++i)
                for (int u = 0; u < n; ++u)
                    for (int g = 0; g < G; ++g)
                        *to++ = from.w_ih[size_t(g * hidden + j + u) * inputs + i] *
                                T(U::scale(U::in_slot(g)));
            for (int k = 0; k < hidden; ++k)
                for (int u = 0; u < n; ++u)
                    for (int g = 0; g < G; ++g)
                        *to++ = from.w_hh[size_t(g * hidden + j + u) * hidden + k] *
                                T(U::scale(U::hidden_slot(g)));
            j += n;
        }
    }

    static size_t packed_transposed(int columns, int hidden) {
        return size_t(hidden) * G * columns;
    }

    static int tile_of(int left) { return left >= kColumns ? kColumns : left >= 4 ? 4 : 1; }

    // `weights` is w_ih or w_hh.
    static void pack_transposed(const T* weights, int columns, int hidden, T* to) {
        for (int k = 0; k < columns;) {
            const int n = tile_of(columns - k);
            for (int j = 0; j < hidden; ++j)
                for (int g = 0; g < G; ++g)
                    for (int c = 0; c < n; ++c)
                        *to++ = weights[size_t(g * hidden + j) * columns + k + c];
            k += n;
        }
    }

    // --- forward ---

    template <int N>
    static DRYWET_INLINE const T* forward_units(const T* w, const V* x, int inputs, const V* h,
                                                int hidden, const V* h_unit, const V* c_unit,
                                                V* slots, V* h_out, V* c_out) {
        V acc[N * S * NV];
        unroll<N * S>([&](auto r) DRYWET_LAMBDA {
            const V b = broadcast<V>(w[r]);
            unroll<NV>([&](auto v) DRYWET_LAMBDA { acc[r * NV + v] = b; });
        });
        w += N * S;
        for (int i = 0; i < inputs; ++i, x += NV, w += N * G)
            unroll<N * G>([&](auto r) DRYWET_LAMBDA {
                constexpr int slot = (r / G) * S + U::in_slot(r % G);
                const V b = broadcast<V>(w[r]);
                unroll<NV>([&](auto v) DRYWET_LAMBDA { acc[slot * NV + v] += b * x[v]; });
            });
        for (int k = 0; k < hidden; ++k, h += NV, w += N * G) {
            V hk[NV];
            unroll<NV>([&](auto v) DRYWET_LAMBDA { hk[v] = h[v]; });
            unroll<N * G>([&](auto r) DRYWET_LAMBDA {
                constexpr int slot = (r / G) * S + U::hidden_slot(r % G);
                const V b = broadcast<V>(w[r]);
                unroll<NV>([&](auto v) DRYWET_LAMBDA { acc[slot * NV + v] += b * hk[v]; });
            });
        }
        unroll<N * NV>([&](auto q) DRYWET_LAMBDA {
            constexpr int u = q / NV, v = q % NV;
            V slot[S];
            unroll<S>([&](auto s) DRYWET_LAMBDA { slot[s] = acc[(u * S + s) * NV + v]; });
            V c = V{};
            if constexpr (U::kHasC) c = c_unit[q];
            h_out[q] = U::template forward<T>(slot, h_unit[q], c);
            if constexpr (U::kHasC) c_out[q] = c;
            unroll<S>([&](auto s) DRYWET_LAMBDA { slots[(u * S + s) * NV + v] = slot[s]; });
        });
        return w;
    }

    // One step: x [inputs], h and c [hidden] before and after, slots [hidden][S].
    static void forward(const T* w, const V* x, int inputs, int hidden, const V* h, const V* c,
                        V* slots, V* h_out, V* c_out) {
        int j = 0;
        for (; j + kUnits <= hidden; j += kUnits)
            w = forward_units<kUnits>(w, x, inputs, h, hidden, h + j * NV, c + j * NV,
                                      slots + j * S * NV, h_out + j * NV, c_out + j * NV);
        for (; j < hidden; ++j)
            w = forward_units<1>(w, x, inputs, h, hidden, h + j * NV, c + j * NV,
                                 slots + j * S * NV, h_out + j * NV, c_out + j * NV);
    }

    // --- backward ---

    // One step through the cells. The gradients of the pre-activations overwrite the slots
    // [hidden][S]: another array would push more out of the cache. dh [hidden] holds the gradient
    // of this step's h and is overwritten by the part of the previous step's that doesn't go
    // through the weights. `from_above(j, v)` is dh's part from the layer above or the dense layer.
    template <class F>
    static DRYWET_INLINE void backward_units(int hidden, V* slots, const V* h_before,
                                             const V* c_before, const V* h, int h_row, int c_row,
                                             V* dh, V* dc, const F& from_above) {
        for (int q = 0; q < hidden * NV; ++q) {
            const int j = q / NV, v = q % NV;
            V* at = slots + j * S * NV + v;
            // Time runs backward here, which the CPU's own prefetching doesn't expect.
            unroll<S>([&](auto s) DRYWET_LAMBDA {
                __builtin_prefetch(at + s * NV - slots_row(hidden));
            });
            __builtin_prefetch(h_before + q - h_row);
            if constexpr (U::kHasC) __builtin_prefetch(c_before + q - c_row);
            V slot[S];
            unroll<S>([&](auto s) DRYWET_LAMBDA { slot[s] = at[s * NV]; });
            V d = V{}, before = V{};
            if constexpr (U::kHasC) d = dc[q], before = c_before[q];
            dh[q] = U::template backward<T>(slot, h_before[q], before, h[q],
                                            V(dh[q] + from_above(j, v)), d);
            if constexpr (U::kHasC) dc[q] = d;
            unroll<S>([&](auto s) DRYWET_LAMBDA { at[s * NV] = slot[s]; });
        }
    }

    template <int N, bool Hidden>
    static DRYWET_INLINE const T* transposed_columns(const T* w, const V* dz, int hidden, V* out) {
        V acc[N * NV];
        unroll<N * NV>([&](auto q) DRYWET_LAMBDA { acc[q] = Hidden ? out[q] : V{}; });
        for (int j = 0; j < hidden; ++j, dz += S * NV)
            unroll<G>([&](auto g) DRYWET_LAMBDA {
                constexpr int slot = Hidden ? U::hidden_slot(g) : U::in_slot(g);
                V d[NV];
                unroll<NV>([&](auto v) DRYWET_LAMBDA { d[v] = dz[slot * NV + v]; });
                unroll<N>([&](auto n) DRYWET_LAMBDA {
                    const V b = broadcast<V>(w[n]);
                    unroll<NV>([&](auto v) DRYWET_LAMBDA { acc[n * NV + v] += b * d[v]; });
                });
                w += N;
            });
        unroll<N * NV>([&](auto q) DRYWET_LAMBDA { out[q] = acc[q]; });
        return w;
    }

    // The gradients dz [hidden][S] back through weights to `columns` values: added
    // to `out` for the hidden weights, written to it for the input weights.
    template <bool Hidden>
    static void transposed(const T* w, const V* dz, int columns, int hidden, V* out) {
        for (int k = 0; k < columns;) {
            const int n = tile_of(columns - k);
            if (n == kColumns)
                w = transposed_columns<kColumns, Hidden>(w, dz, hidden, out);
            else if (n == 4)
                w = transposed_columns<4, Hidden>(w, dz, hidden, out);
            else
                w = transposed_columns<1, Hidden>(w, dz, hidden, out);
            k += n;
            out += n * NV;
        }
    }

    // --- weight gradients ---
    //
    // Sums over time and lanes of dz times what the weight met; one vector of
    // partial sums per weight, added up over the lanes at the very end.

    // R rows of a weight matrix: where their gradient is in a step's slots, and their numbers.
    template <int R>
    struct Rows {
        int slot[R];
        int number[R];
    };

    // Rows in the order in which they lie in the slots.
    template <int R, bool Hidden>
    static DRYWET_INLINE Rows<R> rows_from(int first, int hidden) {
        Rows<R> rows;
        for (int r = 0; r < R; ++r) {
            const int j = (first + r) / G, g = (first + r) % G;
            rows.slot[r] = j * S + (Hidden ? U::hidden_slot(g) : U::in_slot(g));
            rows.number[r] = g * hidden + j;
        }
        return rows;
    }

    // A tile: R rows times C columns, added to `acc` [G * hidden][columns]. With Sum also the
    // rows alone, which is the bias' gradient.
    template <int R, int C, bool Sum>
    static DRYWET_INLINE void outer(const V* dz, int dz_step, const Rows<R>& rows, const V* u,
                                    int u_step, int steps, V* acc, size_t columns, V* sums) {
        V a[R * C], b[R];
        unroll<R * C>([&](auto q) DRYWET_LAMBDA {
            a[q] = acc[rows.number[q / C] * columns + q % C];
        });
        if constexpr (Sum) unroll<R>([&](auto r) DRYWET_LAMBDA { b[r] = sums[rows.number[r]]; });
        const V* d[R];
        unroll<R>([&](auto r) DRYWET_LAMBDA { d[r] = dz + rows.slot[r] * NV; });
        for (int t = 0; t < steps; ++t, u += u_step) {
            unroll<NV>([&](auto v) DRYWET_LAMBDA {
                V uc[C];
                unroll<C>([&](auto c) DRYWET_LAMBDA { uc[c] = in_register(u[c * NV + v]); });
                unroll<R>([&](auto r) DRYWET_LAMBDA {
                    const V dr = d[r][size_t(t) * dz_step + v];
                    unroll<C>([&](auto c) DRYWET_LAMBDA { a[r * C + c] += dr * uc[c]; });
                    if constexpr (Sum) b[r] += dr;
                });
            });
        }
        unroll<R * C>([&](auto q) DRYWET_LAMBDA {
            acc[rows.number[q / C] * columns + q % C] = a[q];
        });
        if constexpr (Sum) unroll<R>([&](auto r) DRYWET_LAMBDA { sums[rows.number[r]] = b[r]; });
    }

    // C columns for the rows from `row` on, R at a time for as long as there are so many.
    template <int R, int C, bool Hidden, bool Sum>
    static DRYWET_INLINE int rows_gradients(int row, const V* dz, int hidden, const V* u, int u_step,
                                            int steps, V* acc, size_t columns, V* sums) {
        for (; row + R <= G * hidden; row += R)
            outer<R, C, Sum>(dz, slots_row(hidden), rows_from<R, Hidden>(row, hidden), u, u_step,
                             steps, acc, columns, sums);
        return row;
    }

    // One tile of columns for all rows of a weight matrix.
    template <bool Hidden, bool Sum, int C>
    static void column_gradients(int columns_in_tile, const V* dz, int hidden, const V* u,
                                 int u_step, int steps, V* acc, size_t columns, V* sums) {
        if (columns_in_tile == C) {
            const int row = rows_gradients<kRows, C, Hidden, Sum>(0, dz, hidden, u, u_step, steps,
                                                                  acc, columns, sums);
            rows_gradients<1, C, Hidden, Sum>(row, dz, hidden, u, u_step, steps, acc, columns, sums);
        } else if constexpr (C > 1) {
            column_gradients<Hidden, Sum, C - 1>(columns_in_tile, dz, hidden, u, u_step, steps, acc,
                                                 columns, sums);
        }
    }

    // Adds the gradients of one weight matrix, and with Sum of its bias, over `steps`
    // steps. dz [steps][hidden][S]; u [steps][columns], `u_step` vectors apart; acc
    // V[G * hidden][columns], sums V[G * hidden]. A tile of columns stays in the
    // first-level cache while dz streams by.
    template <bool Hidden, bool Sum>
    static void gradients(const V* dz, int hidden, const V* u, int columns, int u_step, int steps,
                          V* acc, V* sums) {
        constexpr int kFirst = Sum ? kTile - 2 : kTile;  // leaves registers for the sums
        const int first = columns < kFirst ? columns : kFirst;
        column_gradients<Hidden, Sum, kFirst>(first, dz, hidden, u, u_step, steps, acc, columns,
                                              sums);
        for (int k = first; k < columns; k += kTile)
            column_gradients<Hidden, false, kTile>(columns - k < kTile ? columns - k : kTile, dz,
                                                   hidden, u + k * NV, u_step, steps, acc + k,
                                                   columns, sums);
    }

    // The gradients of the dense layer: dy [steps] times h [steps][hidden].
    static void head_gradients(const V* dy, const V* h, int hidden, int h_row, int steps, V* weight,
                               V* bias) {
        V sum = *bias;
        for (int i = 0; i < steps * NV; ++i) sum += dy[i];
        *bias = sum;
        for (int k = 0; k < hidden; k += kHeadTile)
            head_columns<kHeadTile>(hidden - k, dy, h + k * NV, h_row, steps, weight + k);
    }

    template <int C>
    static DRYWET_INLINE void head_columns(int columns, const V* dy, const V* h, int h_step,
                                           int steps, V* weight) {
        if (columns >= C)
            outer<1, C, false>(dy, NV, Rows<1>{}, h, h_step, steps, weight, 0, nullptr);
        else if constexpr (C > 1)
            head_columns<C - 1>(columns, dy, h, h_step, steps, weight);
    }
};

}  // namespace DRYWET_TARGET
}  // namespace drywet
