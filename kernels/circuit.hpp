// A circuit in time: steps of the trapezoidal rule, shorter ones where a part's current curves.
//
// Edges faster than a sample alias at any rate. Where the curvature of a part's current within a
// step exceeds `tolerance`, the step is done again in shorter ones. Between
// steps the output is a straight line; its mean under a cubic B-spline four samples
// wide is taken in closed form, so that an edge counts with its position between samples.
// See docs/circuits.md for the method.
#pragma once

#include "circuit_newton.hpp"

namespace drywet {
namespace DRYWET_TARGET {

struct Circuit {
    // (v, w, y) into the scratch's first rows. False: Newton's method failed.
    static DRYWET_INLINE bool step(CircuitJob& job, const CircuitStep& step, double u, bool moving) {
        using V = Vec<double, kWidth<double>>;
        constexpr int W = kWidth<double>;
        double* const r = job.scratch;
        double* const s = r + job.rows;
        if (moving)
            for (int c = 0; c < job.capacitors; ++c) s[c] = step.g[c] * job.w[c] + job.j[c];
        for (int q = 0; q < job.rows; q += W) {
            const double* at = step.a + q;
            V sum = V{};
            if (moving)
                for (int c = 0; c < job.capacitors; ++c, at += job.rows)
                    sum += s[c] * load<V>(at);
            else
                at += std::size_t(job.capacitors) * job.rows;
            sum += u * load<V>(at) + load<V>(at + job.rows);
            store(r + q, sum);
        }
        for (int b = 0; b < job.block_count; ++b) {
            const CircuitBlock& block = job.blocks[b];
            const Newton newton{job, block, step.k};
            if (!newton.find(r + block.port)) return false;
            for (int q = (block.port / W) * W; q < job.rows; q += W) {
                V sum = load<V>(r + q);
                for (int p = block.port; p < block.port + block.ports; ++p)
                    sum += job.i[p] * load<V>(step.k + std::size_t(p) * job.rows + q);
                store(r + q, sum);
            }
        }
        if (moving) {
            const double* w = r + job.ports;
            for (int c = 0; c < job.capacitors; ++c) {
                job.w[c] = w[c];
                job.j[c] = step.g[c] * w[c] - s[c];
            }
        }
        return true;
    }

    // The largest deviation, in volts at a port, of a part's current from a parabola's between two
    // samples; v, i and slope are those before the step. Op-amps' outputs and plates swing by far
    // more than a diode's half volt, so their volts are scaled down to count alike.
    static DRYWET_INLINE double curvature(const CircuitJob& job, const double* v,
                                          const double* i, const double* slope) {
        double most = 0.0;
        for (int port = 0, n = 0; port < job.ports; ++n) {
            const CircuitPart& part = job.parts[n];
            const int width = ports_of(part.kind);
            for (int r = port; r < port + width; ++r) {
                const std::size_t row = std::size_t(r) * job.ports;
                double off = i[r] - job.i[r];
                for (int c = port; c < port + width; ++c)
                    off += 0.5 * (slope[row + c] + job.slope[row + c]) * (job.v[c] - v[c]);
                const double k = ::fabs(job.steps[0].k[std::size_t(r) * job.rows + r]);
                double volts = ::fabs(off) / (1.0 + k * ::fabs(job.slope[row + r]));
                volts *= part.kind == Part::kOpAmp ? 0.5 / part.numbers[1] : k;
                if (part.kind == Part::kTriode && r > port) volts *= 0.01;
                if (volts > most) most = volts;
            }
            port += width;
        }
        return most;
    }

    // What a step changes, to go back to.
    static size_t kept_size(const CircuitJob& job) {
        return 2 * size_t(job.capacitors) + 2 * size_t(job.ports) + size_t(job.ports) * job.ports;
    }
    template <class F>
    static DRYWET_INLINE void each_kept(CircuitJob& job, double* kept, const F& f) {
        const size_t capacitors = job.capacitors, ports = job.ports;
        f(job.w, kept, capacitors), kept += capacitors;
        f(job.j, kept, capacitors), kept += capacitors;
        f(job.v, kept, ports), kept += ports;
        f(job.i, kept, ports), kept += ports;
        f(job.slope, kept, ports * ports);
    }

    // The input between the last sample, t = 0, and this, t = 1: the cubic through the last four.
    static DRYWET_INLINE double input_at(const CircuitJob& job, double t) {
        const double* u = job.inputs;
        const double d1 = u[3] - u[2], e1 = u[2] - u[1], d2 = d1 - e1;
        const double d3 = d2 - (e1 - (u[1] - u[0]));
        return u[3] + (t - 1) * (d1 + 0.5 * t * (d2 + (t + 1) * d3 / 3));
    }

