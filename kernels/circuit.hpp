// A circuit in time: the parts on its ports, Newton's method, and a step of the trapezoidal rule.
//
// Edges faster than a sample would alias, however high the rate. Where a part's curve bends by
// more than `tolerance` within a step, the step is done again in shorter ones. Between
// steps the output is a straight line; its mean under a cubic B-spline four samples
// wide is taken in closed form, so that an edge counts with its position between samples.
// See docs/circuits.md for the method.
#pragma once

#include "circuit_job.hpp"
#include "simd.hpp"

namespace drywet {
namespace DRYWET_TARGET {

// exp that goes on as a straight line before it overflows; its slope is returned too.
DRYWET_INLINE double exp_limited(double x, double& slope) {
    if (x > 80.0) {
        slope = 5.54062238439351e34;  // exp(80)
        return slope * (x - 79.0);
    }
    return slope = ::exp(x);
}

// --- the parts: currents into their ports and the derivatives by the ports' voltages ---
// Each takes off the conductance `leak` that the linear part has been given across the port so
// that no node hangs in the air.

// numbers: leak, count, then for each of up to 3: sign, saturation current, 1 / (n Vt).
DRYWET_INLINE void diodes(const double* a, const double* v, double* i, double* s) {
    i[0] = -a[0] * v[0];
    s[0] = -a[0];
    for (int n = 0; n < int(a[1]); ++n) {
        const double* d = a + 2 + 3 * n;
        double slope;
        i[0] += d[0] * d[1] * (exp_limited(d[0] * v[0] * d[2], slope) - 1.0);
        s[0] += d[1] * d[2] * slope;
    }
}

// Ebers-Moll with Early effect, as SPICE's Gummel-Poon without its high currents. Ports
// base-emitter and base-collector. numbers: leak, polarity, IS, 1/(NF Vt), 1/(NR Vt), 1/BF, 1/BR,
// 1/VAF.
DRYWET_INLINE void bjt(const double* a, const double* v, double* i, double* s) {
    double ef, er;
    const double p = a[1], vbe = p * v[0], vbc = p * v[1];
    const double f = a[2] * (exp_limited(vbe * a[3], ef) - 1.0);
    const double r = a[2] * (exp_limited(vbc * a[4], er) - 1.0);
    const double gf = a[2] * a[3] * ef, gr = a[2] * a[4] * er;
    const double early = 1.0 - vbc * a[7];  // 1 / qb
    const double t = (f - r) * early, tf = gf * early, tr = -gr * early - (f - r) * a[7];
    // From base to emitter: base current of the forward part, and the transport; and so on.
    i[0] = p * (f * a[5] + t) - a[0] * v[0];
    i[1] = p * (r * a[6] - t) - a[0] * v[1];
    s[0] = gf * a[5] + tf - a[0];
    s[1] = tr;
    s[2] = -tf;
    s[3] = gr * a[6] - tr - a[0];
}

// Shichman-Hodges, SPICE's level 1. Ports gate-source and drain-source. numbers: leak, polarity,
// VTO, BETA, LAMBDA, IS, 1/Vt.
DRYWET_INLINE void jfet(const double* a, const double* v, double* i, double* s) {
    const double p = a[1], vgs = p * v[0], vds = p * v[1];
    double e0, e1;
    const double gs = a[5] * (exp_limited(vgs * a[6], e0) - 1.0);
    const double gd = a[5] * (exp_limited((vgs - vds) * a[6], e1) - 1.0);
    e0 *= a[5] * a[6], e1 *= a[5] * a[6];
    // Drain and source change places where vds < 0.
    const bool swapped = vds < 0.0;
    const double from = swapped ? -vds : vds, on = (swapped ? vgs - vds : vgs) - a[2];
    double d = 0.0, by_g = 0.0, by_d = 0.0;  // by vgs and vds of the unswapped
    if (on > 0.0) {
        const double beta = a[3] * (1.0 + a[4] * from);
        double q, by_on, by_from;
        if (on <= from) {
            q = on * on, by_on = 2.0 * on, by_from = 0.0;
        } else {
            q = from * (2.0 * on - from), by_on = 2.0 * from, by_from = 2.0 * (on - from);
        }
        d = beta * q;
        by_on *= beta, by_from = by_from * beta + a[3] * a[4] * q;
        by_g = swapped ? -by_on : by_on;
        by_d = swapped ? by_on + by_from : by_from;
        if (swapped) d = -d;
    }
    // The gate-drain junction's current passes through both ports.
    i[0] = p * (gs + gd) - a[0] * v[0];
    i[1] = p * (d - gd) - a[0] * v[1];
    s[0] = e0 + e1 - a[0];
    s[1] = -e1;
    s[2] = by_g - e1;
    s[3] = by_d + e1 - a[0];
}

// Koren's triode, see parts.lib. Ports grid-cathode and plate-cathode. numbers: leak, 1/mu, ex,
// 2/kg1, kp, kvb, gg.
DRYWET_INLINE void triode(const double* a, const double* v, double* i, double* s) {
    const double vg = v[0], vp = v[1] > 0.0 ? v[1] : 0.0;
    const double root = 1.0 / ::sqrt(a[5] + vp * vp);
    const double x = a[4] * (a[1] + vg * root);
    const double soft = x > 40.0 ? x : ::log1p(::exp(x)), gate = x > 40.0 ? 1.0 : -::expm1(-soft);
    const double e = vp / a[4] * soft;
    const double by_g = vp * gate * root;
    const double by_p = v[1] > 0.0 ? soft / a[4] - vp * gate * vg * vp * root * root * root : 0.0;
    const double power = e > 0.0 ? ::pow(e, a[2] - 1.0) : 0.0;
    i[1] = a[3] * power * e - a[0] * v[1];
    s[2] = a[2] * a[3] * power * by_g;
    s[3] = a[2] * a[3] * power * by_p - a[0];
    const double half = vg > 0.0 ? ::sqrt(vg) : 0.0;
    i[0] = a[6] * vg * half - a[0] * v[0];
    s[0] = 1.5 * a[6] * half - a[0];
    s[1] = 0.0;
}

// An op-amp with rails: not a current but its output's voltage. numbers: middle, half of the
// swing, gain / half.
DRYWET_INLINE void op_amp(const double* a, const double* v, double* i, double* s) {
    const double t = ::tanh(a[2] * v[0]);
    i[0] = a[0] + a[1] * t;
    s[0] = a[1] * a[2] * (1.0 - t * t);
}

DRYWET_INLINE void evaluate(const CircuitPart& part, const double* v, double* i, double* s) {
    switch (part.kind) {
        case Part::kDiodes: return diodes(part.numbers, v, i, s);
        case Part::kBjt: return bjt(part.numbers, v, i, s);
        case Part::kJfet: return jfet(part.numbers, v, i, s);
        case Part::kTriode: return triode(part.numbers, v, i, s);
        case Part::kOpAmp: return op_amp(part.numbers, v, i, s);
    }
}

// Volts over which a part's curve bends: Newton's method may stop at a small part of it.
DRYWET_INLINE double bend_of(const CircuitPart& part) {
    switch (part.kind) {
        case Part::kDiodes: return 1.0 / part.numbers[4];
        case Part::kBjt: return 1.0 / part.numbers[3];
        case Part::kJfet: return 1.0 / part.numbers[6];
        case Part::kTriode: return 0.1;
        default: return 1.0 / part.numbers[2];
    }
}

// Whether a junction of the part conducts in this direction of its port's voltage.
DRYWET_INLINE bool conducts(const CircuitPart& part, int port, double v) {
    const double* a = part.numbers;
    switch (part.kind) {
        case Part::kDiodes:
            for (int n = 0; n < int(a[1]); ++n)
                if (a[2 + 3 * n] * v > 0) return true;
            return false;
        case Part::kBjt: return a[1] * v > 0;
        case Part::kJfet: return port == 0 && a[1] * v > 0;
        default: return false;
    }
}

// A step of Newton's method over a junction's knee is cut as in SPICE, or the exponential
// would be far too large.
DRYWET_INLINE double limited(const CircuitPart& part, int port, double from, double to) {
    if (!conducts(part, port, to)) return to;
    const double bend = bend_of(part), knee = 12.0 * bend;
    const double size = to < 0 ? -to : to, before = to < 0 ? -from : from;
    const double start = before > knee ? before : knee;
    if (size - start < 2.0 * bend) return to;
    const double cut = start + bend * ::log1p((size - start) / bend);
    return to < 0 ? -cut : cut;
}

// --- Newton's method on a block ---

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
    static constexpr double kClose = 1e-3;  // of a bend; the currents are then good to 1e-6

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
                    close = close && cut == to && ::fabs(d[c]) < kClose * bend_of(part);
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

