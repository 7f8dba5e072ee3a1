// Shared by the functions of the Python module: checks arrays and makes nets of them.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "dispatch.hpp"
#include "net.hpp"

namespace nb = nanobind;

namespace drywet {

template <class T>
using Array = nb::ndarray<T, nb::c_contig, nb::device::cpu>;

inline const Target& target_named(const std::string& name) {
    for (const Target* target : targets_here())
        if (target->name == name) return *target;
    throw std::invalid_argument("this CPU has no target '" + name + "'");
}

inline Cell cell_named(const std::string& name) {
    if (name == "lstm") return Cell::kLstm;
    if (name == "gru") return Cell::kGru;
    if (name == "rnn") return Cell::kRnn;
    if (name == "ssm") return Cell::kStateSpace;
    throw std::invalid_argument("no cell '" + name + "'");
}

template <class A>
auto* checked(const A& array, std::vector<std::size_t> shape, const char* name) {
    bool same = array.ndim() == shape.size();
    for (std::size_t i = 0; same && i < shape.size(); ++i) same = array.shape(i) == shape[i];
    if (!same) throw std::invalid_argument(std::string("array of the wrong shape: ") + name);
    return array.data();
}

inline std::size_t limited(std::size_t size) {
    if (size < 1 || size > 0x7fffffff) throw std::invalid_argument("1 to 2^31 - 1 expected");
    return size;
}

// The layers' w_ih, w_hh, b_ih and b_hh as torch.nn orders them, then the dense layer's weight
// (1, hidden) and bias (1). A is T or const T.
template <class T, class A>
Net<T> net_of(Cell cell, T skip, const std::vector<Array<A>>& parameters) {
    const std::size_t layers = parameters.size() / 4;
    if (parameters.size() % 4 != 2 || layers < 1 || layers > kMaxLayers)
        throw std::invalid_argument("four arrays for each of 1 to 4 layers and two more expected");
    if (parameters[0].ndim() != 2) throw std::invalid_argument("weight_ih isn't a matrix");
    Net<T> net{};
    const std::size_t gates = gates_of(cell);
    const std::size_t rows = parameters[0].shape(0), hidden = rows / gates;
    const std::size_t inputs = parameters[0].shape(1);
    if (hidden < 1 || hidden > 4096 || inputs < 1 || inputs > kMaxInputs)
        throw std::invalid_argument("1 to 4096 units and 1 to 8 inputs expected");
    net.cell = cell;
    net.inputs = int(inputs);
    net.hidden = int(hidden);
    net.layers = int(layers);
    net.skip = skip;
    for (std::size_t l = 0; l < layers; ++l)
        net.layer[l] = {
            checked(parameters[4 * l], {gates * hidden, l ? hidden : inputs}, "weight_ih"),
            checked(parameters[4 * l + 1], {gates * hidden, hidden}, "weight_hh"),
            checked(parameters[4 * l + 2], {gates * hidden}, "bias_ih"),
            checked(parameters[4 * l + 3], {gates * hidden}, "bias_hh")};
    net.head_weight = checked(parameters[4 * layers], {1, hidden}, "head.weight");
    net.head_bias = checked(parameters[4 * layers + 1], {1}, "head.bias");
    return net;
}

template <class T>
BatchKernel<T> kernel_of(const std::string& target, Cell cell) {
    if constexpr (sizeof(T) == sizeof(double))
        return kDouble[int(cell)];
    else
        return target_named(target).batch[int(cell)];
}

// Signals, and rows of them.
using Signal = nb::ndarray<float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using ConstSignal = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Rows = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using ConstRows = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// Refuses windows of so many samples that don't lie in the signal.
inline void require_inside(const Array<const std::int64_t>& starts, std::size_t samples,
                           std::size_t window) {
    if (samples < window) throw std::invalid_argument("a window is longer than the signal");
    for (std::size_t i = 0; i < starts.size(); ++i)
        if (starts.data()[i] < 0 || std::uint64_t(starts.data()[i]) > samples - window)
            throw std::invalid_argument("a window lies outside the signal");
}

void define_frames(nb::module_& m);
void define_optimizers(nb::module_& m);
void define_sequences(nb::module_& m);
void define_streams(nb::module_& m);
void define_wavenet(nb::module_& m);

}  // namespace drywet
