// Clipping of the gradient's norm and an update of the weights, as PyTorch does them.
#pragma once

#include <cstddef>
#include <vector>

namespace drywet {

// One array of weights and its running moments.
struct Trained {
    float* weights;
    float* mean;         // running means of the gradients,
    float* mean_square;  // and of their squares
    std::size_t size;
    std::size_t gradients;  // where its gradients lie among the net's
};

struct AdamWSettings {
    double beta1;
    double beta2;
    double eps;
    double decay;
    double clip;  // largest norm of the gradient
};

// Scales the gradients of the trained arrays so that their norm is at most `clip`
// (torch.nn.utils.clip_grad_norm_); no others are looked at.
void clip_norm(const std::vector<Trained>& trained, double clip, float* gradients);

// Update number `step`, from 1, at this learning rate (torch.optim.AdamW).
void adamw(const std::vector<Trained>& trained, const AdamWSettings& settings, long step,
           double rate, const float* gradients);

}  // namespace drywet
