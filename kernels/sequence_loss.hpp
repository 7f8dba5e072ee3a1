// The losses that are sums over samples, of a batch of stretches taken as one signal
// (src/drywet/losses/terms.py).
#pragma once

#include <cstddef>
#include <cstdint>

namespace drywet {

// Of a signal, before each of its samples: the sums of squares.
struct Energies {
    const double* plain;       // (samples + 1)
    const double* emphasised;  // behind the pre-emphasis; null without
};

struct SequenceLoss {
    double esr;
    double pre_emphasis;  // coefficient of the ESR's; 0 for none
    double mae;
    double dc;
    double mse;
    double mse_pre;
    double nam_emphasis;  // its coefficient
};

// What errors are weighed with, once the targets are known.
struct LossFactors {
    double per_square;
    double per_size;
    double per_emphasised[2];  // squares behind 1 - c z^-1
    double coefficient[2];     // c
    double per_mean;           // the square of the mean error
    double count;

    // Of stretches [start, start + steps) of a target signal.
    LossFactors(const SequenceLoss& loss, const Energies& energies, const std::int64_t* starts,
                int batch, int steps);
};

// Sums of errors e over some rows.
struct ErrorSums {
    double squares = 0;
    double sizes = 0;
    double emphasised[2] = {0, 0};
    double sum = 0;

    void add(const ErrorSums& other);
    double loss(const LossFactors& factors) const;
};

// Of a row (steps) of errors.
ErrorSums sums_of(const LossFactors& factors, const float* errors, int steps);

// The loss's gradient, times `gain`, by each error of a row; `mean` is that of all rows' errors.
void gradient_of(const LossFactors& factors, const float* errors, int steps, double mean,
                 double gain, float* to);

}  // namespace drywet
