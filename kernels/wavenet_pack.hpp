// A WaveNet's settings and the packing of its matrices, for playing and for training.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "target.hpp"

namespace drywet {

constexpr int kMostWaveNetArrays = 8;
constexpr int kMostWaveNetLayers = 256;  // of an array
constexpr int kMostWaveNetChannels = 1024;
constexpr std::size_t kMostWaveNetPast = std::size_t(1) << 24;  // frames that a kernel may span

struct WaveNetLayerSettings {
    long kernel;
    long dilation;
    ActivationSettings activation;
    Gating gating;
    ActivationSettings gate;
};

struct WaveNetArraySettings {
    long inputs;  // of the first: the dry signal and the knobs, which are the condition
    long channels;
    long bottleneck;
    long outputs;
    long head_kernel;
    bool head_bias;
    bool residual;
    long head1x1;  // outputs; 0: there is none
    std::vector<WaveNetLayerSettings> layers;

    long collected() const { return head1x1 ? head1x1 : bottleneck; }
};

// Refuses with these words what isn't so.
void require(bool good, const char* what);
// Refuses arrays that don't fit each other, or with more than kMaxInputs inputs.
void require_possible(const std::vector<WaveNetArraySettings>& arrays);

// Where a matrix's numbers are.
struct Matrix {
    const float* weights;  // (outputs, inputs, kernel)
    const float* factors;  // (outputs, conditions), or null
    const float* bias;     // or null
};

using RowScale = std::function<float(int)>;

Linear linear_of(const WaveNetKernel& kernel, long inputs, long outputs, bool biased);
// Outputs rounded up to whole tiles.
std::size_t rows_of(const Linear& linear);
std::size_t packed_size(const Linear& linear);
std::size_t past_of(const Linear& linear);
// In the order given in `Linear`, each row multiplied by scale(row).
void pack(const Linear& linear, const Matrix& from, const RowScale& scale, float* to);

inline std::size_t rounded_up(std::size_t size, std::size_t unit) {
    return (size + unit - 1) / unit * unit;
}

}  // namespace drywet
