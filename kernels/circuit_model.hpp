// A circuit in a browser: src/drywet/circuits/simulate.py says the same for whole files.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "circuit_run.hpp"
#include "played.hpp"

namespace drywet {

// Runs at as many times the rate as there are phases of the signal.
class CircuitModel final : public Played {
public:
    // Numbers in a row, by src/drywet/browser/playable.py: capacitors, parts, blocks and tolerance;
    // a part's kind, port and its kPartNumbers; a block's port, ports, part and parts; the matrices
    // a, k, g of each level of steps and of rest; then the taps of the filter that undoes the
    // smoothing of CircuitRun. Refuses what doesn't fit, or a circuit without operating point.
    CircuitModel(const double* numbers, std::size_t count, int phases);

    // As Played's. Where there is no solution it stays silent from then on.
    void process(const float* x, float* y, int samples) noexcept override;
    // The same circuit with its knobs elsewhere; what its capacitors hold stays.
    void turn(const double* numbers, std::size_t count);

private:
    int phases_;
    bool lost_ = false;
    std::unique_ptr<CircuitRun> run_;
    double rest_ = 0.0;
    std::vector<double> taps_;
    std::vector<double> in_;
    std::vector<double> out_;  // behind as many older ones as the taps need
};

}  // namespace drywet
