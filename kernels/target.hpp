// The table of a target's functions.
#pragma once

#include "circuit_job.hpp"
#include "jobs.hpp"
#include "polyphase_job.hpp"
#include "soap_job.hpp"
#include "wavenet_job.hpp"
#include "wavenet_training_job.hpp"

namespace drywet {

struct Target {
    const char* name;
    bool (*runs_here)();
    BatchKernel<float> batch[kCells];  // by Cell
    StreamKernel (*stream)(Cell, int hidden);
    CircuitKernel circuit;
    WaveNetKernel wavenet;
    WaveNetTrainingKernel training;
    SoapKernel soap;
    PolyphaseKernel polyphase;
    long (*spin)(long turns);  // multiply-adds as fast as it can; returns how many
};

extern const Target kBaseline, kAvx2, kAvx512;

// Double precision, for checking gradients: baseline only.
extern const BatchKernel<double> kDouble[kCells];

}  // namespace drywet
