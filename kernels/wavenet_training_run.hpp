// Training a WaveNet: windows over threads, the tape between forward and backward.
#pragma once

#include <cstddef>
#include <vector>

#include "memory.hpp"
#include "wavenet_pack.hpp"
#include "wavenet_training_job.hpp"

namespace drywet {

// For windows of so many samples and one set of weights; forward and backward may be called on
// different objects of the same settings.
class WaveNetTrainer {
public:
    // Weights in the order of a .nam file, its head's scale the last. Refuses arrays that don't fit
    // each other or the weights, and windows no longer than the past.
    WaveNetTrainer(const Target& target, const std::vector<WaveNetArraySettings>& arrays,
                   const float* weights, std::size_t count, std::size_t samples);
    WaveNetTrainer(const WaveNetTrainer&) = delete;
    WaveNetTrainer& operator=(const WaveNetTrainer&) = delete;

    std::size_t inputs() const { return inputs_; }
    // Outputs of a window: its samples without those that only the past needs.
    std::size_t wanted() const { return wanted_; }
    // For each window.
    std::size_t tape_bytes() const;

    // y (batch, wanted) from x (batch, inputs, samples); the tape is null where there is no backward.
    void forward(std::size_t batch, const float* x, float* y, void* tape, int threads) const;
    // The gradients of all weights, the head's scale left out, from dy (batch, wanted) and the
    // tape. Windows are added up in their order: results don't depend on the number of threads.
    void backward(std::size_t batch, const void* tape, const float* dy, float* gradients,
                  int threads) const;

private:
    void plan(const std::vector<WaveNetArraySettings>& arrays);
    void pack(const float* weights);
    template <class F>
    void each_linear(F&& f);
    WaveNetTrainingJob job() const;

    const Target& target_;
    std::vector<TrainedArray> arrays_;
    std::vector<std::vector<TrainedLayer>> layers_;
    std::vector<float> packed_;
    std::size_t samples_;
    std::size_t wanted_ = 0;
    std::size_t parameters_ = 0;
    std::size_t longest_past_ = 0;
    std::size_t inputs_ = 1;
    std::size_t tape_rows_ = 0;  // the first hold the window itself
    std::size_t work_rows_ = 1;
    std::size_t largest_ = 1;  // matrix, in weights
    std::size_t stride_ = 0;
    float head_scale_ = 0.0f;
};

}  // namespace drywet
