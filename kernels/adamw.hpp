// AdamW as torch.optim has it (Loshchilov and Hutter, ICLR 2019), with clipping before it.
#pragma once

#include "optimizer.hpp"

namespace drywet {

// Running moments of an array's gradients.
struct Moments {
    float* mean;
    float* mean_square;
};

struct AdamWSettings {
    double beta1;
    double beta2;
    double eps;
    double decay;
    double clip;  // largest norm of the gradient
};

class AdamW : public Optimizer {
public:
    // Moments for each array; `done` updates went before.
    AdamW(std::vector<Slice> trained, std::vector<Moments> moments, const AdamWSettings& settings,
          long done);

    void update(float* gradients, double rate) override;

private:
    std::vector<Slice> trained_;
    std::vector<Moments> moments_;
    AdamWSettings settings_;
    long done_;
};

}  // namespace drywet
