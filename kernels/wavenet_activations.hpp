// A WaveNet's activations, of numbers scaled by activation_scale.
#pragma once

#include "simd.hpp"
#include "wavenet_job.hpp"

namespace drywet {
namespace DRYWET_TARGET {

template <Activation kind, class V>
DRYWET_INLINE V activated(V z, V slope) {
    (void)slope;
    if constexpr (kind == Activation::kTanh) return scaled_tanh<float>(z);
    if constexpr (kind == Activation::kRelu) return z < 0.0f ? V{} : z;
    if constexpr (kind == Activation::kLeakyRelu) return z < 0.0f ? slope * z : z;
    if constexpr (kind == Activation::kSigmoid) return logistic<float>(z);
    if constexpr (kind == Activation::kSilu) return z * logistic<float>(V(z * -float(kLog2E)));
    if constexpr (kind == Activation::kHardTanh) {
        z = z < -1.0f ? V{} - 1.0f : z;
        return z > 1.0f ? V{} + 1.0f : z;
    }
    if constexpr (kind == Activation::kHardSwish) {
        V gate = z + 3.0f;
        gate = gate < 0.0f ? V{} : gate;
        gate = gate > 6.0f ? V{} + 6.0f : gate;
        return z * gate * (1.0f / 6.0f);
    }
    if constexpr (kind == Activation::kSoftSign) return z / (1.0f + (z < 0.0f ? -z : z));
    return z;
}

template <Activation kind>
struct ActivationIndex {
    constexpr operator Activation() const { return kind; }
};

// Calls f with the activation as a compile-time number.
template <class F>
DRYWET_INLINE void with_activation(Activation kind, F&& f) {
    switch (kind) {
        case Activation::kTanh: return f(ActivationIndex<Activation::kTanh>{});
        case Activation::kRelu: return f(ActivationIndex<Activation::kRelu>{});
        case Activation::kLeakyRelu: return f(ActivationIndex<Activation::kLeakyRelu>{});
        case Activation::kSigmoid: return f(ActivationIndex<Activation::kSigmoid>{});
        case Activation::kSilu: return f(ActivationIndex<Activation::kSilu>{});
        case Activation::kHardTanh: return f(ActivationIndex<Activation::kHardTanh>{});
        case Activation::kHardSwish: return f(ActivationIndex<Activation::kHardSwish>{});
        case Activation::kSoftSign: return f(ActivationIndex<Activation::kSoftSign>{});
        case Activation::kLinear: return f(ActivationIndex<Activation::kLinear>{});
    }
}

}  // namespace DRYWET_TARGET
}  // namespace drywet
