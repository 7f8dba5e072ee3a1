#include "circuit_run.hpp"

#include <utility>

#include "subnormals.hpp"

namespace drywet {

namespace {

constexpr int kPadding = 8;  // doubles in the widest vector

}  // namespace

CircuitRun::CircuitRun(const Target& target, int capacitors, std::vector<CircuitPart> parts,
                       std::vector<CircuitBlock> blocks, double tolerance)
    : kernel_(target.circuit),
      parts_(std::move(parts)),
      blocks_(std::move(blocks)) {
    job_.capacitors = capacitors;
    for (const CircuitPart& part : parts_) job_.ports += ports_of(part.kind);
    job_.rows = (job_.ports + capacitors + 1 + kPadding - 1) / kPadding * kPadding;
    job_.parts = parts_.data();
    job_.blocks = blocks_.data();
    job_.block_count = int(blocks_.size());
    job_.tolerance = tolerance;
    const std::size_t ports = std::size_t(job_.ports);
    memory_.resize(2 * std::size_t(capacitors) + 3 * ports + ports * ports +
                   circuit_scratch(capacitors, job_.ports, job_.rows));
    double* at = memory_.data();
    const auto slice = [&at](std::size_t size) { return std::exchange(at, at + size); };
    job_.w = slice(std::size_t(capacitors));
    job_.j = slice(std::size_t(capacitors));
    job_.v = slice(ports);
    job_.i = slice(ports);
    job_.lead = slice(ports);
    job_.slope = slice(ports * ports);
    job_.scratch = at;
}

CircuitRun::Padded CircuitRun::padded(const StepMatrices& from) const {
    const std::size_t rows = std::size_t(job_.ports + job_.capacitors + 1);
    const auto columns = [&](const double* matrix, std::size_t count) {
        std::vector<double> to(count * std::size_t(job_.rows));
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < count; ++c)
                to[c * std::size_t(job_.rows) + r] = matrix[r * count + c];
        return to;
    };
    return {columns(from.a, std::size_t(job_.capacitors) + 2), columns(from.k, std::size_t(job_.ports)),
            {from.g, from.g + job_.capacitors}};
}

void CircuitRun::turn(const std::vector<CircuitPart>& parts) {
    parts_ = parts;
    job_.parts = parts_.data();
}

void CircuitRun::set(const StepMatrices (&steps)[kLevels]) {
    for (int level = 0; level < kLevels; ++level) {
        steps_[level] = padded(steps[level]);
        job_.steps[level] = steps_[level].step();
    }
}

bool CircuitRun::settle(const StepMatrices& rest, double input) {
    const Padded at = padded(rest);
    for (double& last : job_.inputs) last = input;
    return kernel_.settle(job_, at.step());
}

int CircuitRun::process(const double* in, double* out, int count) {
    const FlushSubnormals flush;
    job_.in = in;
    job_.out = out;
    job_.count = count;
    return kernel_.process(job_);
}

}  // namespace drywet
