// The Python module: checks shapes, passes pointers on, releases the GIL.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "circuit_run.hpp"
#include "driver.hpp"
#include "module.hpp"

namespace drywet {
namespace {

template <class T>
States<T> states_of(const Net<std::remove_const_t<T>>& net, std::size_t batch,
                    const std::optional<Array<T>>& h, const std::optional<Array<T>>& c) {
    const std::vector<std::size_t> shape{std::size_t(net.layers), batch, std::size_t(net.hidden)};
    return {h ? checked(*h, shape, "h") : nullptr, c ? checked(*c, shape, "c") : nullptr};
}

// The tape from forward to backward. As an array it can be a tensor, which PyTorch frees as soon as
// backward is done.
using TapeArray = nb::ndarray<nb::numpy, std::uint8_t, nb::ndim<1>, nb::device::cpu>;

template <class T>
std::optional<TapeArray> forward_of(const std::string& target, const std::string& cell_name, T skip,
                                 const std::vector<Array<const T>>& parameters, Array<const T> x,
                                 std::optional<Array<const T>> h0, std::optional<Array<const T>> c0,
                                 Array<T> y, Array<T> hn, std::optional<Array<T>> cn, bool keep,
                                 int threads) {
    const Cell cell = cell_named(cell_name);
    const Net<T> net = net_of<T>(cell, skip, parameters);
    if (x.ndim() != 3) throw std::invalid_argument("x isn't (batch, steps, inputs)");
    const std::size_t batch = limited(x.shape(0)), steps = limited(x.shape(1));
    const T* from = checked(x, {batch, steps, std::size_t(net.inputs)}, "x");
    T* to = checked(y, {batch, steps, 1}, "y");
    const auto before = states_of<const T>(net, batch, h0, c0);
    const auto after = states_of<T>(net, batch, hn, cn);
    if (has_c(cell) && !cn)
        throw std::invalid_argument("an LSTM has a c, a state-space layer imaginary parts");
    const auto kernel = kernel_of<T>(target, cell);
    std::unique_ptr<Buffer> tape;
    std::size_t bytes = 0;
    {
        const nb::gil_scoped_release release;
        if (keep) {
            bytes = tape_bytes(kernel, net, int(batch), int(steps));
            tape.reset(new Buffer(bytes));
        }
        forward<T>(kernel, net, int(batch), int(steps), from, before, to, after,
                   tape ? tape->data() : nullptr, threads);
    }
    if (!tape) return std::nullopt;
    void* const data = tape->data();
    nb::capsule owner(tape.release(), [](void* p) noexcept { delete static_cast<Buffer*>(p); });
    return TapeArray(data, {bytes}, owner);
}

template <class T>
void backward_of(const std::string& target, const std::string& cell_name, T skip,
                 const std::vector<Array<const T>>& parameters,
                 nb::ndarray<std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu> tape,
                 Array<const T> dy,
                 std::optional<Array<const T>> dhn, std::optional<Array<const T>> dcn,
                 std::optional<Array<T>> dx, std::optional<Array<T>> dh0,
                 std::optional<Array<T>> dc0,
                 Array<T> gradients, int threads) {
    const Cell cell = cell_named(cell_name);
    const Net<T> net = net_of<T>(cell, skip, parameters);
    if (dy.ndim() != 3) throw std::invalid_argument("dy isn't (batch, steps, 1)");
    const std::size_t batch = limited(dy.shape(0)), steps = limited(dy.shape(1));
    const T* from = checked(dy, {batch, steps, 1}, "dy");
    const auto after = states_of<const T>(net, batch, dhn, dcn);
    const auto before = states_of<T>(net, batch, dh0, dc0);
    T* to_x = dx ? checked(*dx, {batch, steps, std::size_t(net.inputs)}, "dx") : nullptr;
    T* to = checked(gradients, {net.parameters()}, "gradients");
    const auto kernel = kernel_of<T>(target, cell);
    if (tape.size() != tape_bytes(kernel, net, int(batch), int(steps)) ||
        reinterpret_cast<std::uintptr_t>(tape.data()) % 64)
        throw std::invalid_argument("the tape isn't one that forward gave for this batch");
    const nb::gil_scoped_release release;
    backward<T>(kernel, net, int(batch), int(steps), tape.data(), from, after, to_x, before, to,
                threads);
}

using Matrix = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Vector = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Steps = std::tuple<Matrix, Matrix, Vector>;  // a, k, g

StepMatrices matrices(const CircuitRun& run, const Steps& step) {
    const auto& [a, k, g] = step;
    const std::size_t capacitors = std::size_t(run.capacitors()), ports = std::size_t(run.ports());
    const std::size_t rows = ports + capacitors + 1;
    return {checked(a, {rows, capacitors + 2}, "a"), checked(k, {rows, ports}, "k"),
            checked(g, {capacitors}, "g")};
}

// The count of numbers that a part of this kind must have.
std::size_t numbers_of(Part kind, const std::vector<double>& numbers) {
    switch (kind) {
        case Part::kDiodes: {
            const double count = numbers.size() > 1 ? numbers[1] : 0;
            return count == 1 || count == 2 || count == 3 ? 2 + 3 * std::size_t(count) : 0;
        }
        case Part::kBjt: return 8;
        case Part::kJfet:
        case Part::kTriode: return 7;
        default: return 3;
    }
}

CircuitPart part_of(int kind, int port, const std::vector<double>& numbers) {
    if (kind < 0 || kind > int(Part::kOpAmp)) throw std::invalid_argument("no such part");
    CircuitPart part{Part(kind), port, {}};
    if (numbers.size() != numbers_of(part.kind, numbers) ||
        !std::all_of(numbers.begin(), numbers.end(), [](double n) { return std::isfinite(n); }))
        throw std::invalid_argument("a part's numbers aren't as they must be");
    std::copy(numbers.begin(), numbers.end(), part.numbers);
    return part;
}

void turn_circuit(CircuitRun& self, const std::vector<std::vector<double>>& numbers) {
    if (numbers.size() != self.parts().size()) throw std::invalid_argument("a part is missing");
    std::vector<CircuitPart> parts;
    for (const CircuitPart& part : self.parts())
        parts.push_back(part_of(int(part.kind), part.port, numbers[parts.size()]));
    self.turn(parts);
}

// Parts as (kind, numbers), in the order of their ports; blocks as numbers of parts.
void make_circuit(CircuitRun* self, const std::string& target, int capacitors,
                  const std::vector<std::pair<int, std::vector<double>>>& given,
                  const std::vector<int>& blocks, double tolerance) {
    std::vector<CircuitPart> parts;
    int port = 0;
    for (const auto& [kind, numbers] : given) {
        parts.push_back(part_of(kind, port, numbers));
        port += ports_of(parts.back().kind);
    }
    std::vector<CircuitBlock> found;
    std::size_t at = 0;
    for (const int count : blocks) {
        if (count < 1 || at + std::size_t(count) > parts.size())
            throw std::invalid_argument("blocks don't hold the parts");
        CircuitBlock block{parts[at].port, 0, int(at), count};
        for (int n = 0; n < count; ++n) block.ports += ports_of(parts[at++].kind);
        if (block.ports > kMostBlockPorts) throw std::invalid_argument("a block has too many ports");
        found.push_back(block);
    }
    if (at != parts.size() || capacitors < 0 || capacitors > 4096 || port > 4096)
        throw std::invalid_argument("blocks don't hold the parts");
    new (self) CircuitRun(target_named(target), capacitors, std::move(parts), std::move(found),
                          tolerance);
}

int run_circuit(CircuitRun& self, nb::ndarray<const double, nb::ndim<1>, nb::c_contig> in,
                nb::ndarray<double, nb::ndim<1>, nb::c_contig> out) {
    if (in.size() != out.size() || in.size() > 0x7fffffff)
        throw std::invalid_argument("as many samples out as in");
    if (!self.ready()) throw std::invalid_argument("set comes before process");
    const nb::gil_scoped_release release;
    return self.process(in.data(), out.data(), int(in.size()));
}

template <class T>
void define(nb::module_& m) {
    using namespace nb::literals;
    m.def("forward", forward_of<T>, "target"_a, "cell"_a, "skip"_a, "parameters"_a, "x"_a.noconvert(),
          "h0"_a.none().noconvert(), "c0"_a.none().noconvert(), "y"_a.noconvert(),
          "hn"_a.noconvert(), "cn"_a.none().noconvert(), "keep"_a, "threads"_a);
    m.def("backward", backward_of<T>, "target"_a, "cell"_a, "skip"_a, "parameters"_a, "tape"_a.noconvert(),
          "dy"_a.noconvert(), "dhn"_a.none().noconvert(), "dcn"_a.none().noconvert(),
          "dx"_a.none().noconvert(), "dh0"_a.none().noconvert(), "dc0"_a.none().noconvert(),
          "gradients"_a.noconvert(), "threads"_a);
}

}  // namespace
}  // namespace drywet