    // One step of this level from time `from`, in samples since the last one, or shorter ones
    // where the curvature is too large. Adds the moments of the output to `moments`.
    template <int Level>
    static bool cover(CircuitJob& job, double from, double* moments) {
        constexpr double kLength[] = {1.0, 1.0 / kDivisions[0],
                                      1.0 / (kDivisions[0] * kDivisions[1])};
        constexpr bool kLast = Level == kLevels - 1;
        const double before = job.y;
        const bool may_divide = !kLast && job.ports && job.tolerance > 0;
        double* const kept =
            job.scratch + job.rows + job.capacitors + Level * kept_size(job);
        if (may_divide)
            each_kept(job, kept, [](const double* now, double* to, size_t size) DRYWET_LAMBDA {
                memcpy(to, now, size * sizeof(double));
            });
        const double u = Level ? input_at(job, from + kLength[Level]) : job.inputs[3];
        job.leads = Level == 0 && may_divide && job.clean > 1;
        const bool found = step(job, job.steps[Level], u, true);
        if (!found && !may_divide) return false;
        if constexpr (!kLast) {
            const double* const v = kept + 2 * job.capacitors;
            if (may_divide &&
                (!found || curvature(job, v, v + job.ports, v + 2 * job.ports) > job.tolerance)) {
                each_kept(job, kept, [](double* now, const double* from, size_t size) DRYWET_LAMBDA {
                    memcpy(now, from, size * sizeof(double));
                });
                constexpr int kParts = kDivisions[Level];
                for (int f = 0; f < kParts; ++f)
                    if (!cover<Level + 1>(job, from + f * kLength[Level] / kParts, moments))
                        return false;
                if (Level == 0) job.clean = -1;
                return true;
            }
        }
        job.y = job.scratch[job.ports + job.capacitors];
        if (Level == 0 && may_divide)
            for (int p = 0; p < job.ports; ++p) job.lead[p] = job.v[p] - kept[2 * job.capacitors + p];
        if (Level > 0) add_moments(from, from + kLength[Level], before, job.y, moments);
        return true;
    }

    // Of the line from y0 at time a to y1 at b: its integrals times 1, t, t^2, t^3.
    static DRYWET_INLINE void add_moments(double a, double b, double y0, double y1, double* m) {
        const double slope = (y1 - y0) / (b - a), base = y0 - slope * a;
        double pa = a, pb = b;
        for (int k = 0; k < 4; ++k) {
            const double qa = pa * a, qb = pb * b;
            m[k] += base * (pb - pa) / (k + 1) + slope * (qb - qa) / (k + 2);
            pa = qa, pb = qb;
        }
    }

    static int process(CircuitJob& job) {
        for (int n = 0; n < job.count; ++n) {
            const double before = job.y;
            double* const u = job.inputs;
            u[0] = u[1], u[1] = u[2], u[2] = u[3], u[3] = job.in[n];
            double extra[4] = {};
            if (!cover<0>(job, 0.0, extra)) return n;
            const double y = job.y;
            const bool divided = job.clean < 0;
            if (job.clean < 3) ++job.clean;  // no further: hours of silence would overflow it
            if (divided) {
                ++job.refined;
                // What a smooth signal's curve has over a line comes back with the
                // samples' own smoothing undone; it must not count twice.
                for (int k = 0; k < 4; ++k)
                    extra[k] += 0.5 * job.curve * (1.0 / (k + 2) - 1.0 / (k + 3)) -
                                before / (k + 1) - (y - before) / (k + 2);
            } else if (job.clean > 2) {
                job.curve = y - 2 * job.samples[4] + job.samples[3];
            }
            job.out[n] = smoothed(job, y, extra);
        }
        return job.count;
    }

    // Two samples late: the samples, joined by lines, under the B-spline, and what the true
    // output of the divided ones adds. `extra`: its moments 1, t, t^2, t^3 over the sample.
    static DRYWET_INLINE double smoothed(CircuitJob& job, double y, const double* extra) {
        double* const s = job.samples;
        s[0] = s[1], s[1] = s[2], s[2] = s[3], s[3] = s[4], s[4] = y;
        const double* m = extra;
        double* const b = job.corrections;  // two samples back, one back, this and the next
        b[0] = b[1] + (m[0] - 3 * m[1] + 3 * m[2] - m[3]) / 6;
        b[1] = b[2] + (4 * m[0] - 6 * m[2] + 3 * m[3]) / 6;
        b[2] = b[3] + (m[0] + 3 * m[1] + 3 * m[2] - 3 * m[3]) / 6;
        b[3] = m[3] / 6;
        return (s[0] + s[4] + 26 * (s[1] + s[3]) + 66 * s[2]) / 120 + b[0];
    }

    static bool settle(CircuitJob& job, const CircuitStep& at) {
        const std::size_t squares = std::size_t(job.ports) * job.ports;
        memset(job.v, 0, job.ports * sizeof(double));
        memset(job.slope, 0, squares * sizeof(double));
        if (!step(job, at, job.inputs[3], false)) return false;
        memcpy(job.w, job.scratch + job.ports, job.capacitors * sizeof(double));
        memset(job.j, 0, job.capacitors * sizeof(double));
        job.y = job.scratch[job.ports + job.capacitors];
        for (double& sample : job.samples) sample = job.y;
        for (double& correction : job.corrections) correction = 0.0;
        job.curve = 0.0;
        job.clean = 0;
        job.leads = false;
        return true;
    }
};

}  // namespace DRYWET_TARGET
}  // namespace drywet
