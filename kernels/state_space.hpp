// State-space layers: a complex state for each unit, which decays and turns; what comes of the
// states goes through tanh and is added to the layer's input (not in the first layer).
//
//   s_j' = p_j s_j + g_j (B x + a)_j       p_j = exp(-exp(n_j) + i t_j),  g_j = sqrt(1 - |p_j|^2)
//   z    = C_re Re s' + C_im Im s' + D x + b
//   y    = tanh z, or x + tanh z
//
// The recurrence is that of Orvieto et al., "Resurrecting recurrent neural networks for long
// sequences", ICML 2023. Where the parameters are: see net.hpp.
//
// A step adds (p_j - 1) s_j: the pole of a state that lasts for thousands of samples lies so near
// 1 that float32 would round its time constant. What is added is summed up first, for the same
// reason: the state is rounded once a step.
#pragma once

#include "net.hpp"
#include "simd.hpp"

namespace drywet {
namespace DRYWET_TARGET {

// What a layer's parameters say of one unit's state.
struct Pole {
    double rate, decay, re, im, gain;
    double less_one;  // re - 1

    template <class T>
    static Pole of(const typename Net<T>::Layer& layer, int hidden, int unit) {
        Pole pole;
        pole.rate = ::exp(double(layer.b_hh[unit]));
        pole.decay = ::exp(-pole.rate);
        pole.re = pole.decay * ::cos(double(layer.b_hh[hidden + unit]));
        pole.im = pole.decay * ::sin(double(layer.b_hh[hidden + unit]));
        pole.less_one = pole.re - 1;
        pole.gain = ::sqrt(-::expm1(-2 * pole.rate));
        return pole;
    }

    // Of the gain by n_j; towards a pole on the unit circle it is 0.
    double gain_slope() const { return gain > 0 ? rate * decay * decay / gain : 0.0; }
};

// Its matrices among a layer's parameters, of which it is `inputs` wide.
template <class T>
struct StateSpaceWeights {
    const T *b, *d;        // (hidden, inputs)
    const T *c_re, *c_im;  // (hidden, hidden)
    const T *bias_in, *bias_out;

    StateSpaceWeights(const typename Net<T>::Layer& layer, int inputs, int hidden)
        : b(layer.w_ih),
          d(layer.w_ih + size_t(hidden) * inputs),
          c_re(layer.w_hh),
          c_im(layer.w_hh + size_t(hidden) * hidden),
          bias_in(layer.b_ih),
          bias_out(layer.b_ih + hidden) {}
};

}  // namespace DRYWET_TARGET
}  // namespace drywet
