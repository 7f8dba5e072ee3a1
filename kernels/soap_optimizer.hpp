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
    double clip;  // largest norm of the gradient
    int every;    // updates between two steps of the bases; at first every one has a step
};

class SoapOptimizer : public Optimizer {
public:
    // `done` updates went before.
    SoapOptimizer(const SoapKernel& kernel, std::vector<SoapBlock> blocks,
                  const SoapSettings& settings, long done);

    void update(float* gradients, double rate) override;

private:
    SoapKernel kernel_;
    std::vector<SoapBlock> blocks_;
    std::vector<Slice> trained_;
    SoapSettings settings_;
    long done_;
    std::size_t matrix_bytes_;
    Buffer space_;
};

}  // namespace drywet
