// NeuralAudio's LSTM with compile-time sizes and its default, approximate, activations.

#include <cassert>
#include <memory>

#include <NeuralAudio/LSTM.h>

#include "bench.hpp"

template <int L, int H>
void bench() {
    const Weights net = random_net(L, H);
    NeuralAudio::LSTMDef definition;
    for (const LayerWeights& layer : net.layers) {
        NeuralAudio::LSTMLayerDef one;
        for (const auto& row : layer.input)
            one.InputWeights.insert(one.InputWeights.end(), row.begin(), row.end());
        for (const auto& row : layer.hidden)
            one.HiddenWeights.insert(one.HiddenWeights.end(), row.begin(), row.end());
        one.BiasWeights = layer.bias;
        definition.Layers.push_back(one);
    }
    definition.HeadWeights = net.dense;
    definition.HeadBias = net.dense_bias;
    const auto model = std::make_unique<NeuralAudio::LSTMModelT<L, H>>();
    model->SetWeights(definition);
    measure("NeuralAudio", BUILD, L, H,
            [&](const float* in, float* out, int n) { model->Process(in, out, n); });
}

int main() {
    bench<1, 8>(), bench<1, 16>(), bench<1, 32>(), bench<1, 40>(), bench<1, 64>();
    bench<2, 8>(), bench<2, 16>(), bench<2, 32>();
}
