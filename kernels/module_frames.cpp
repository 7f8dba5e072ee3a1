// The Python module's functions for windowed nets.

#include <cstdint>

#include "frames.hpp"
#include "module.hpp"
#include "module_optimizers.hpp"

namespace drywet {
namespace {

using Floats = Array<float>;

void play(const std::string& target, const std::string& cell_name,
          const std::vector<Array<const float>>& parameters, int frame, Array<const float> x,
          Floats y, int threads) {
    const Cell cell = cell_named(cell_name);
    const Net<float> net = net_of<float>(cell, 0.0f, parameters);
    if (net.inputs != 1 || frame < 1) throw std::invalid_argument("one input and a frame expected");
    if (y.ndim() != 2) throw std::invalid_argument("y isn't (rows, samples)");
    const std::size_t rows = limited(y.shape(0)), samples = limited(y.shape(1));
    limited(rows * samples);
    const float* from = checked(x, {rows, samples + std::size_t(frame) - 1}, "x");
    const BatchKernel<float>& kernel = target_named(target).batch[int(cell)];
    const nb::gil_scoped_release release;
    play_frames(kernel, net, frame, rows, samples, from, y.data(), threads);
}

void train(const std::string& target, const std::string& cell_name,
           const std::vector<Floats>& parameters, NativeOptimizer& optimizer, int frame,
           Array<const float> dry, Array<const float> wet, Array<const std::int64_t> starts,
           Array<const double> rates, Array<double> losses, float gain, double esr, double mae,
           int threads) {
    const Cell cell = cell_named(cell_name);
    FrameTraining training{};
    training.net = net_of<float>(cell, 0.0f, parameters);
    optimizer.require(parameters);
    training.loss = {gain, esr, mae};
    if (training.net.inputs != 1 || frame < 1 || threads < 1)
        throw std::invalid_argument("one input, a frame and a thread expected");
    if (starts.ndim() != 2) throw std::invalid_argument("starts isn't (steps, batch)");
    const std::size_t steps = limited(starts.shape(0)), batch = limited(starts.shape(1));
    const std::size_t samples = dry.size();
    training.frame = frame;
    training.batch = int(batch);
    training.dry = checked(dry, {samples}, "dry");
    training.wet = checked(wet, {samples}, "wet");
    const double* rate = checked(rates, {steps}, "rates");
    double* loss = checked(losses, {steps}, "losses");
    require_inside(starts, samples, std::size_t(frame));
    const BatchKernel<float>& kernel = target_named(target).batch[int(cell)];
    const nb::gil_scoped_release release;
    train_frames(kernel, training, *optimizer.optimizer, int(steps), starts.data(), rate, loss,
                 threads);
}

}  // namespace

void define_frames(nb::module_& m) {
    using namespace nb::literals;
    m.def("play_frames", play, "target"_a, "cell"_a, "parameters"_a, "frame"_a, "x"_a.noconvert(),
          "y"_a.noconvert(), "threads"_a);
    m.def("train_frames", train, "target"_a, "cell"_a, "parameters"_a.noconvert(), "optimizer"_a,
          "frame"_a, "dry"_a.noconvert(), "wet"_a.noconvert(), "starts"_a.noconvert(),
          "rates"_a.noconvert(), "losses"_a.noconvert(), "gain"_a, "esr"_a, "mae"_a, "threads"_a);
}

}  // namespace drywet
