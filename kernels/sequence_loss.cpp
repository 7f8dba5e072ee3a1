#include "sequence_loss.hpp"

#include <cmath>

namespace drywet {
namespace {

constexpr double kSilence = 1e-20;  // the floor of metrics/time.py
constexpr int kSums = 8;

// The sum of f(i) for i from `first`, eight side by side and in an order that never changes.
template <class F>
double sum_of(int first, int stop, const F& f) {
    double sums[kSums] = {};
    int i = first;
    for (; i + kSums <= stop; i += kSums)
        for (int s = 0; s < kSums; ++s) sums[s] += double(f(i + s));
    for (; i < stop; ++i) sums[0] += double(f(i));
    double total = 0;
    for (const double sum : sums) total += sum;
    return total;
}

double energy(const double* before, const std::int64_t* starts, int batch, int skipped, int steps) {
    double total = 0;
    for (int i = 0; before && i < batch; ++i)
        total += before[starts[i] + steps] - before[starts[i] + skipped];
    return total;
}

}  // namespace

LossFactors::LossFactors(const SequenceLoss& loss, const Energies& energies,
                         const std::int64_t* starts, int batch, int steps)
    : per_emphasised{}, coefficient{loss.pre_emphasis, loss.nam_emphasis} {
    count = double(batch) * steps;
    const double fewer = double(batch) * (steps - 1);
    const double plain = energy(energies.plain, starts, batch, 0, steps);
    per_square = loss.mse / count;
    per_size = loss.mae / count;
    per_mean = loss.dc / (plain / count + kSilence);
    if (loss.pre_emphasis != 0) {
        const double emphasised = energy(energies.emphasised, starts, batch, 1, steps);
        per_emphasised[0] = loss.esr / (emphasised + kSilence * fewer);
    } else {
        per_square += loss.esr / (plain + kSilence * count);
    }
    if (loss.mse_pre != 0) per_emphasised[1] = loss.mse_pre / fewer;
}

void ErrorSums::add(const ErrorSums& other) {
    squares += other.squares;
    sizes += other.sizes;
    sum += other.sum;
    for (int n = 0; n < 2; ++n) emphasised[n] += other.emphasised[n];
}

double ErrorSums::loss(const LossFactors& factors) const {
    const double mean = sum / factors.count;
    return factors.per_square * squares + factors.per_size * sizes +
           factors.per_emphasised[0] * emphasised[0] + factors.per_emphasised[1] * emphasised[1] +
           factors.per_mean * mean * mean;
}

ErrorSums sums_of(const LossFactors& factors, const float* errors, int steps) {
    ErrorSums found;
    const float* const e = errors;
    if (factors.per_square != 0) found.squares = sum_of(0, steps, [e](int i) { return e[i] * e[i]; });
    if (factors.per_size != 0) found.sizes = sum_of(0, steps, [e](int i) { return std::fabs(e[i]); });
    if (factors.per_mean != 0) found.sum = sum_of(0, steps, [e](int i) { return e[i]; });
    for (int n = 0; n < 2; ++n) {
        if (factors.per_emphasised[n] == 0) continue;
        const float c = float(factors.coefficient[n]);
        found.emphasised[n] = sum_of(1, steps, [e, c](int i) {
            const float rest = e[i] - c * e[i - 1];
            return rest * rest;
        });
    }
    return found;
}

void gradient_of(const LossFactors& factors, const float* errors, int steps, double mean,
                 double gain, float* to) {
    const float square = float(2 * gain * factors.per_square);
    const float size = float(gain * factors.per_size);
    const float constant = float(2 * gain * factors.per_mean * mean / factors.count);
    for (int i = 0; i < steps; ++i) {
        const float sign = float(errors[i] > 0) - float(errors[i] < 0);
        to[i] = square * errors[i] + size * sign + constant;
    }
    for (int n = 0; n < 2; ++n) {
        if (factors.per_emphasised[n] == 0) continue;
        const float c = float(factors.coefficient[n]);
        const float twice = float(2 * gain * factors.per_emphasised[n]);
        for (int i = 1; i < steps; ++i) {
            const float by = twice * (errors[i] - c * errors[i - 1]);
            to[i] += by;
            to[i - 1] -= c * by;
        }
    }
}

}  // namespace drywet
