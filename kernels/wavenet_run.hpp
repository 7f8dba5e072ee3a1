// A WaveNet that runs: its packed weights and its state.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "memory.hpp"
#include "target.hpp"
#include "wavenet_pack.hpp"

namespace drywet {

constexpr std::size_t kMostWaveNetBytes = std::size_t(1) << 30;

// One stream, for one thread at a time, from settled silence. Inputs after the first are knobs. Once
// made, none of its functions allocates, locks or throws.
class WaveNet {
public:
    // Weights in the order of a .nam file. Throws std::invalid_argument where the arrays don't fit
    // each other or the weights, or need more than kMostWaveNetBytes.
    WaveNet(const Target& target, const std::vector<WaveNetArraySettings>& arrays,
            const float* weights, std::size_t count);

    // x (samples, inputs) to y (samples), which may be the same array for one input.
    void process(const float* x, float* y, std::size_t samples) noexcept;
    // Back to the settled state of silence.
    void reset() noexcept;
    // Makes that the one of silence with the knobs there, and goes to it; at first they are at 0.
    void settle(const float* knobs) noexcept;

    int inputs() const noexcept { return job_.inputs; }

    // Samples of the input that an output depends on.
    std::size_t receptive_field() const noexcept { return receptive_field_; }

private:
    void plan(const std::vector<WaveNetArraySettings>& arrays);
    template <class F>
    void each_linear(F&& f);
    template <class F>
    void each_history(F&& f);

    WaveNetKernel kernel_;
    WaveNetJob job_{};
    std::vector<WaveNetArray> arrays_;
    std::vector<std::vector<WaveNetLayer>> layers_;
    std::size_t receptive_field_ = 1;
    std::unique_ptr<Buffer> buffer_;
};

// Some copies of a WaveNet, a stream each, one after the other: the samples are in the lanes.
class WaveNetCopies {
public:
    // Throws as WaveNet's.
    WaveNetCopies(const Target& target, const std::vector<WaveNetArraySettings>& arrays,
                  const float* weights, std::size_t count, int copies);
    WaveNetCopies(const WaveNetCopies&) = delete;
    WaveNetCopies& operator=(const WaveNetCopies&) = delete;

    // x (copies, samples, inputs) to y (copies, samples).
    void process(const float* x, float* y, std::size_t samples) noexcept;
    void reset() noexcept;
    void settle(const float* knobs) noexcept;

    std::size_t copies() const noexcept { return copies_.size(); }
    int inputs() const noexcept { return copies_.front()->inputs(); }

private:
    std::vector<std::unique_ptr<WaveNet>> copies_;
};

}  // namespace drywet
