#include "optimizer.hpp"

#include <cmath>

namespace drywet {
namespace {

constexpr double kLeastNorm = 1e-6;  // PyTorch's

// In eight sums side by side, and in an order that never changes.
double square_sum(const float* values, std::size_t size) {
    constexpr std::size_t kSums = 8;
    double sums[kSums] = {};
    std::size_t i = 0;
    for (; i + kSums <= size; i += kSums)
        for (std::size_t s = 0; s < kSums; ++s) sums[s] += double(values[i + s]) * values[i + s];
    for (; i < size; ++i) sums[0] += double(values[i]) * values[i];
    double total = 0;
    for (const double sum : sums) total += sum;
    return total;
}

}  // namespace

double norm_of(const std::vector<Slice>& trained, const float* gradients) {
    double total = 0;
    for (const Slice& array : trained) total += square_sum(gradients + array.gradients, array.size);
    return std::sqrt(total);
}

void clip_norm(const std::vector<Slice>& trained, double norm, double clip, float* gradients) {
    const double factor = clip / (norm + kLeastNorm);
    if (!(factor < 1)) return;  // a NaN goes on, and spoils the weights as PyTorch's would
    for (const Slice& array : trained) {
        float* const at = gradients + array.gradients;
        for (std::size_t i = 0; i < array.size; ++i) at[i] *= float(factor);
    }
}

}  // namespace drywet