    // From a solution that is known, along a path short enough for each step to succeed: with
    // v there, p = v - K i(v) is solved exactly.
    bool walk(const double* p, const double* from) const {
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
        if (block.ports == 1 && part.kind == Part::kOpAmp) {
            // As if the output went straight from one rail to the other.
            const double* a = part.numbers;
            const double k0 = coupling(0, 0), middle = p[0] + k0 * a[0], rail = 1.0 / a[2];
            const double v = middle / (1.0 - k0 * a[1] * a[2]);
            job.v[block.port] = v > rail ? middle + k0 * a[1] : v < -rail ? middle - k0 * a[1] : v;
        }
        if (run(p, 12)) return true;
        ++job.rescued;
        return walk(p, from);
    }
};

// --- a step ---

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

    // How far, in volts at its port, a part's current strays from a parabola's between two
    // samples: v, i and slope before, and now.
    static DRYWET_INLINE double bend(const CircuitJob& job, const double* v, const double* i,
                                     const double* slope) {
        double most = 0.0;
        for (int p = 0; p < job.ports; ++p) {
            double off = 0.0;
            const std::size_t row = std::size_t(p) * job.ports;
            int q = p, end = p + 1;
            // A part's ports follow each other; other entries of the slope are 0.
            q = p > 0 ? p - 1 : p;
            end = p + 2 < job.ports ? p + 2 : job.ports;
            for (; q < end; ++q)
                off += 0.5 * (slope[row + q] + job.slope[row + q]) * (job.v[q] - v[q]);
            off -= job.i[p] - i[p];
            const double k = ::fabs(job.steps[0].k[std::size_t(p) * job.rows + p]);
            const double volts = ::fabs(off) * k / (1.0 + k * ::fabs(job.slope[row + p]));
            if (volts > most) most = volts;
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

    // From time `from` on, in samples since the last one, for a step of this level, or for
    // shorter ones where the circuit bends. Adds the moments of the output to `moments`.
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
        if (!step(job, job.steps[Level], u, true)) return false;
        if constexpr (!kLast) {
            const double* const v = kept + 2 * job.capacitors;
            if (may_divide &&
                bend(job, v, v + job.ports, v + 2 * job.ports) > job.tolerance) {
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
            if (job.clean++ < 0) {
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
        double* const b = job.bends;  // of the sample two back, one back, this and the next
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
        for (double& bend : job.bends) bend = 0.0;
        job.curve = 0.0;
        job.clean = 0;
        job.leads = false;
        return true;
    }
};

}  // namespace DRYWET_TARGET
}  // namespace drywet
