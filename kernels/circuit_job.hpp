// A circuit's job for a target: plain data.
//
// A circuit is linear but for its ports. With the state s, the input u and the ports' currents
// i(v), which are functions of the ports' voltages, one step is
//
//   (v, w, y) = A (s, u, 1) + K i(v)
//
// where w are the capacitors' voltages and y is the output. s = g w + j is what the
// trapezoidal rule leaves of a capacitor's last voltage and current j; then j' = g w' - s.
// Ports are ordered so that K among them is block lower triangular: Newton's method runs on
// one block after the other.
#pragma once

#include <cstddef>

namespace drywet {

enum class Part : int { kDiodes, kBjt, kJfet, kTriode, kOpAmp };

constexpr int kPartNumbers = 11;  // diodes have the most, three of them

// Something on one port or two that follow each other. numbers: see circuit_parts.hpp.
struct CircuitPart {
    Part kind;
    int port;
    double numbers[kPartNumbers];
};

inline int ports_of(Part kind) { return kind == Part::kDiodes || kind == Part::kOpAmp ? 1 : 2; }

constexpr int kMostBlockPorts = 16;

// A sample may be divided, and its parts again.
constexpr int kDivisions[] = {4, 8};
constexpr int kLevels = 3;

struct CircuitBlock {
    int port, ports, part, parts;
};

// Row r of column c at [c * rows + r]: ports, capacitors, output, padding.
struct CircuitStep {
    const double* a;  // (capacitors + 2) columns: s, u, 1
    const double* k;  // a column for each port
    const double* g;  // (capacitors)
};

struct CircuitJob {
    int capacitors, ports, rows;
    const CircuitPart* parts;
    const CircuitBlock* blocks;
    int block_count;
    CircuitStep steps[kLevels];  // of a sample, and of its parts where curvature is too large
    double tolerance;            // volts at a port; 0: samples are never divided

    // State, all of it read and written.
    double* w;        // (capacitors)
    double* j;        // (capacitors)
    double* v;        // (ports)
    double* i;        // (ports)
    double* slope;    // (ports, ports) by blocks: di/dv, only the diagonal blocks are used
    double* lead;     // (ports): what v changed by in the last sample, if `leads`: where to begin
    double* scratch;  // circuit_scratch()
    bool leads;
    double inputs[4];  // the last ones
    double y;          // the last output
    double samples[5];  // the last outputs
    double corrections[4];  // to be added to the next outputs
    double curve;       // second difference of the last samples that weren't divided
    int clean;          // how many of them there are in a row
    long refined, rescued;  // how often samples were divided, and Newton's method needed help

    const double* in;
    double* out;
    int count;
};

inline std::size_t circuit_scratch(int capacitors, int ports, int rows) {
    const std::size_t c = std::size_t(capacitors), p = std::size_t(ports);
    return std::size_t(rows) + c + (kLevels - 1) * (2 * c + 2 * p + p * p);
}

struct CircuitKernel {
    // The first sample at which Newton's method failed, or `count`.
    int (*process)(CircuitJob&);
    // The operating point: v and i for the step's columns without s, from rest. False: none found.
    bool (*settle)(CircuitJob&, const CircuitStep&);
};

}  // namespace drywet
