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

// The norm of the gradients of the trained arrays, all together; no others are looked at.
double norm_of(const std::vector<Slice>& trained, const float* gradients);

// Scales the gradients of the trained arrays so that such a norm becomes at most `clip`
// (torch.nn.utils.clip_grad_norm_).
void clip_norm(const std::vector<Slice>& trained, double norm, double clip, float* gradients);

}  // namespace drywet
