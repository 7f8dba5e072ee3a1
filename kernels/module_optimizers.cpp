// The Python module's optimisers.

#include "module_optimizers.hpp"

#include <optional>
#include <tuple>
#include <utility>

#include "adamw.hpp"
#include "soap_optimizer.hpp"

namespace drywet {
namespace {

using Floats = Array<float>;

std::vector<Slice> slices_of(const std::vector<Floats>& parameters) {
    std::vector<Slice> slices;
    std::size_t at = 0;
    for (const Floats& parameter : parameters) {
        slices.push_back({parameter.data(), parameter.size(), at});
        at += parameter.size();
    }
    return slices;
}

// Where an array has moments it is trained.
NativeOptimizer make_adamw(const std::vector<Floats>& parameters,
                           const std::vector<std::optional<Floats>>& means,
                           const std::vector<std::optional<Floats>>& squares, long done,
                           std::pair<double, double> betas, double eps, double decay,
                           double clip) {
    if (means.size() != parameters.size() || squares.size() != parameters.size())
        throw std::invalid_argument("as many moments as parameters expected");
    if (done < 0) throw std::invalid_argument("a count of updates expected");
    NativeOptimizer made{nullptr, parameters, {}};
    const std::vector<Slice> slices = slices_of(parameters);
    std::vector<Slice> trained;
    std::vector<Moments> moments;
    for (std::size_t n = 0; n < parameters.size(); ++n) {
        const std::size_t size = parameters[n].size();
        if (means[n].has_value() != squares[n].has_value() ||
            (means[n] && (means[n]->size() != size || squares[n]->size() != size)))
            throw std::invalid_argument("moments of another size than their parameter's");
        if (!means[n]) continue;
        trained.push_back(slices[n]);
        moments.push_back({means[n]->data(), squares[n]->data()});
        made.states.push_back(*means[n]);
        made.states.push_back(*squares[n]);
    }
    made.optimizer.reset(new AdamW(std::move(trained), std::move(moments),
                                   {betas.first, betas.second, eps, decay, clip}, done));
    return made;
}

// Number of the parameter; mean and mean square (inputs, outputs); covariance and basis of the
// inputs, and those of the outputs.
using Side = std::optional<std::pair<Floats, Floats>>;
using Block = std::tuple<int, Floats, Floats, Side, Side>;

NativeOptimizer make_soap(const std::string& target, const std::vector<Floats>& parameters,
                          const std::vector<Block>& given, Floats norm_square, long done,
                          std::pair<double, double> betas, double eps, double ridge, double decay,
                          double clip, double spike, int every, int threads) {
    if (done < 0 || every < 1) throw std::invalid_argument("a count of updates expected");
    if (norm_square.size() != 1) throw std::invalid_argument("one squared norm expected");
    NativeOptimizer made{nullptr, parameters, {}};
    const std::vector<Slice> slices = slices_of(parameters);
    std::vector<SoapBlock> blocks;
    for (const auto& [number, mean, square, inputs, outputs] : given) {
        if (mean.ndim() != 2) throw std::invalid_argument("mean isn't (inputs, outputs)");
        const std::size_t n = limited(mean.shape(0)), m = limited(mean.shape(1));
        SoapBlock block{};
        block.job.inputs = int(n);
        block.job.outputs = int(m);
        block.job.mean = mean.data();
        block.job.mean_square = checked(square, {n, m}, "mean_square");
        made.states.push_back(mean);
        made.states.push_back(square);
        if (number < 0 || std::size_t(number) >= slices.size() ||
            slices[std::size_t(number)].size != n * m)
            throw std::invalid_argument("mean isn't of its parameter's size");
        block.slice = slices[std::size_t(number)];
        const auto side = [&](const Side& of, std::size_t length, float*& covariance,
                              float*& basis) {
            if (!of) return;
            if (length > kMostSoapSide) throw std::invalid_argument("a side too long to turn");
            covariance = checked(of->first, {length, length}, "covariance");
            basis = checked(of->second, {length, length}, "basis");
            made.states.push_back(of->first);
            made.states.push_back(of->second);
        };
        side(inputs, n, block.job.covariance_0, block.job.basis_0);
        side(outputs, m, block.job.covariance_1, block.job.basis_1);
        blocks.push_back(std::move(block));
    }
    made.optimizer.reset(new SoapOptimizer(
        target_named(target).soap, std::move(blocks), norm_square.data(),
        {betas.first, betas.second, eps, ridge, decay, clip, spike, every}, done, threads));
    made.states.push_back(norm_square);
    return made;
}

// Gradients of all parameters in a row; they may be changed.
void update(NativeOptimizer& self, Signal gradients, double rate) {
    std::size_t size = 0;
    for (const Floats& parameter : self.parameters) size += parameter.size();
    if (gradients.size() != size) throw std::invalid_argument("a gradient for each weight");
    const nb::gil_scoped_release release;
    self.optimizer->update(gradients.data(), rate);
}

}  // namespace

void define_optimizers(nb::module_& m) {
    using namespace nb::literals;
    nb::class_<NativeOptimizer>(m, "Optimizer")
        .def("update", update, "gradients"_a.noconvert(), "rate"_a);
    m.def("adamw", make_adamw, "parameters"_a.noconvert(), "means"_a.noconvert(),
          "squares"_a.noconvert(), "done"_a, "betas"_a, "eps"_a, "decay"_a, "clip"_a);
    m.def("soap", make_soap, "target"_a, "parameters"_a.noconvert(), "blocks"_a.noconvert(),
          "norm_square"_a.noconvert(), "done"_a, "betas"_a, "eps"_a, "ridge"_a, "decay"_a, "clip"_a,
          "spike"_a, "every"_a, "threads"_a);
}

}  // namespace drywet
