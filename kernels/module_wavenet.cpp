// The Python module's WaveNet.

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>

#include "module.hpp"
#include "oversampler.hpp"
#include "wavenet_run.hpp"
#include "wavenet_training_run.hpp"

namespace drywet {
namespace {

// kernel, dilation, activation, slope, gating, gate, gate's slope
using LayerTuple = std::tuple<long, long, std::string, float, std::string, std::string, float>;
// input, channels, bottleneck, head, head's kernel and bias, residual, head1x1, layers
using ArrayTuple =
    std::tuple<long, long, long, long, long, bool, bool, long, std::vector<LayerTuple>>;

// In the order of their enumerations.
constexpr const char* kActivations[] = {"linear", "tanh", "relu", "leaky_relu", "sigmoid",
                                        "silu", "hardtanh", "hardswish", "softsign"};
constexpr const char* kGatings[] = {"none", "gated", "blended"};

template <class T, std::size_t N>
T named(const char* const (&names)[N], const std::string& name) {
    const auto found = std::find(std::begin(names), std::end(names), name);
    if (found == std::end(names)) throw std::invalid_argument("no activation or gating '" + name + "'");
    return T(found - std::begin(names));
}

WaveNetLayerSettings layer_of(const LayerTuple& from) {
    const auto& [kernel, dilation, activation, slope, gating, gate, gate_slope] = from;
    WaveNetLayerSettings layer{kernel,
                               dilation,
                               {named<Activation>(kActivations, activation), slope},
                               named<Gating>(kGatings, gating),
                               {Activation::kLinear, 0.0f}};
    if (layer.gating != Gating::kNone)
        layer.gate = {named<Activation>(kActivations, gate), gate_slope};
    return layer;
}

std::vector<WaveNetArraySettings> arrays_of(const std::vector<ArrayTuple>& given) {
    std::vector<WaveNetArraySettings> arrays;
    for (const auto& [inputs, channels, bottleneck, head, head_kernel, head_bias, residual, head1x1,
                      layers] : given) {
        arrays.push_back({inputs, channels, bottleneck, head, head_kernel, head_bias, residual,
                          head1x1, {}});
        std::transform(layers.begin(), layers.end(), std::back_inserter(arrays.back().layers),
                       layer_of);
    }
    return arrays;
}

void make(WaveNet* self, const std::string& target, const std::vector<ArrayTuple>& given,
          ConstSignal weights) {
    new (self)
        WaveNet(target_named(target), arrays_of(given), weights.data(), weights.size());
}

void make_copies(WaveNetCopies* self, const std::string& target,
                 const std::vector<ArrayTuple>& given, ConstSignal weights, int copies) {
    if (copies < 1 || copies > kMostBranches)
        throw std::invalid_argument("1 to 16 copies of a net expected");
    new (self) WaveNetCopies(target_named(target), arrays_of(given), weights.data(),
                             weights.size(), copies);
}

void play_copies(WaveNetCopies& self, ConstRows x, Rows y) {
    if (x.shape(0) != self.copies() || y.shape(0) != x.shape(0) || y.shape(1) != x.shape(1) ||
        self.inputs() != 1)
        throw std::invalid_argument("a row for each copy, as many samples out as in");
    const nb::gil_scoped_release release;
    self.process(x.data(), y.data(), x.shape(1));
}

void play(WaveNet& self, Array<const float> x, Signal y) {
    if (x.size() != y.size() * std::size_t(self.inputs()))
        throw std::invalid_argument("as many samples out as in, and a value for each input");
    const nb::gil_scoped_release release;
    self.process(x.data(), y.data(), y.size());
}

void settle(WaveNet& self, ConstSignal knobs) {
    if (knobs.size() + 1 != std::size_t(self.inputs()))
        throw std::invalid_argument("a position for each knob");
    self.settle(knobs.data());
}

// The tape of a batch as an array, which a tensor can hold and PyTorch frees after backward.
using Tape = nb::ndarray<nb::numpy, std::uint8_t, nb::ndim<1>, nb::device::cpu>;

WaveNetTrainer trainer_of(const std::string& target, const std::vector<ArrayTuple>& given,
                          const ConstSignal& weights, std::size_t samples) {
    return WaveNetTrainer(target_named(target), arrays_of(given), weights.data(), weights.size(),
                          samples);
}

std::optional<Tape> train_forward(const std::string& target, const std::vector<ArrayTuple>& given,
                                  ConstSignal weights, ConstRows x, Rows y, bool keep,
                                  int threads) {
    const WaveNetTrainer trainer = trainer_of(target, given, weights, x.shape(1));
    const std::size_t batch = y.shape(0);
    if (x.shape(0) != batch * trainer.inputs() || y.shape(1) != trainer.wanted() ||
        batch > 0x7fffffff)
        throw std::invalid_argument("a row of outputs for each window, without the net's past");
    const std::size_t bytes = trainer.tape_bytes() * batch;
    std::unique_ptr<Buffer> tape;
    {
        const nb::gil_scoped_release release;
        if (keep) tape.reset(new Buffer(bytes));
        trainer.forward(batch, x.data(), y.data(), tape ? tape->data() : nullptr, threads);
    }
    if (!tape) return std::nullopt;
    void* const data = tape->data();
    nb::capsule owner(tape.release(), [](void* p) noexcept { delete static_cast<Buffer*>(p); });
    return Tape(data, {bytes}, owner);
}

void train_backward(const std::string& target, const std::vector<ArrayTuple>& given,
                    ConstSignal weights, std::size_t samples,
                    nb::ndarray<const std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu> tape,
                    ConstRows dy, Signal gradients, int threads) {
    const WaveNetTrainer trainer = trainer_of(target, given, weights, samples);
    if (dy.shape(1) != trainer.wanted() || tape.size() != trainer.tape_bytes() * dy.shape(0) ||
        gradients.size() + 1 != weights.size() ||
        reinterpret_cast<std::uintptr_t>(tape.data()) % 64)
        throw std::invalid_argument("the tape isn't one that forward gave for this batch");
    const nb::gil_scoped_release release;
    trainer.backward(dy.shape(0), tape.data(), dy.data(), gradients.data(), threads);
}

}  // namespace

void define_wavenet(nb::module_& m) {
    using namespace nb::literals;
    m.def("wavenet_forward", train_forward, "target"_a, "arrays"_a, "weights"_a.noconvert(),
          "x"_a.noconvert(), "y"_a.noconvert(), "keep"_a, "threads"_a);
    m.def("wavenet_backward", train_backward, "target"_a, "arrays"_a, "weights"_a.noconvert(),
          "samples"_a, "tape"_a.noconvert(), "dy"_a.noconvert(), "gradients"_a.noconvert(),
          "threads"_a);
    nb::class_<WaveNet>(m, "WaveNet")
        .def("__init__", make, "target"_a, "arrays"_a, "weights"_a.noconvert())
        .def("process", play, "x"_a.noconvert(), "y"_a.noconvert())
        .def("settle", settle, "knobs"_a.noconvert())
        .def("reset", &WaveNet::reset)
        .def_prop_ro("receptive_field", &WaveNet::receptive_field);
    nb::class_<WaveNetCopies>(m, "WaveNetCopies")
        .def("__init__", make_copies, "target"_a, "arrays"_a, "weights"_a.noconvert(), "copies"_a)
        .def("process", play_copies, "x"_a.noconvert(), "y"_a.noconvert())
        .def("reset", &WaveNetCopies::reset);
}

}  // namespace drywet
