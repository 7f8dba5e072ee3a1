// What a net is: plain data, shared by all targets.
#pragma once

#include <stddef.h>

namespace drywet {

enum class Cell : int { kLstm = 0, kGru = 1, kRnn = 2, kStateSpace = 3 };
constexpr int kCells = 4;

constexpr int kMaxLayers = 4;
constexpr int kMaxInputs = 8;

// Rows of weights per unit: torch's weight_ih and weight_hh are (gates * hidden, columns).
constexpr int gates_of(Cell cell) {
    return cell == Cell::kLstm ? 4 : cell == Cell::kGru ? 3 : cell == Cell::kStateSpace ? 2 : 1;
}

constexpr bool has_c(Cell cell) { return cell == Cell::kLstm || cell == Cell::kStateSpace; }

// Layers of one kind and a dense layer to one output, with torch.nn's parameters. Their
// gradients are kept one after the other in the order of the members here.
//
// State-space layers (state_space.hpp) have theirs in the same places, the rows of two matrices
// or the entries of two vectors one after the other: B and D in w_ih, the real and the imaginary
// part of C in w_hh, a and b in b_ih, n and t of the poles in b_hh. Of their states h are the real
// and c the imaginary parts.
template <class T>
struct Net {
    Cell cell;
    int inputs;
    int hidden;
    int layers;
    T skip;  // times the first input is added to the output
    struct Layer {
        const T* w_ih;  // (gates * hidden, inputs of the layer)
        const T* w_hh;  // (gates * hidden, hidden)
        const T* b_ih;  // (gates * hidden)
        const T* b_hh;  // (gates * hidden)
    } layer[kMaxLayers];
    const T* head_weight;  // (hidden)
    const T* head_bias;    // (1)

    int layer_inputs(int l) const { return l == 0 ? inputs : hidden; }

    size_t parameters() const {
        const size_t rows = size_t(gates_of(cell)) * hidden;
        size_t count = size_t(hidden) + 1;
        for (int l = 0; l < layers; ++l) count += rows * (layer_inputs(l) + hidden + 2);
        return count;
    }
};

}  // namespace drywet
