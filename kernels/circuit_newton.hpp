// Newton's method on one block of a circuit's ports, and a continuation method where it fails.
#pragma once

#include "circuit_parts.hpp"

namespace drywet {
namespace DRYWET_TARGET {

// Solves m x = x in place, m [n][n].
DRYWET_INLINE bool solve(double* m, double* x, int n) {
    if (n == 2) {
        const double determinant = m[0] * m[3] - m[1] * m[2];
        const double first = (x[0] * m[3] - x[1] * m[1]) / determinant;
        x[1] = (x[1] * m[0] - x[0] * m[2]) / determinant;
        x[0] = first;
        return determinant != 0.0;
    }
    for (int c = 0; c < n; ++c) {
        int best = c;
        for (int r = c + 1; r < n; ++r)
            if (::fabs(m[r * n + c]) > ::fabs(m[best * n + c])) best = r;
        if (!(::fabs(m[best * n + c]) > 0.0)) return false;
        if (best != c) {
            for (int k = c; k < n; ++k) {
                const double t = m[c * n + k];
                m[c * n + k] = m[best * n + k], m[best * n + k] = t;
            }
            const double t = x[c];
            x[c] = x[best], x[best] = t;
        }
        const double inverse = 1.0 / m[c * n + c];
        for (int r = c + 1; r < n; ++r) {
            const double f = m[r * n + c] * inverse;
            if (f == 0.0) continue;
            for (int k = c + 1; k < n; ++k) m[r * n + k] -= f * m[c * n + k];
            x[r] -= f * x[c];
        }
    }
    for (int r = n - 1; r >= 0; --r) {
        for (int k = r + 1; k < n; ++k) x[r] -= m[r * n + k] * x[k];
        x[r] /= m[r * n + r];
    }
    return true;
}

struct Newton {
    CircuitJob& job;
    const CircuitBlock& block;
    const double* k;  // of the step
    static constexpr double kClose = 1e-3;  // of 1 / sharpness; the currents are then good to 1e-6

    DRYWET_INLINE double coupling(int row, int column) const {
        return k[std::size_t(block.port + column) * job.rows + block.port + row];
    }
    DRYWET_INLINE double& slope(int row, int column) const {
        return job.slope[std::size_t(block.port + row) * job.ports + block.port + column];
    }

    // i and slope at v.
    DRYWET_INLINE void evaluate_all() const {
        for (int n = 0; n < block.parts; ++n) {
            const CircuitPart& part = job.parts[block.part + n];
            const int at = part.port - block.port;
            double s[4] = {};
            evaluate(part, job.v + part.port, job.i + part.port, s);
            if (ports_of(part.kind) == 1) {
                slope(at, at) = s[0];
            } else {
                slope(at, at) = s[0], slope(at, at + 1) = s[1];
                slope(at + 1, at) = s[2], slope(at + 1, at + 1) = s[3];
            }
        }
    }

    // v = p + K i(v) from the v that is there; `p` (block.ports).
    bool run(const double* p, int most) const {
        switch (block.ports) {
            case 1: return run_of<1>(p, most);
            case 2: return run_of<2>(p, most);
            default: return run_of<0>(p, most);
        }
    }

