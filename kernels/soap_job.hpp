// One matrix of weights and what SOAP keeps of it: plain data.
#pragma once

#include <stddef.h>

namespace drywet {

constexpr int kMostSoapSide = 256;

// Everything row by row. A side without a basis is not turned; one that is turned has at most
// kMostSoapSide rows.
struct SoapJob {
    int inputs;
    int outputs;
    float* gradient;      // (inputs, outputs); becomes the update at a learning rate of 1
    float* mean;          // (inputs, outputs)
    float* mean_square;   // likewise, in the bases
    float* covariance_0;  // (inputs, inputs); null where not turned
    float* basis_0;
    float* covariance_1;  // (outputs, outputs)
    float* basis_1;
    float beta1;
    float beta2;
    float unbias1;  // one over 1 - beta1^step
    float unbias2;  // one over 1 - beta2^step
    float eps;
    double ridge;
    bool iterate;  // the bases too
    void* work;    // soap_work_bytes(inputs, outputs), aligned
};

struct SoapKernel {
    size_t (*work_bytes)(int inputs, int outputs);
    void (*update)(const SoapJob&);
};

}  // namespace drywet
