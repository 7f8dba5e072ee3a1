// The Python module's functions for recurrent nets that keep their state.

#include <cstdint>
#include <optional>
#include <tuple>

#include "module.hpp"
#include "module_optimizers.hpp"
#include "sequences.hpp"

namespace drywet {
namespace {

using Doubles = Array<const double>;

void train(const std::string& target, const std::string& cell_name, float skip,
           const std::vector<Array<float>>& parameters, NativeOptimizer& optimizer,
           std::tuple<int, int, int> window, Array<const float> dry, Array<const float> wet,
           Array<const std::int64_t> starts, Doubles rates, Array<double> losses, float gain,
           const std::vector<double>& loss, std::optional<Array<const float>> weights,
           Doubles energies, std::optional<Doubles> emphasised, int threads) {
    const Cell cell = cell_named(cell_name);
    SequenceTraining training{};
    training.net = net_of<float>(cell, skip, parameters);
    optimizer.require(parameters);
    std::tie(training.warm_up, training.segment, training.bptt) = window;
    if (training.warm_up < 0 || training.segment < 1 || training.bptt < 1 || threads < 1)
        throw std::invalid_argument("a window and a thread expected");
    if (loss.size() != 7) throw std::invalid_argument("seven numbers of a loss expected");
    training.loss = {loss[0], loss[1], loss[2], loss[3], loss[4], loss[5], loss[6]};
    if (starts.ndim() != 2) throw std::invalid_argument("starts isn't (steps, batch)");
    const std::size_t steps = limited(starts.shape(0)), batch = limited(starts.shape(1));
    const std::size_t samples = wet.size();
    training.batch = int(batch);
    training.gain = gain;
    training.dry = checked(dry, {samples, std::size_t(training.net.inputs)}, "dry");
    training.wet = checked(wet, {samples}, "wet");
    if (weights) training.weights = checked(*weights, {samples}, "weights");
    training.energies.plain = checked(energies, {samples + 1}, "energies");
    if (emphasised) training.energies.emphasised = checked(*emphasised, {samples + 1}, "emphasised");
    if (training.loss.pre_emphasis != 0 && !emphasised)
        throw std::invalid_argument("the energies behind the pre-emphasis are missing");
    const double* rate = checked(rates, {steps}, "rates");
    double* found = checked(losses, {steps, std::size_t(training.updates())}, "losses");
    require_inside(starts, samples, std::size_t(training.warm_up) + std::size_t(training.segment));
    const BatchKernel<float>& kernel = target_named(target).batch[int(cell)];
    const nb::gil_scoped_release release;
    train_sequences(kernel, training, *optimizer.optimizer, int(steps), starts.data(), rate, found,
                    threads);
}

}  // namespace

void define_sequences(nb::module_& m) {
    using namespace nb::literals;
    m.def("train_sequences", train, "target"_a, "cell"_a, "skip"_a, "parameters"_a.noconvert(),
          "optimizer"_a, "window"_a, "dry"_a.noconvert(), "wet"_a.noconvert(),
          "starts"_a.noconvert(), "rates"_a.noconvert(), "losses"_a.noconvert(), "gain"_a, "loss"_a,
          "weights"_a.none().noconvert(), "energies"_a.noconvert(),
          "emphasised"_a.none().noconvert(), "threads"_a);
}

}  // namespace drywet
