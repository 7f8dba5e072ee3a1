// An optimiser over the arrays of a net, as Python holds them.
#pragma once

#include <memory>

#include "module.hpp"
#include "optimizer.hpp"

namespace drywet {

struct NativeOptimizer {
    std::unique_ptr<Optimizer> optimizer;
    std::vector<Array<float>> parameters;
    std::vector<Array<float>> states;  // held so that they live as long

    // Throws unless the net is of these very arrays.
    void require(const std::vector<Array<float>>& of_net) const {
        bool same = of_net.size() == parameters.size();
        for (std::size_t i = 0; same && i < of_net.size(); ++i)
            same = of_net[i].data() == parameters[i].data() &&
                   of_net[i].size() == parameters[i].size();
        if (!same) throw std::invalid_argument("the optimiser is another net's");
    }
};

}  // namespace drywet
