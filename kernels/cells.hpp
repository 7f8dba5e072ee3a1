// LSTM, GRU and RNN, a unit at a time: from pre-activations to the new state, and back.
//
// A unit has kSlots pre-activations, which are sums over the inputs and the
// hidden units. Row g of the unit's input weights adds to slot in_slot(g), of its
// hidden weights to slot hidden_slot(g). The pre-activations arrive multiplied by
// scale(slot), which has been folded into the weights (see simd.hpp). `forward`
// leaves in the slots what `backward` needs, `backward` the gradients of the
// unscaled pre-activations.
//
// Equations and gate order are those of torch.nn.LSTM, GRU and RNN (tanh).
#pragma once

#include "net.hpp"
#include "simd.hpp"

namespace drywet {
namespace DRYWET_TARGET {

template <Cell cell>
struct Unit;

// i, f, g, o; c' = f c + i g; h = o tanh(c').
template <>
struct Unit<Cell::kLstm> {
    static constexpr int kSlots = 4;
    static constexpr bool kHasC = true;
    static constexpr int in_slot(int g) { return g; }
    static constexpr int hidden_slot(int g) { return g; }
    static constexpr double scale(int slot) { return slot == 2 ? -2 * kLog2E : -kLog2E; }

    template <class T, class V>
    static DRYWET_INLINE V forward(V* slot, V, V& c) {
        slot[0] = logistic<T>(slot[0]);
        slot[1] = logistic<T>(slot[1]);
        slot[2] = scaled_tanh<T>(slot[2]);
        slot[3] = logistic<T>(slot[3]);
        c = slot[1] * c + slot[0] * slot[2];
        const V s = logistic<T>(V(c * T(-2 * kLog2E)));
        return (slot[3] + slot[3]) * s - slot[3];  // o tanh(c), one step sooner
    }

    // `dc` holds the gradient that comes from the next step and leaves with the
    // previous step's. tanh(c) isn't kept: it is h / o, or 0 where o underflows.
    template <class T, class V>
    static DRYWET_INLINE V backward(V* slot, V, V c_before, V h, V dh, V& dc) {
        const V i = slot[0], f = slot[1], g = slot[2], o = slot[3];
        const V tc = tanh_from(h, o, T(1));
        const V d = dc + dh * (o - h * tc);
        slot[0] = d * g * (i - i * i);
        slot[1] = d * c_before * (f - f * f);
        slot[2] = d * (i - i * g * g);
        slot[3] = dh * (h - h * o);
        dc = d * f;
        return V{};
    }

    template <class V>
    static DRYWET_INLINE V tanh_from(V h, V o, float) {
        return h * Logistic<V>::reciprocal(Logistic<V>::at_least(o, 1e-30f));
    }
    template <class V>
    static DRYWET_INLINE V tanh_from(V h, V o, double) {
        o = o < 1e-290 ? V{} + 1e-290 : o;
        return h / o;
    }
};

// r, z, n; h' = (1 - z) n + z h, n = tanh(input part + r (hidden part)).
// Slots: r, z, the input part of n, its hidden part.
template <>
struct Unit<Cell::kGru> {
    static constexpr int kSlots = 4;
    static constexpr bool kHasC = false;
    static constexpr int in_slot(int g) { return g; }
    static constexpr int hidden_slot(int g) { return g == 2 ? 3 : g; }
    static constexpr double scale(int slot) { return slot >= 2 ? -2 * kLog2E : -kLog2E; }

    template <class T, class V>
    static DRYWET_INLINE V forward(V* slot, V h, V&) {
        slot[0] = logistic<T>(slot[0]);
        slot[1] = logistic<T>(slot[1]);
        slot[2] = scaled_tanh<T>(V(slot[2] + slot[0] * slot[3]));
        return slot[2] + slot[1] * (h - slot[2]);
    }

    // Returns the part of the previous state's gradient that skips the weights.
    template <class T, class V>
    static DRYWET_INLINE V backward(V* slot, V h_before, V, V, V dh, V&) {
        const V r = slot[0], z = slot[1], n = slot[2];
        const V hidden_part = slot[3] * T(-1 / (2 * kLog2E));
        const V dn = (dh - dh * z) * (T(1) - n * n);
        slot[0] = dn * hidden_part * (r - r * r);
        slot[1] = dh * (h_before - n) * (z - z * z);
        slot[2] = dn;
        slot[3] = dn * r;
        return dh * z;
    }
};

template <>
struct Unit<Cell::kRnn> {
    static constexpr int kSlots = 1;
    static constexpr bool kHasC = false;
    static constexpr int in_slot(int) { return 0; }
    static constexpr int hidden_slot(int) { return 0; }
    static constexpr double scale(int) { return -2 * kLog2E; }

    template <class T, class V>
    static DRYWET_INLINE V forward(V* slot, V, V&) {
        slot[0] = scaled_tanh<T>(slot[0]);
        return slot[0];
    }

    template <class T, class V>
    static DRYWET_INLINE V backward(V* slot, V, V, V h, V dh, V&) {
        slot[0] = dh * (T(1) - h * h);
        return V{};
    }
};

}  // namespace DRYWET_TARGET
}  // namespace drywet
