// Cost of streaming: one stream, one core, blocks of 64 samples. Prints "engine target LxH ns"
// for every target that this CPU runs, the median of some passes. Run by benchmarks/streaming.py.
// With "wavenet PASSES": the same of WaveNets by their presets' names.
// With "state-space PASSES": the same of nets of state-space layers.
// With "oversampled PASSES": some of both, 1, 2, 4 and 8 times oversampled, filters included.
// With "peak THREADS": multiply-adds per nanosecond of so many cores doing nothing else, by
// the fastest target; run by benchmarks/training_step.py.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "dispatch.hpp"
#include "oversampler.hpp"
#include "stream_run.hpp"
#include "wavenet_run.hpp"

using namespace drywet;

namespace {

constexpr int kBlock = 64;
constexpr int kSamples = 750 * kBlock;

std::mt19937 generator{1};

std::vector<float> noise(std::size_t size, float largest) {
    std::uniform_real_distribution<float> some{-largest, largest};
    std::vector<float> values(size);
    for (float& value : values) value = some(generator);
    return values;
}

// The median of some passes, per sample.
template <class S>
double nanoseconds_of(S& stream, int passes) {
    const auto x = noise(kSamples, 0.5f);
    std::vector<float> y(kSamples);
    std::vector<double> times;
    for (int pass = 0; pass <= passes; ++pass) {
        const auto began = std::chrono::steady_clock::now();
        for (int at = 0; at < kSamples; at += kBlock) stream.process(&x[at], &y[at], kBlock);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        if (pass > 0) times.push_back(took.count());  // the first warms up
    }
    std::nth_element(times.begin(), times.begin() + passes / 2, times.end());
    return times[passes / 2] / kSamples * 1e9;
}

// Copies of a net with the filters around them; a factor of 1 is the net alone.
template <class Copies>
struct Oversampled {
    Oversampler& filters;
    Copies& copies;
    int factor;
    std::vector<float> in = std::vector<float>(std::size_t(factor) * kBlock), out = in;

    void process(const float* x, float* y, int samples) {
        if (factor == 1) return copies.process(x, y, samples);
        filters.split(x, in.data(), samples);
        copies.process(in.data(), out.data(), samples);
        filters.join(out.data(), y, samples);
    }
};

template <class Copies>
double nanoseconds_oversampled(const Target& target, Copies& copies, int factor, int passes) {
    constexpr int kInTaps = 42, kOutTaps = 84;  // of a branch at 48 kHz
    const auto taps = noise(std::size_t(factor) * kOutTaps, 0.1f);
    Oversampler filters(target, factor, kInTaps, taps.data(), kOutTaps, taps.data());
    Oversampled<Copies> stream{filters, copies, factor};
    return nanoseconds_of(stream, passes);
}

double nanoseconds(const Target& target, int layers, int hidden, int passes, int factor = 1,
                   Cell cell = Cell::kLstm) {
    std::vector<std::vector<float>> arrays;
    arrays.reserve(4 * layers + 2);
    const float largest = 1 / std::sqrt(float(hidden));
    const auto add = [&](std::size_t size) {
        return arrays.emplace_back(noise(size, largest)).data();
    };
    Net<float> net{};
    net.cell = cell, net.inputs = 1, net.hidden = hidden, net.layers = layers;
    const std::size_t rows = std::size_t(gates_of(cell)) * hidden;
    for (int l = 0; l < layers; ++l) {
        const float* const w_ih = add(rows * net.layer_inputs(l));
        const float* const w_hh = add(rows * hidden);
        const float* const b_ih = add(rows);
        net.layer[l] = {w_ih, w_hh, b_ih, add(rows)};
    }
    net.head_weight = add(hidden);
    net.head_bias = add(1);
    Stream stream(target, net, factor);
    return nanoseconds_oversampled(target, stream, factor, passes);
}

// Neural Amp Modeler's presets: "A1" are two arrays with kernels of 3 and tanh, "A2" is one.
struct Preset {
    const char* name;
    std::vector<long> channels;
};

std::vector<WaveNetArraySettings> arrays_of(const Preset& preset) {
    const auto layer = [](long kernel, long dilation, Activation activation) {
        return WaveNetLayerSettings{
            kernel, dilation, {activation, 0.01f}, Gating::kNone, {Activation::kLinear, 0.0f}};
    };
    const long channels = preset.channels[0];
    if (preset.channels.size() == 1) {
        WaveNetArraySettings array{1, channels, channels, 1, 16, true, true, 0, {}};
        const long short_kernel = 6, long_kernel = 15;
        for (const int turn : {0, 1, 2, 3})
            for (const long dilation : {1, 3, 7, 17, 41, 101, 239})
                if (turn != 2)
                    array.layers.push_back(layer(short_kernel, dilation, Activation::kLeakyRelu));
                else if (dilation == 1 || dilation == 3)
                    array.layers.push_back(
                        layer(long_kernel, dilation == 1 ? 1 : 13, Activation::kLeakyRelu));
        return {array};
    }
    const long narrow = preset.channels[1];
    std::vector<WaveNetArraySettings> arrays{
        {1, channels, channels, narrow, 1, false, true, 0, {}},
        {channels, narrow, narrow, 1, 1, true, true, 0, {}}};
    const int first = channels == 16 ? 10 : 7;
    for (int n = 0; n < 20; ++n)
        arrays[n >= first].layers.push_back(layer(3, 1L << n % 10, Activation::kTanh));
    return arrays;
}

double nanoseconds(const Target& target, const Preset& preset, int passes, int factor = 1) {
    const std::vector<WaveNetArraySettings> arrays = arrays_of(preset);
    std::size_t count = 1;
    for (const WaveNetArraySettings& array : arrays) {
        const std::size_t channels = std::size_t(array.channels);
        count += channels * array.inputs + array.outputs * (channels * array.head_kernel);
        count += array.head_bias ? std::size_t(array.outputs) : 0;
        for (const WaveNetLayerSettings& one : array.layers)
            count += channels * (channels * (one.kernel + 1) + 3);
    }
    const std::vector<float> weights = noise(count, 0.2f);
    WaveNetCopies nets(target, arrays, weights.data(), weights.size(), factor);
    return nanoseconds_oversampled(target, nets, factor, passes);
}

double peak(int threads) {
    const Target& target = *targets_here().front();
    constexpr long kTurns = 4'000'000;  // some 10 ms
    double best = 0;
    for (int attempt = 0; attempt < 7; ++attempt) {
        std::vector<std::thread> others;
        const auto began = std::chrono::steady_clock::now();
        for (int i = 1; i < threads; ++i) others.emplace_back([&] { target.spin(kTurns); });
        const long done = target.spin(kTurns);
        for (auto& other : others) other.join();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        best = std::max(best, double(done) * threads / took.count() * 1e-9);
    }
    return best;
}

}  // namespace

