#include "circuit_model.hpp"

#include <algorithm>
#include <cmath>

#include "refuse.hpp"

namespace drywet {
namespace {

constexpr int kMost = 4096;

// Takes numbers off a row, refusing to go beyond its end.
class Row {
public:
    Row(const double* from, std::size_t count) : at_(from), end_(from + count) {}

    const double* take(std::size_t count) {
        if (count > std::size_t(end_ - at_)) refuse("a circuit of too few numbers");
        const double* const taken = at_;
        at_ += count;
        return taken;
    }

    int whole(int least, int most) {
        const double number = *take(1);
        if (!(number >= least && number <= most)) refuse("a circuit of other sizes than there are");
        return int(number);
    }

    std::size_t left() const { return std::size_t(end_ - at_); }

private:
    const double* at_;
    const double* end_;
};

struct Circuit {
    int capacitors;
    double tolerance;
    std::vector<CircuitPart> parts;
    std::vector<CircuitBlock> blocks;
    StepMatrices steps[kLevels];
    StepMatrices rest;
    std::vector<double> taps;
};

Circuit circuit_of(const double* numbers, std::size_t count) {
    Row row(numbers, count);
    Circuit made{};
    made.capacitors = row.whole(0, kMost);
    const int parts = row.whole(0, kMost), blocks = row.whole(0, kMost);
    made.tolerance = *row.take(1);
    int ports = 0;
    for (int n = 0; n < parts; ++n) {
        CircuitPart part{};
        part.kind = Part(row.whole(0, int(Part::kOpAmp)));
        part.port = row.whole(ports, ports);
        std::copy_n(row.take(kPartNumbers), kPartNumbers, part.numbers);
        ports += ports_of(part.kind);
        made.parts.push_back(part);
    }
    for (int n = 0; n < blocks; ++n) {
        CircuitBlock block{};
        block.port = row.whole(0, ports);
        block.ports = row.whole(1, std::min(kMostBlockPorts, ports - block.port));
        block.part = row.whole(0, parts);
        block.parts = row.whole(1, parts - block.part);
        made.blocks.push_back(block);
    }
    const std::size_t rows = std::size_t(ports + made.capacitors + 1);
    const auto matrices = [&] {
        StepMatrices step{};
        step.a = row.take(rows * std::size_t(made.capacitors + 2));
        step.k = row.take(rows * std::size_t(ports));
        step.g = row.take(std::size_t(made.capacitors));
        return step;
    };
    for (StepMatrices& step : made.steps) step = matrices();
    made.rest = matrices();
    const std::size_t taps = row.left();
    if (taps < 1 || taps > std::size_t(kMost)) refuse("a circuit of too many numbers");
    const double* const from = row.take(taps);
    made.taps.assign(from, from + taps);
    return made;
}

}  // namespace

CircuitModel::CircuitModel(const double* numbers, std::size_t count, int phases)
    : phases_(phases), in_(std::size_t(phases) * kBlock) {
    const Circuit found = circuit_of(numbers, count);
    run_ = std::make_unique<CircuitRun>(kBaseline, found.capacitors, found.parts, found.blocks,
                                        found.tolerance);
    run_->set(found.steps);
    if (!run_->settle(found.rest, 0.0)) refuse("a circuit without an operating point");
    rest_ = run_->output();
    taps_ = found.taps;
    out_.assign(taps_.size() - 1 + in_.size(), rest_);
}

void CircuitModel::process(const float* x, float* y, int samples) noexcept {
    const int fast = phases_ * samples;
    for (int n = 0; n < samples; ++n)
        for (int m = 0; m < phases_; ++m) in_[std::size_t(n * phases_ + m)] = x[m * samples + n];
    const std::size_t past = taps_.size() - 1;
    double* const out = out_.data() + past;
    if (lost_ || run_->process(in_.data(), out, fast) < fast) {
        lost_ = true;
        std::fill_n(out, fast, rest_);
    }
    for (int n = 0; n < samples; ++n)
        for (int m = 0; m < phases_; ++m) {
            const double* const newest = out + n * phases_ + m;
            double sum = 0.0;
            for (std::size_t k = 0; k <= past; ++k) sum += taps_[k] * *(newest - k);
            lost_ = lost_ || !(std::fabs(sum) < 1e12);
            y[m * samples + n] = lost_ ? float(rest_) : float(sum);
        }
    std::copy_n(out_.data() + fast, past, out_.data());
}

void CircuitModel::turn(const double* numbers, std::size_t count) {
    const Circuit found = circuit_of(numbers, count);
    if (found.parts.size() != run_->parts().size() || found.capacitors != run_->capacitors())
        refuse("another circuit");
    run_->turn(found.parts);
    run_->set(found.steps);
}

}  // namespace drywet
