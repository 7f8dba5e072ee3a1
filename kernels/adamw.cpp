#include "adamw.hpp"

#include <cmath>
#include <utility>

namespace drywet {

AdamW::AdamW(std::vector<Slice> trained, std::vector<Moments> moments,
             const AdamWSettings& settings, long done)
    : trained_(std::move(trained)), moments_(std::move(moments)), settings_(settings), done_(done) {}

void AdamW::update(float* gradients, double rate) {
    clip_norm(trained_, norm_of(trained_, gradients), settings_.clip, gradients);
    ++done_;
    const double unbias1 = 1 - std::pow(settings_.beta1, double(done_));
    const double unbias2 = 1 - std::pow(settings_.beta2, double(done_));
    const float keep = float(1 - rate * settings_.decay), new1 = float(1 - settings_.beta1);
    const float old2 = float(settings_.beta2), new2 = float(1 - settings_.beta2);
    const float scale = float(1 / std::sqrt(unbias2)), eps = float(settings_.eps);
    const float size_of_step = float(rate / unbias1);
    for (std::size_t n = 0; n < trained_.size(); ++n) {
        const float* const gradient = gradients + trained_[n].gradients;
        float* const __restrict weights = trained_[n].weights;
        float* const __restrict mean = moments_[n].mean;
        float* const __restrict square = moments_[n].mean_square;
        for (std::size_t i = 0; i < trained_[n].size; ++i) {
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