int main(int count, char** arguments) {
    if (count > 1 && !std::strcmp(arguments[1], "peak")) {
        std::printf("%.1f\n", peak(count > 2 ? std::max(std::atoi(arguments[2]), 1) : 1));
        return 0;
    }
    if (count > 1 && !std::strcmp(arguments[1], "wavenet")) {
        const int passes = count > 2 ? std::max(std::atoi(arguments[2]), 1) : 15;
        const Preset presets[] = {{"a1-standard", {16, 8}}, {"a1-lite", {12, 6}},
                                  {"a1-feather", {8, 4}},   {"a1-nano", {4, 2}},
                                  {"a2-lite", {3}},         {"a2-full", {8}}};
        for (const Target* target : targets_here())
            for (const Preset& preset : presets)
                std::printf("drywet %s %s %.1f\n", target->name, preset.name,
                            nanoseconds(*target, preset, passes));
        return 0;
    }
    if (count > 1 && !std::strcmp(arguments[1], "oversampled")) {
        const int passes = count > 2 ? std::max(std::atoi(arguments[2]), 1) : 7;
        const Preset presets[] = {{"a1-standard", {16, 8}}, {"a1-feather", {8, 4}}};
        for (const Target* target : targets_here())
            for (const int factor : {1, 2, 4, 8}) {
                for (const int hidden : {16, 32})
                    std::printf("drywet %s lstm-%d %d %.1f\n", target->name, hidden, factor,
                                nanoseconds(*target, 1, hidden, passes, factor));
                for (const Preset& preset : presets)
                    std::printf("drywet %s %s %d %.1f\n", target->name, preset.name, factor,
                                nanoseconds(*target, preset, passes, factor));
            }
        return 0;
    }
    if (count > 1 && !std::strcmp(arguments[1], "state-space")) {
        const int passes = count > 2 ? std::max(std::atoi(arguments[2]), 1) : 15;
        const int nets[][2] = {{2, 8}, {4, 8}, {4, 12}, {4, 16}, {4, 24}};
        for (const Target* target : targets_here())
            for (const auto& net : nets)
                std::printf("drywet %s %dx%d %.1f\n", target->name, net[0], net[1],
                            nanoseconds(*target, net[0], net[1], passes, 1, Cell::kStateSpace));
        return 0;
    }
    const int passes = count > 1 ? std::max(std::atoi(arguments[1]), 1) : 15;
    const int nets[][2] = {{1, 8}, {1, 16}, {1, 32}, {1, 40}, {1, 64}, {2, 8}, {2, 16}, {2, 32}};
    for (const Target* target : targets_here())
        for (const auto& net : nets)
            std::printf("drywet %s %dx%d %.1f\n", target->name, net[0], net[1],
                        nanoseconds(*target, net[0], net[1], passes));
}
