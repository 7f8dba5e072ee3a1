// A circuit that runs: its matrices and state; knobs may be turned between blocks.
#pragma once

#include <vector>

#include "target.hpp"

namespace drywet {

// A step's matrices as circuit_job.hpp has them, without the padding: rows are ports,
// capacitors and the output.
struct StepMatrices {
    const double* a;  // (ports + capacitors + 1, capacitors + 2)
    const double* k;  // (ports + capacitors + 1, ports)
    const double* g;  // (capacitors)
};

// For one thread at a time.
class CircuitRun {
public:
    CircuitRun(const Target& target, int capacitors, std::vector<CircuitPart> parts,
               std::vector<CircuitBlock> blocks, double tolerance);

    // After a knob was turned: new numbers of the same parts, new matrices; the state is kept.
    void turn(const std::vector<CircuitPart>& parts);
    void set(const StepMatrices (&steps)[kLevels]);
    // The operating point for this input. False: none was found.
    bool settle(const StepMatrices& rest, double input);
    // Two samples late. Returns the number of samples done: fewer than `count` where Newton's
    // method failed.
    int process(const double* in, double* out, int count);

    bool ready() const { return job_.steps[0].a; }
    const std::vector<CircuitPart>& parts() const { return parts_; }
    int capacitors() const { return job_.capacitors; }
    int ports() const { return job_.ports; }
    long refined() const { return job_.refined; }
    long rescued() const { return job_.rescued; }
    double output() const { return job_.y; }

private:
    struct Padded {
        std::vector<double> a, k, g;
        CircuitStep step() const { return {a.data(), k.data(), g.data()}; }
    };
    Padded padded(const StepMatrices& from) const;

    CircuitKernel kernel_;
    CircuitJob job_{};
    std::vector<CircuitPart> parts_;
    std::vector<CircuitBlock> blocks_;
    std::vector<double> memory_;
    Padded steps_[kLevels];
};

}  // namespace drywet
