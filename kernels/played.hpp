// What plays in a browser, whatever it is.
#pragma once

namespace drywet {

constexpr int kBlock = 128;  // samples of an AudioWorklet's block

// A model or a circuit, or some copies of it that take turns at the samples of an oversampled one.
class Played {
public:
    virtual ~Played() = default;
    // x (copies, samples) to y, which may be the same array; at most kBlock samples.
    virtual void process(const float* x, float* y, int samples) noexcept = 0;
    // As many knobs as a net has, 0 to 1; a circuit's turn otherwise.
    virtual void turn_knobs(const float*) noexcept {}
};

}  // namespace drywet
