#include "wavenet_pack.hpp"

#include "refuse.hpp"

namespace drywet {

void require(bool good, const char* what) {
    if (!good) refuse(what);
}

void require_possible(const std::vector<WaveNetArraySettings>& arrays) {
    const auto size = [](long n) { return n >= 1 && n <= kMostWaveNetChannels; };
    const auto span = [](long kernel, long dilation) {
        const long most = long(kMostWaveNetPast);
        return kernel >= 1 && dilation >= 1 && kernel <= most && dilation <= most / kernel;
    };
    require(!arrays.empty() && arrays.size() <= kMostWaveNetArrays, "1 to 8 arrays expected");
    for (std::size_t a = 0; a < arrays.size(); ++a) {
        const WaveNetArraySettings& array = arrays[a];
        require(size(array.channels) && size(array.bottleneck) && size(array.outputs) &&
                    (array.head1x1 == 0 || size(array.head1x1)),
                "1 to 1024 channels expected");
        require(span(array.head_kernel, 1), "a head's kernel is out of bounds");
        require(a ? array.inputs == arrays[a - 1].channels
                  : array.inputs >= 1 && array.inputs <= kMaxInputs,
                "an array's inputs aren't the channels of the one before it, or 1 to 8");
        const long sums = array.collected();
        require(!a || arrays[a - 1].outputs == sums,
                "a head's outputs don't fit the sums of the next array");
        require(!array.layers.empty() && array.layers.size() <= kMostWaveNetLayers,
                "1 to 256 layers expected in an array");
        for (const WaveNetLayerSettings& layer : array.layers)
            require(span(layer.kernel, layer.dilation), "a kernel or dilation is out of bounds");
    }
    require(arrays.back().outputs == 1, "the last head has one output");
}

std::size_t rows_of(const Linear& linear) {
    return std::size_t(linear.outputs + linear.tile - 1) / linear.tile * linear.tile;
}

std::size_t packed_size(const Linear& linear) {
    const std::size_t columns = std::size_t(linear.kernel) * linear.inputs;
    return rows_of(linear) * (columns + 1 + linear.conditions);
}

void pack(const Linear& linear, const Matrix& from, const RowScale& scale, float* to) {
    const auto column = [&](int first, const float* values, std::size_t step) {
        for (int o = 0; o < linear.tile; ++o) {
            const int row = first + o;
            *to++ = values && row < linear.outputs ? values[row * step] * scale(row) : 0.0f;
        }
    };
    const std::size_t inputs = linear.inputs, kernel = linear.kernel;
    const std::size_t conditions = linear.conditions;
    for (int first = 0; first < linear.outputs; first += linear.tile) {
        column(first, from.bias, 1);
        for (std::size_t d = 0; d < conditions; ++d) column(first, from.factors + d, conditions);
        for (std::size_t k = 0; k < kernel; ++k)
            for (std::size_t i = 0; i < inputs; ++i)
                column(first, from.weights + i * kernel + k, inputs * kernel);
    }
}

std::size_t past_of(const Linear& linear) {
    return std::size_t(linear.kernel - 1) * linear.dilation;
}

Linear linear_of(const WaveNetKernel& kernel, long inputs, long outputs, bool biased) {
    Linear made{};
    made.inputs = int(inputs);
    made.outputs = int(outputs);
    made.tile = kernel.tile(int(outputs));
    made.kernel = 1;
    made.dilation = 1;
    made.biased = biased;
    return made;
}

}  // namespace drywet
