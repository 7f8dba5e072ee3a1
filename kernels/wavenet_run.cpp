#include "wavenet_run.hpp"

#include <algorithm>

#include "subnormals.hpp"
#include "wavenet_pack.hpp"

namespace drywet {
namespace {

constexpr std::size_t kLine = 16;  // numbers

History history_of(std::size_t rows, std::size_t past) {
    History history{};
    history.row_count = int(rows);
    history.past = past;
    history.start = rounded_up(past, kLine);
    // At least as much room as is copied at the end of a row: copying then costs little.
    history.room =
        history.start + std::max<std::size_t>(history.start, 4 * kWaveNetChunk) + kWaveNetChunk;
    // An odd number of cache lines, so that rows don't share the same few sets of the cache.
    history.stride = (rounded_up(history.room, kLine) / kLine | 1) * kLine;
    return history;
}

}  // namespace

// Every matrix in the file's order; a convolution with its layer.
template <class F>
void WaveNet::each_linear(F&& f) {
    for (WaveNetArray& array : arrays_) {
        f(array.rechannel, nullptr);
        for (int l = 0; l < array.layer_count; ++l) {
            WaveNetLayer& layer = array.layers[l];
            f(layer.conv, &layer);
            if (layer.mix.outputs) f(layer.mix, nullptr);
            if (layer.head.outputs) f(layer.head, nullptr);
        }
        f(array.head, nullptr);
    }
}

template <class F>
void WaveNet::each_history(F&& f) {
    for (WaveNetArray& array : arrays_) {
        for (int l = 0; l < array.layer_count; ++l) f(array.layers[l].in);
        f(array.sums);
    }
}

void WaveNet::plan(const std::vector<WaveNetArraySettings>& arrays) {
    const auto linear = [&](long inputs, long outputs, bool biased) {
        return linear_of(kernel_, inputs, outputs, biased);
    };
    for (const WaveNetArraySettings& from : arrays) {
        const long outputs = from.collected();
        WaveNetArray array{};
        array.rechannel = linear(from.inputs, from.channels, false);
        array.head = linear(outputs, from.outputs, from.head_bias);
        array.head.kernel = int(from.head_kernel);
        const std::size_t sums = rows_of(linear(1, outputs, false));
        array.sums = history_of(sums, past_of(array.head));
        std::vector<WaveNetLayer>& layers = layers_.emplace_back();
        for (const WaveNetLayerSettings& some : from.layers) {
            WaveNetLayer layer{};
            const bool gated = some.gating != Gating::kNone;
            layer.conv = linear(from.channels, from.bottleneck * (gated ? 2 : 1), true);
            layer.conv.kernel = int(some.kernel);
            layer.conv.dilation = std::size_t(some.dilation);
            layer.conv.conditions = int(arrays.front().inputs);
            if (from.residual) layer.mix = linear(from.bottleneck, from.channels, true);
            if (from.head1x1) layer.head = linear(from.bottleneck, from.head1x1, true);
            layer.channels = int(from.channels);
            layer.bottleneck = int(from.bottleneck);
            layer.residual = from.residual;
            layer.gating = some.gating;
            layer.activation = some.activation;
            layer.gate = some.gate;
            layer.in = history_of(rows_of(array.rechannel), past_of(layer.conv));
            layer.run = kernel_.run(layer);
            layers.push_back(layer);
            receptive_field_ += past_of(layer.conv);
        }
        array.layers = layers.data();
        array.layer_count = int(layers.size());
        receptive_field_ += past_of(array.head);
        arrays_.push_back(array);
    }
}

WaveNet::WaveNet(const Target& target, const std::vector<WaveNetArraySettings>& arrays,
                 const float* weights, std::size_t count)
    : kernel_(target.wavenet) {
    require_possible(arrays);
    plan(arrays);
    std::size_t expected = 1, packed = 0, state = 0, rows = 0;
    each_linear([&](const Linear& linear, const WaveNetLayer*) {
        const std::size_t columns = std::size_t(linear.kernel) * linear.inputs;
        expected += (columns + linear.conditions + linear.biased) * linear.outputs;
        packed += packed_size(linear);
        rows = std::max(rows, rows_of(linear));
    });
    each_history([&](const History& history) {
        state += rounded_up(history.row_count, kLine) + history.row_count * history.stride;
    });
    const std::size_t chunk = kWaveNetChunk;
    const std::size_t inputs = std::size_t(arrays.front().inputs);
    const std::size_t size = (inputs + 2 * rows) * chunk + state + packed;
    require(count == expected, "the number of weights isn't what the arrays need");
    require(size <= kMostWaveNetBytes / sizeof(float), "the net needs too much memory");

    buffer_ = std::make_unique<Buffer>(size * sizeof(float));
    float* free = static_cast<float*>(buffer_->data());
    std::fill_n(free, size, 0.0f);
    const auto some = [&](std::size_t numbers) {
        float* const taken = free;
        free += numbers;
        return taken;
    };
    job_.arrays = arrays_.data();
    job_.array_count = int(arrays_.size());
    job_.head_scale = weights[count - 1];
    job_.inputs = int(inputs);
    job_.condition = some(inputs * chunk);
    job_.out = some(rows * chunk);
    job_.work = some(rows * chunk);
    each_history([&](History& history) {
        history.rest = some(rounded_up(history.row_count, kLine));
        history.rows = some(history.row_count * history.stride);
        history.at = history.start;
    });
    const float* from = weights;
    const auto next = [&](std::size_t numbers) {
        const float* const taken = from;
        from += numbers;
        return taken;
    };
    each_linear([&](Linear& linear, const WaveNetLayer* layer) {
        const std::size_t outputs = linear.outputs;
        Matrix matrix{};
        matrix.weights = next(outputs * linear.inputs * linear.kernel);
        if (linear.biased) matrix.bias = next(outputs);
        if (linear.conditions) matrix.factors = next(outputs * linear.conditions);
        float* const to = some(packed_size(linear));
        pack(linear, matrix, [&](int row) {
            if (!layer) return 1.0f;
            return activation_scale(row < layer->bottleneck ? layer->activation.kind
                                                            : layer->gate.kind);
        }, to);
        linear.weights = to;
    });
    const float zeros[kMaxInputs] = {};
    settle(zeros);
}

void WaveNet::settle(const float* knobs) noexcept {
    const FlushSubnormals flush;
    each_history([](History& history) { history.at = history.start; });
    job_.knobs = knobs;
    kernel_.settle(job_);
    job_.knobs = nullptr;
    reset();
}

void WaveNet::process(const float* x, float* y, std::size_t samples) noexcept {
    const FlushSubnormals flush;
    job_.x = x;
    job_.y = y;
    job_.samples = samples;
    kernel_.process(job_);
}

void WaveNet::reset() noexcept {
    each_history([](History& history) {
        for (int r = 0; r < history.row_count; ++r)
            std::fill_n(history.rows + r * history.stride, history.room, history.rest[r]);
        history.at = history.start;
    });
}

WaveNetCopies::WaveNetCopies(const Target& target, const std::vector<WaveNetArraySettings>& arrays,
                             const float* weights, std::size_t count, int copies) {
    for (int n = 0; n < copies; ++n)
        copies_.push_back(std::make_unique<WaveNet>(target, arrays, weights, count));
}

void WaveNetCopies::process(const float* x, float* y, std::size_t samples) noexcept {
    for (auto& copy : copies_) copy->process(x, y, samples), x += samples * inputs(), y += samples;
}

void WaveNetCopies::settle(const float* knobs) noexcept {
    for (auto& copy : copies_) copy->settle(knobs);
}

void WaveNetCopies::reset() noexcept {
    for (auto& copy : copies_) copy->reset();
}

}  // namespace drywet
