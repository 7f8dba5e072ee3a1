// The Python module's functions for windowed nets.

#include <cstdint>
#include <optional>

#include "frames.hpp"
#include "module.hpp"

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

// Where an array has moments it is trained.
std::vector<Trained> trained_of(const std::vector<Floats>& parameters,
                                const std::vector<std::optional<Floats>>& means,
                                const std::vector<std::optional<Floats>>& squares) {
    if (means.size() != parameters.size() || squares.size() != parameters.size())
        throw std::invalid_argument("as many moments as parameters expected");
    std::vector<Trained> trained;
    std::size_t at = 0;
    for (std::size_t n = 0; n < parameters.size(); ++n) {
        const std::size_t size = parameters[n].size();
        if (means[n].has_value() != squares[n].has_value() ||
            (means[n] && (means[n]->size() != size || squares[n]->size() != size)))
            throw std::invalid_argument("moments of another size than their parameter's");
        if (means[n])
            trained.push_back({parameters[n].data(), means[n]->data(), squares[n]->data(), size, at});
        at += size;
    }
    return trained;
}

void require_inside(const std::int64_t* starts, std::size_t count, std::size_t last) {
    for (std::size_t i = 0; i < count; ++i)
        if (starts[i] < 0 || std::uint64_t(starts[i]) > last)
            throw std::invalid_argument("a frame lies outside the signal");
}

void train(const std::string& target, const std::string& cell_name,
           const std::vector<Floats>& parameters, const std::vector<std::optional<Floats>>& means,
           const std::vector<std::optional<Floats>>& squares, long done, int frame,
           Array<const float> dry, Array<const float> wet, Array<const std::int64_t> starts,
           Array<const double> rates, Array<double> losses, float gain, double esr, double mae,
           std::pair<double, double> betas, double eps, double decay, double clip, int threads) {
    const Cell cell = cell_named(cell_name);
    FrameTraining training{};
    training.net = net_of<float>(cell, 0.0f, parameters);
    training.trained = trained_of(parameters, means, squares);
    training.adamw = {betas.first, betas.second, eps, decay, clip};
    training.loss = {gain, esr, mae};
    if (training.net.inputs != 1 || frame < 1 || done < 0 || threads < 1)
        throw std::invalid_argument("one input, a frame and a thread expected");
    if (starts.ndim() != 2) throw std::invalid_argument("starts isn't (steps, batch)");
    const std::size_t steps = limited(starts.shape(0)), batch = limited(starts.shape(1));
    const std::size_t samples = dry.size();
    training.frame = frame;
    training.batch = int(batch);
    training.done = done;
    training.dry = checked(dry, {samples}, "dry");
    training.wet = checked(wet, {samples}, "wet");
    const double* rate = checked(rates, {steps}, "rates");
    double* loss = checked(losses, {steps}, "losses");
    if (samples < std::size_t(frame)) throw std::invalid_argument("a frame is longer than the signal");
    require_inside(starts.data(), starts.size(), samples - std::size_t(frame));
    const BatchKernel<float>& kernel = target_named(target).batch[int(cell)];
    const nb::gil_scoped_release release;
    train_frames(kernel, training, int(steps), starts.data(), rate, loss, threads);
}

}  // namespace

void define_frames(nb::module_& m) {
    using namespace nb::literals;
    m.def("play_frames", play, "target"_a, "cell"_a, "parameters"_a, "frame"_a, "x"_a.noconvert(),
          "y"_a.noconvert(), "threads"_a);
    m.def("train_frames", train, "target"_a, "cell"_a, "parameters"_a.noconvert(),
          "means"_a.noconvert(), "squares"_a.noconvert(),
          "done"_a, "frame"_a, "dry"_a.noconvert(), "wet"_a.noconvert(), "starts"_a.noconvert(),
          "rates"_a.noconvert(), "losses"_a.noconvert(), "gain"_a, "esr"_a, "mae"_a, "betas"_a,
          "eps"_a, "decay"_a, "clip"_a, "threads"_a);
}

}  // namespace drywet
