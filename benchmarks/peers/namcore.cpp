// NAM Core on .nam files: namcore NAME=FILE.nam ..., its usual fast tanh on.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "NAM/activations.h"
#include "NAM/get_dsp.h"

int main(int count, char** arguments) {
    constexpr int kBlock = 64, kSamples = 750 * kBlock, kPasses = 7;
    nam::activations::Activation::enable_fast_tanh();
    std::mt19937 generator{2};
    std::uniform_real_distribution<float> some{-0.5f, 0.5f};
    std::vector<NAM_SAMPLE> x(kSamples), y(kSamples);
    for (auto& sample : x) sample = some(generator);
    for (int n = 1; n < count; ++n) {
        const std::string given = arguments[n];
        const auto cut = given.find('=');
        auto model = nam::get_dsp(std::filesystem::path(given.substr(cut + 1)));
        model->Reset(48000, kBlock);
        std::vector<double> times;
        for (int pass = 0; pass <= kPasses; ++pass) {
            const auto began = std::chrono::steady_clock::now();
            for (int at = 0; at < kSamples; at += kBlock) {
                NAM_SAMPLE* in[1] = {x.data() + at};
                NAM_SAMPLE* out[1] = {y.data() + at};
                model->process(in, out, kBlock);
            }
            const std::chrono::duration<double, std::nano> took =
                std::chrono::steady_clock::now() - began;
            if (pass) times.push_back(took.count() / kSamples);
        }
        std::sort(times.begin(), times.end());
        std::printf("NAM-Core %s %s %.1f\n", BUILD, given.substr(0, cut).c_str(),
                    times[times.size() / 2]);
    }
}
