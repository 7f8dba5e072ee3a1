// The Python module's WaveNet.

#include <algorithm>
#include <iterator>

#include "module.hpp"
#include "oversampler.hpp"
#include "wavenet_run.hpp"

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
    if (x.shape(0) != self.copies() || y.shape(0) != x.shape(0) || y.shape(1) != x.shape(1))
        throw std::invalid_argument("a row for each copy, as many samples out as in");
    const nb::gil_scoped_release release;
    self.process(x.data(), y.data(), x.shape(1));
}

void play(WaveNet& self, ConstSignal x, Signal y) {
    if (x.size() != y.size()) throw std::invalid_argument("as many samples out as in");
    const nb::gil_scoped_release release;
    self.process(x.data(), y.data(), x.size());
}

}  // namespace

void define_wavenet(nb::module_& m) {
    using namespace nb::literals;
    nb::class_<WaveNet>(m, "WaveNet")
        .def("__init__", make, "target"_a, "arrays"_a, "weights"_a.noconvert())
        .def("process", play, "x"_a.noconvert(), "y"_a.noconvert())
        .def("reset", &WaveNet::reset)
        .def_prop_ro("receptive_field", &WaveNet::receptive_field);
    nb::class_<WaveNetCopies>(m, "WaveNetCopies")
        .def("__init__", make_copies, "target"_a, "arrays"_a, "weights"_a.noconvert(), "copies"_a)
        .def("process", play_copies, "x"_a.noconvert(), "y"_a.noconvert())
        .def("reset", &WaveNetCopies::reset);
}

}  // namespace drywet