    template <int N>
    bool run_of(const double* p, int most) const {
        const int n = N ? N : block.ports;
        double* const v = job.v + block.port;
        double* const i = job.i + block.port;
        constexpr int kMost = N ? N : kMostBlockPorts;
        double m[kMost * kMost], d[kMost];
        for (int turn = 0; turn < most; ++turn) {
            evaluate_all();
            for (int r = 0; r < n; ++r) {
                double f = p[r] - v[r];
                for (int c = 0; c < n; ++c) f += coupling(r, c) * i[c];
                d[r] = f;
            }
            if (n == 1) {
                d[0] /= 1.0 - coupling(0, 0) * slope(0, 0);
            } else {
                for (int r = 0; r < n * n; ++r) m[r] = 0.0;
                for (int r = 0; r < n; ++r) m[r * n + r] = 1.0;
                for (int q = 0; q < block.parts; ++q) {
                    const CircuitPart& part = job.parts[block.part + q];
                    const int at = part.port - block.port, width = ports_of(part.kind);
                    for (int r = 0; r < n; ++r)
                        for (int c = 0; c < width; ++c)
                            for (int e = 0; e < width; ++e)
                                m[r * n + at + c] -= coupling(r, at + e) * slope(at + e, at + c);
                }
                if (!solve(m, d, n)) return false;
            }
            bool close = true;
            for (int q = 0; q < block.parts; ++q) {
                const CircuitPart& part = job.parts[block.part + q];
                for (int port = 0; port < ports_of(part.kind); ++port) {
                    const int c = part.port - block.port + port;
                    const double to = v[c] + d[c];
                    if (!(::fabs(to) < 1e12)) return false;
                    const double cut = limited(part, port, v[c], to);
                    close = close && cut == to && ::fabs(d[c]) * sharpness_of(part) < kClose;
                    d[c] = cut - v[c];
                    v[c] = cut;
                }
            }
            if (close) {  // the last step is small enough for the slope to give the currents
                for (int r = 0; r < n; ++r)
                    for (int c = 0; c < n; ++c) i[r] += slope(r, c) * d[c];
                return true;
            }
        }
        return false;
    }

    // Continuation: `from` solves p0 = v - K i(v) exactly; p moves from p0 to its value in steps
    // short enough for Newton's method to succeed.
    bool continuation(const double* p, const double* from) const {
        const int n = block.ports;
        double* const v = job.v + block.port;
        double* const i = job.i + block.port;
        double start[kMostBlockPorts], at[kMostBlockPorts], kept[kMostBlockPorts];
        for (int r = 0; r < n; ++r) v[r] = kept[r] = from[r];
        evaluate_all();
        for (int r = 0; r < n; ++r) {
            start[r] = v[r];
            for (int c = 0; c < n; ++c) start[r] -= coupling(r, c) * i[c];
        }
        double done = 0.0, step = 0.25;
        while (done < 1.0) {
            const double to = done + step < 1.0 ? done + step : 1.0;
            for (int r = 0; r < n; ++r) at[r] = start[r] + to * (p[r] - start[r]);
            if (run(at, 30)) {
                done = to;
                step *= 2.0;
                for (int r = 0; r < n; ++r) kept[r] = v[r];
            } else {
                for (int r = 0; r < n; ++r) v[r] = kept[r];
                step *= 0.25;
                if (step < 1e-9) return false;
            }
        }
        return true;
    }

    bool find(const double* p) const {
        double from[kMostBlockPorts];
        for (int r = 0; r < block.ports; ++r) from[r] = job.v[block.port + r];
        if (job.leads)
            for (int r = 0; r < block.ports; ++r) job.v[block.port + r] += job.lead[block.port + r];
        const CircuitPart& part = job.parts[block.part];
        const double* a = part.numbers;
        const double k0 = coupling(0, 0);
        if (block.ports == 1 && part.kind == Part::kOpAmp && k0 * a[1] * a[2] < 1.0) {
            // As if the output went straight from one rail to the other. (Not where the feedback is
            // positive: there the state decides between two outputs.)
            const double middle = p[0] + k0 * a[0], rail = 1.0 / a[2];
            const double v = middle / (1.0 - k0 * a[1] * a[2]);
            job.v[block.port] = v > rail ? middle + k0 * a[1] : v < -rail ? middle - k0 * a[1] : v;
        }
        if (run(p, 12)) return true;
        ++job.rescued;
        if (continuation(p, from)) return true;
        // Where a circuit with feedback jumps no path leads on: start from p itself.
        for (int r = 0; r < block.ports; ++r) job.v[block.port + r] = p[r];
        return run(p, 60);
    }
};

}  // namespace DRYWET_TARGET
}  // namespace drywet
