// What changes the weights after each gradient.
#pragma once

#include <cstddef>
#include <vector>

namespace drywet {

class Optimizer {
public:
    virtual ~Optimizer() = default;

    // One update at this learning rate. `gradients` are the net's, in the parameters' order, and
    // may be changed.
    virtual void update(float* gradients, double rate) = 0;
};

// One array of weights that is trained.
struct Slice {
    float* weights;
    std::size_t size;
    std::size_t gradients;  // where its gradients lie among the net's
};

// Scales the gradients of the trained arrays so that their norm is at most `clip`
// (torch.nn.utils.clip_grad_norm_); no others are looked at.
void clip_norm(const std::vector<Slice>& trained, double clip, float* gradients);

}  // namespace drywet
