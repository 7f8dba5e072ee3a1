#include "adamw.hpp"

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

void clip_norm(const std::vector<Trained>& trained, double clip, float* gradients) {
    double total = 0;
    for (const Trained& array : trained) total += square_sum(gradients + array.gradients, array.size);
    const double factor = clip / (std::sqrt(total) + kLeastNorm);
    if (factor >= 1) return;  // a NaN goes on, and spoils the weights as PyTorch's would
    for (const Trained& array : trained) {
        float* const at = gradients + array.gradients;
        for (std::size_t i = 0; i < array.size; ++i) at[i] *= float(factor);
    }
}

void adamw(const std::vector<Trained>& trained, const AdamWSettings& settings, long step,
           double rate, const float* gradients) {
    const double unbias1 = 1 - std::pow(settings.beta1, double(step));
    const double unbias2 = 1 - std::pow(settings.beta2, double(step));
    const float keep = float(1 - rate * settings.decay), new1 = float(1 - settings.beta1);
    const float old2 = float(settings.beta2), new2 = float(1 - settings.beta2);
    const float scale = float(1 / std::sqrt(unbias2)), eps = float(settings.eps);
    const float size_of_step = float(rate / unbias1);
    for (const Trained& array : trained) {
        const float* const gradient = gradients + array.gradients;
        float* const __restrict weights = array.weights;
        float* const __restrict mean = array.mean;
        float* const __restrict square = array.mean_square;
        for (std::size_t i = 0; i < array.size; ++i) {
            const float g = gradient[i];
            const float m = mean[i] + new1 * (g - mean[i]);
            const float v = old2 * square[i] + new2 * g * g;
            mean[i] = m;
            square[i] = v;
            weights[i] = keep * weights[i] - size_of_step * m / (std::sqrt(v) * scale + eps);
        }
    }
}

}  // namespace drywet
