// SOAP over the matrices of a net.
#pragma once

#include "memory.hpp"
#include "optimizer.hpp"
#include "target.hpp"

namespace drywet {

struct SoapBlock {
    Slice slice;  // (outputs, inputs)
    SoapJob job;  // the matrix and its state; what changes from update to update is set here
};

struct SoapSettings {
    double beta1;
    double beta2;
    double eps;
    double ridge;
    double decay;
    double clip;   // largest norm of the gradient
    double spike;  // likewise, over that of late
    int every;     // updates between two steps of the bases; at first every one has a step
};

class SoapOptimizer : public Optimizer {
public:
    // `done` updates went before; `norm_square` is the running mean of the squared norms of their
    // gradients. Results don't depend on the number of threads.
    SoapOptimizer(const SoapKernel& kernel, std::vector<SoapBlock> blocks, float* norm_square,
                  const SoapSettings& settings, long done, int threads);

    void update(float* gradients, double rate) override;

private:
    void clip(float* gradients);
    void update(const SoapBlock& block, const float* gradients, double rate, char* space) const;

    SoapKernel kernel_;
    std::vector<SoapBlock> blocks_;
    std::vector<Slice> trained_;
    float* norm_square_;
    SoapSettings settings_;
    long done_;
    int workers_;
    std::size_t matrix_bytes_, bytes_;
    Buffer space_;  // for each worker: a matrix, and the kernel's work
};

}  // namespace drywet
