// The nonlinear parts of a circuit: the currents into their ports.
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

// One over the voltage scale of a part's nonlinearity. Newton's method stops at a small part of
// that scale.
DRYWET_INLINE double sharpness_of(const CircuitPart& part) {
    const double* a = part.numbers;
    switch (part.kind) {
        case Part::kDiodes: {
            double sharpest = a[4];
            for (int n = 1; n < int(a[1]); ++n)
                if (a[4 + 3 * n] > sharpest) sharpest = a[4 + 3 * n];
            return sharpest;
        }
        case Part::kBjt: return a[3];
        case Part::kJfet: return a[6];
        case Part::kTriode: return 10.0;
        default: return a[2];
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
    constexpr double kKnee = 12.0, kMost = 2.0;  // times 1 / sharpness
    const double sharpness = sharpness_of(part), size = to < 0 ? -to : to;
    if (size * sharpness < kKnee + kMost || !conducts(part, port, to)) return to;
    const double scale = 1.0 / sharpness, before = to < 0 ? -from : from;
    const double start = before > kKnee * scale ? before : kKnee * scale;
    if (size - start < kMost * scale) return to;
    const double cut = start + scale * ::log1p((size - start) / scale);
    return to < 0 ? -cut : cut;
}

}  // namespace DRYWET_TARGET
}  // namespace drywet
