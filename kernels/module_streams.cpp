// The Python module's streams of recurrent nets, and the filters for oversampling them.

#include "module.hpp"
#include "oversampler.hpp"
#include "stream_run.hpp"

namespace drywet {
namespace {

void make_stream(Stream* self, const std::string& target, const std::string& cell, float skip,
                 const std::vector<Array<const float>>& parameters, int copies) {
    new (self)
        Stream(target_named(target), net_of<float>(cell_named(cell), skip, parameters), copies);
}

void process(Stream& stream, Array<const float> x, Array<float> y) {
    const std::size_t copies = std::size_t(stream.copies()), samples = y.size() / copies;
    if (samples * copies != y.size() || samples > 0x7fffffff ||
        x.size() != y.size() * std::size_t(stream.inputs()))
        throw std::invalid_argument(
            "x must hold as many values per sample and copy as the net has inputs");
    const nb::gil_scoped_release release;
    stream.process(x.data(), y.data(), int(samples));
}

void make_oversampler(Oversampler* self, const std::string& target, ConstRows in, ConstRows out) {
    const std::size_t most = std::size_t(kMostTaps);
    if (in.shape(0) != out.shape(0) || in.shape(0) > std::size_t(kMostBranches) ||
        in.shape(1) > most || out.shape(1) > most)
        throw std::invalid_argument("two filters of up to 16 branches of 4096 taps expected");
    new (self) Oversampler(target_named(target), int(in.shape(0)), int(in.shape(1)), in.data(),
                           int(out.shape(1)), out.data());
}

int samples_of(const Oversampler& filters, std::size_t samples, std::size_t rows,
               std::size_t columns) {
    if (rows != std::size_t(filters.branches()) || columns != samples || samples > 0x7fffffff)
        throw std::invalid_argument("a row of as many samples expected for each copy");
    return int(samples);
}

void split(Oversampler& self, ConstSignal x, Rows copies) {
    const int samples = samples_of(self, x.size(), copies.shape(0), copies.shape(1));
    const nb::gil_scoped_release release;
    self.split(x.data(), copies.data(), samples);
}

void join(Oversampler& self, ConstRows copies, Signal y) {
    const int samples = samples_of(self, y.size(), copies.shape(0), copies.shape(1));
    const nb::gil_scoped_release release;
    self.join(copies.data(), y.data(), samples);
}

}  // namespace

void define_streams(nb::module_& m) {
    using namespace nb::literals;
    nb::class_<Stream>(m, "Stream")
        .def("__init__", make_stream, "target"_a, "cell"_a, "skip"_a, "parameters"_a,
             "copies"_a = 1)
        .def("process", process, "x"_a.noconvert(), "y"_a.noconvert())
        .def("settle", &Stream::settle, "samples"_a)
        .def("mark", &Stream::mark)
        .def("reset", &Stream::reset);
    nb::class_<Oversampler>(m, "Oversampler")
        .def("__init__", make_oversampler, "target"_a, "into"_a.noconvert(), "out"_a.noconvert())
        .def("split", split, "x"_a.noconvert(), "copies"_a.noconvert())
        .def("join", join, "copies"_a.noconvert(), "y"_a.noconvert())
        .def("reset", &Oversampler::reset, "rest"_a);
}

}  // namespace drywet
