// WaveNets over odd sizes: blocks against the whole, training against playing, gradients against
// differences.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "check.hpp"
#include "dispatch.hpp"
#include "wavenet_run.hpp"
#include "wavenet_training_run.hpp"

namespace {

using namespace drywet;

struct SomeNet {
    std::vector<WaveNetArraySettings> arrays;
    std::vector<float> weights;
};

SomeNet some_net(int inputs, int channels, Activation activation, Gating gating, bool plain) {
    const ActivationSettings kind{activation, 0.1f}, gate{Activation::kSigmoid, 0.0f};
    const int narrow = plain ? channels : channels + 1, ones = plain ? 0 : 2;
    std::vector<WaveNetArraySettings> arrays{
        {inputs, channels, narrow, ones ? ones : narrow, 1, false, plain, ones,
         {{3, 1, kind, gating, gate}, {2, 100, kind, gating, gate}, {6, 7, kind, gating, gate}}},
        {channels, channels, narrow, 1, 16, true, plain, ones,
         {{1, 1, kind, gating, gate}, {3, 40, kind, gating, gate}}}};
    std::size_t count = 1;
    for (const WaveNetArraySettings& array : arrays) {
        const int rows = gating == Gating::kNone ? narrow : 2 * narrow;
        count += std::size_t(channels) * array.inputs;
        for (const WaveNetLayerSettings& layer : array.layers) {
            count += std::size_t(rows) * (channels * layer.kernel + 1 + inputs);
            if (plain) count += std::size_t(channels) * (narrow + 1);
            if (ones) count += std::size_t(ones) * (narrow + 1);
        }
        count += std::size_t(array.outputs) * (ones ? ones : narrow) * array.head_kernel;
        count += array.head_bias ? std::size_t(array.outputs) : 0;
    }
    return {arrays, noise(count, 1 / std::sqrt(float(channels)))};
}

void check_playing(const Target& target, int inputs, int channels, Activation activation,
                   Gating gating, bool plain) {
    const auto [arrays, weights] = some_net(inputs, channels, activation, gating, plain);
    WaveNet net(target, arrays, weights.data(), weights.size());
    const std::vector<float> knobs = noise(std::size_t(inputs) - 1);
    net.settle(knobs.data());
    const std::vector<float> x = noise(1000 * std::size_t(inputs));
    std::vector<float> whole(1000), y(1000);
    net.process(x.data(), whole.data(), whole.size());
    net.reset();
    bool good = true;
    for (std::size_t at = 0, size = 1; at < y.size(); at += size, size = size * 2 + 1) {
        size = std::min(size, y.size() - at);
        const std::vector<float> from(x.begin() + long(at) * inputs,
                                      x.begin() + long(at + size) * inputs);
        std::vector<float> to(size);
        const long before = allocations;
        net.process(from.data(), to.data(), size);
        good = good && allocations == before;
        std::copy(to.begin(), to.end(), y.begin() + long(at));
    }
    const long before = allocations;
    net.reset();
    good = good && allocations == before && y == whole;
    // In silence with the knobs where it settled there is nothing to be heard of a beginning.
    std::vector<float> silence(100 * std::size_t(inputs)), rest(100);
    for (std::size_t t = 0; t < rest.size(); ++t)
        std::copy(knobs.begin(), knobs.end(), silence.begin() + long(t) * inputs + 1);
    net.process(silence.data(), rest.data(), rest.size());
    for (const float sample : rest) good = good && sample == rest[0];
    if (good) return;
    ++failures;
    std::printf("WaveNet: %s, %d inputs, %d channels, activation %d, gating %d\n", target.name,
                inputs, channels, int(activation), int(gating));
}

float inner(const std::vector<float>& a, const std::vector<float>& b) {
    return float(std::inner_product(a.begin(), a.end(), b.begin(), 0.0));
}

// Outputs are those of playing; the gradient's part in some direction is the output's difference.
void check_training(const Target& target, int inputs, int channels, Activation activation,
                    Gating gating, bool plain) {
    const auto [arrays, weights] = some_net(inputs, channels, activation, gating, plain);
    const std::size_t batch = 3, samples = 400;
    const std::size_t rows = std::size_t(inputs);
    const std::vector<float> x = noise(batch * rows * samples);  // (batch, inputs, samples)
    const WaveNetTrainer trainer(target, arrays, weights.data(), weights.size(), samples);
    const std::size_t wanted = trainer.wanted(), past = samples - wanted;
    std::vector<float> y(batch * wanted), untaped(y.size()), played(samples), one(rows * samples);
    const Buffer tape(batch * trainer.tape_bytes());
    trainer.forward(batch, x.data(), y.data(), tape.data(), 2);
    trainer.forward(batch, x.data(), untaped.data(), nullptr, 1);
    bool good = y == untaped;
    WaveNet net(target, arrays, weights.data(), weights.size());
    float largest = 0.0f;
    for (std::size_t window = 0; window < batch; ++window) {
        net.reset();
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t t = 0; t < samples; ++t)
                one[t * rows + i] = x[(window * rows + i) * samples + t];
        net.process(one.data(), played.data(), samples);
        for (std::size_t t = 0; t < wanted; ++t) {
            largest = std::max(largest, std::fabs(played[past + t]));
            good = good && std::fabs(y[window * wanted + t] - played[past + t]) < 1e-4f;
        }
    }
    const std::vector<float> dy = noise(y.size());
    std::vector<float> gradients(weights.size() - 1), again(gradients.size());
    trainer.backward(batch, tape.data(), dy.data(), gradients.data(), 1);
    trainer.backward(batch, tape.data(), dy.data(), again.data(), 3);
    good = good && gradients == again && largest > 0.0f;
    if (activation == Activation::kTanh || activation == Activation::kSilu) {  // smooth
        const float step = 2e-3f;
        std::vector<float> direction = noise(gradients.size());
        const auto moved = [&](float by) {
            std::vector<float> there = weights;
            for (std::size_t i = 0; i < direction.size(); ++i) there[i] += by * direction[i];
            const WaveNetTrainer other(target, arrays, there.data(), there.size(), samples);
            std::vector<float> out(y.size());
            other.forward(batch, x.data(), out.data(), nullptr, 1);
            return inner(out, dy);
        };
        const float difference = (moved(step) - moved(-step)) / (2 * step);
        const float slope = inner(gradients, direction);
        good = good && std::fabs(difference - slope) < 0.02f * (1.0f + std::fabs(slope));
    }
    if (good) return;
    ++failures;
    std::printf("training a WaveNet: %s, %d inputs, %d channels, activation %d, gating %d\n",
                target.name, inputs, channels, int(activation), int(gating));
}

}  // namespace

void check_wavenets() {
    for (const Target* target : targets_here()) {
        for (const int channels : {1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 17, 33})
            for (const bool plain : {false, true})
                for (const Activation activation : {Activation::kTanh, Activation::kLeakyRelu})
                    for (const int inputs : {1, 3})
                        check_playing(*target, inputs, channels, activation, Gating::kNone, plain);
        for (int activation = 0; activation <= int(Activation::kSoftSign); ++activation)
            for (const Gating gating : {Gating::kGated, Gating::kBlended})
                check_playing(*target, 2, 4, Activation(activation), gating, activation % 2 == 0);
    }
    for (const Target* target : targets_here())
        for (const int channels : {1, 3, 5, 8, 16, 17})
            for (const bool plain : {false, true})
                for (const Gating gating : {Gating::kNone, Gating::kGated, Gating::kBlended})
                    for (const Activation activation :
                         {Activation::kTanh, Activation::kLeakyRelu, Activation::kSilu})
                        check_training(*target, channels % 3 ? 1 : 4, channels, activation, gating,
                                       plain);
}
