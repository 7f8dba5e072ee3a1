// What the peers' benchmarks share: a random LSTM and the measurement of kernels/bench.cpp.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

using Matrix = std::vector<std::vector<float>>;

struct LayerWeights {
    Matrix input;   // [inputs][4 * hidden], gates i, f, g, o, as both engines have it
    Matrix hidden;  // [hidden][4 * hidden]
    std::vector<float> bias;
};

struct Weights {
    std::vector<LayerWeights> layers;
    std::vector<float> dense;
    float dense_bias;
};

inline Weights random_net(int layers, int hidden) {
    std::mt19937 generator{1};
    std::uniform_real_distribution<float> some{-1 / std::sqrt(float(hidden)),
                                               1 / std::sqrt(float(hidden))};
    const auto matrix = [&](int rows, int columns) {
        Matrix values(rows, std::vector<float>(columns));
        for (auto& row : values)
            for (float& value : row) value = some(generator);
        return values;
    };
    Weights net;
    for (int l = 0; l < layers; ++l)
        net.layers.push_back({matrix(l ? hidden : 1, 4 * hidden), matrix(hidden, 4 * hidden),
                              matrix(1, 4 * hidden)[0]});
    net.dense = matrix(1, hidden)[0];
    net.dense_bias = some(generator);
    return net;
}

// `process(in, out, samples)` in blocks of 64; prints the median of seven passes.
template <class F>
void measure(const char* engine, const char* build, int layers, int hidden, F process) {
    constexpr int kBlock = 64, kSamples = 750 * kBlock, kPasses = 7;
    std::mt19937 generator{2};
    std::uniform_real_distribution<float> some{-0.5f, 0.5f};
    std::vector<float> x(kSamples), y(kSamples);
    for (float& value : x) value = some(generator);
    std::vector<double> times;
    for (int pass = 0; pass <= kPasses; ++pass) {
        const auto began = std::chrono::steady_clock::now();
        for (int at = 0; at < kSamples; at += kBlock) process(&x[at], &y[at], kBlock);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        if (pass > 0) times.push_back(took.count());  // the first warms up
    }
    std::nth_element(times.begin(), times.begin() + kPasses / 2, times.end());
    std::printf("%s %s %dx%d %.1f\n", engine, build, layers, hidden,
                times[kPasses / 2] / kSamples * 1e9);
}
