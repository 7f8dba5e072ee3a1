// RTNeural's LSTM with compile-time sizes and its default, exact, activations.

#include <memory>

#include <RTNeural/RTNeural.h>

#include "bench.hpp"

using namespace RTNeural;

template <int H>
using One = ModelT<float, 1, 1, LSTMLayerT<float, 1, H>, DenseT<float, H, 1>>;
template <int H>
using Two =
    ModelT<float, 1, 1, LSTMLayerT<float, 1, H>, LSTMLayerT<float, H, H>, DenseT<float, H, 1>>;

template <class L>
void fill(L& layer, const LayerWeights& weights) {
    layer.setWVals(weights.input);
    layer.setUVals(weights.hidden);
    layer.setBVals(weights.bias);
}

template <int L, int H, class Model>
void bench() {
    Weights net = random_net(L, H);
    const auto model = std::make_unique<Model>();
    fill(model->template get<0>(), net.layers[0]);
    if constexpr (L == 2) fill(model->template get<1>(), net.layers[1]);
    model->template get<L>().setWeights(Matrix{net.dense});
    model->template get<L>().setBias(&net.dense_bias);
    model->reset();
    measure("RTNeural", BUILD, L, H, [&](const float* in, float* out, int n) {
        for (int i = 0; i < n; ++i) out[i] = model->forward(in + i);
    });
}

int main() {
    bench<1, 8, One<8>>(), bench<1, 16, One<16>>(), bench<1, 32, One<32>>();
    bench<1, 40, One<40>>(), bench<1, 64, One<64>>();
    bench<2, 8, Two<8>>(), bench<2, 16, Two<16>>(), bench<2, 32, Two<32>>();
}