NB_MODULE(_native, m) {
    using namespace drywet;
    using namespace nb::literals;
    nb::set_leak_warnings(false);  // at the interpreter's end, which frees everything anyway
    m.def("targets", [] {
        std::vector<std::string> names;
        for (const Target* target : targets_here()) names.push_back(target->name);
        return names;
    });
    define<float>(m);
    define<double>(m);
    define_optimizers(m);
    define_frames(m);
    define_sequences(m);
    define_streams(m);
    define_wavenet(m);
    m.attr("MOST_BLOCK_PORTS") = kMostBlockPorts;
    m.attr("DIVISIONS") = nb::make_tuple(kDivisions[0], kDivisions[1]);
    nb::class_<CircuitRun>(m, "Circuit")
        .def("__init__", make_circuit, "target"_a, "capacitors"_a, "parts"_a, "blocks"_a,
             "tolerance"_a)
        .def("set", [](CircuitRun& self, const std::vector<Steps>& given) {
                 if (given.size() != kLevels) throw std::invalid_argument("a step is missing");
                 StepMatrices steps[kLevels];
                 for (int n = 0; n < kLevels; ++n) steps[n] = matrices(self, given[std::size_t(n)]);
                 self.set(steps);
             }, "steps"_a)
        .def("turn", turn_circuit, "numbers"_a)
        .def("settle", [](CircuitRun& self, const Steps& rest, double input) {
                 return self.settle(matrices(self, rest), input);
             }, "rest"_a, "input"_a)
        .def("process", run_circuit, "x"_a.noconvert(), "y"_a.noconvert())
        .def_prop_ro("output", &CircuitRun::output)
        .def_prop_ro("refined", &CircuitRun::refined)
        .def_prop_ro("rescued", &CircuitRun::rescued);
}
