#include "wavenet_training_run.hpp"

#include <algorithm>
#include <cstring>

#include "subnormals.hpp"
#include "workers.hpp"

namespace drywet {
namespace {

constexpr std::size_t kLine = 16;  // numbers
constexpr std::size_t kMostTile = 8;

// Room for so many rows when they are written in whole tiles of any size.
std::size_t whole_tiles(long rows) { return std::size_t(rows) + kMostTile - 1; }

// Whether the derivative follows from the value: a leaky ReLU's tells its side only while it doesn't
// turn the sign.
bool tells_derivative(const ActivationSettings& activation) {
    switch (activation.kind) {
        case Activation::kSilu:
        case Activation::kHardSwish: return false;
        case Activation::kLeakyRelu: return activation.slope >= 0.0f;
        default: return true;
    }
}

}  // namespace

WaveNetTrainer::WaveNetTrainer(const Target& target,
                               const std::vector<WaveNetArraySettings>& arrays,
                               const float* weights, std::size_t count, std::size_t samples)
    : target_(target), samples_(samples) {
    require_possible(arrays);
    plan(arrays);
    require(count == parameters_ + 1, "the number of weights isn't what the arrays need");
    pack(weights);
    head_scale_ = weights[parameters_];
}

// Every matrix in the file's order; a convolution with its layer.
template <class F>
void WaveNetTrainer::each_linear(F&& f) {
    for (std::size_t a = 0; a < arrays_.size(); ++a) {
        f(arrays_[a].rechannel, nullptr);
        for (TrainedLayer& layer : layers_[a]) {
            f(layer.conv, &layer);
            if (layer.mix.forward.outputs) f(layer.mix, nullptr);
            if (layer.head.forward.outputs) f(layer.head, nullptr);
        }
        f(arrays_[a].head, nullptr);
    }
}

void WaveNetTrainer::plan(const std::vector<WaveNetArraySettings>& arrays) {
    const WaveNetKernel& kernel = target_.wavenet;
    const auto linear = [&](long inputs, long outputs, bool biased, long taps = 1,
                            long dilation = 1) {
        TrainedLinear made{};
        made.forward = linear_of(kernel, inputs, outputs, biased);
        made.backward = linear_of(kernel, outputs, inputs, false);
        made.forward.kernel = made.backward.kernel = int(taps);
        made.forward.dilation = made.backward.dilation = std::size_t(dilation);
        return made;
    };
    const auto rows = [&](long count) {
        const std::size_t at = tape_rows_;
        tape_rows_ += whole_tiles(count);
        return at;
    };
    inputs_ = std::size_t(arrays.front().inputs);
    tape_rows_ = inputs_;
    std::size_t first = 0;
    for (const WaveNetArraySettings& from : arrays) {
        const long collected = from.collected();
        TrainedArray array{};
        array.rechannel = linear(from.inputs, from.channels, false);
        array.head = linear(collected, from.outputs, from.head_bias, from.head_kernel);
        array.first = first;
        array.in_row = arrays_.empty() ? 0 : rows(from.inputs);
        array.sums_row = rows(collected);
        work_rows_ = std::max({work_rows_, whole_tiles(from.channels), whole_tiles(collected),
                               whole_tiles(from.outputs), whole_tiles(2 * from.bottleneck)});
        auto& layers = layers_.emplace_back();
        for (const WaveNetLayerSettings& some : from.layers) {
            TrainedLayer layer{};
            layer.gating = some.gating;
            const bool gated = some.gating != Gating::kNone;
            const long made = from.bottleneck * (gated ? 2 : 1);
            layer.conv = linear(from.channels, made, true, some.kernel, some.dilation);
            layer.conv.forward.conditions = int(inputs_);
            if (from.residual) layer.mix = linear(from.bottleneck, from.channels, true);
            if (from.head1x1) layer.head = linear(from.bottleneck, from.head1x1, true);
            layer.channels = int(from.channels);
            layer.bottleneck = int(from.bottleneck);
            layer.residual = from.residual;
            layer.activation = some.activation;
            layer.gate = some.gate;
            layer.in_row = rows(from.channels);
            layer.out_row = rows(made);
            layer.keeps_raw = some.gating == Gating::kBlended ||
                              !tells_derivative(some.activation) ||
                              (gated && !tells_derivative(some.gate));
            if (layer.keeps_raw) layer.raw_row = rows(made);
            const std::size_t past = past_of(layer.conv.forward);
            longest_past_ = std::max(longest_past_, past);
            layer.first = first += past;
            layers.push_back(layer);
        }
        array.layers = layers.data();
        array.layer_count = int(layers.size());
        const std::size_t past = past_of(array.head.forward);
        longest_past_ = std::max(longest_past_, past);
        first += past;
        arrays_.push_back(array);
    }
    for (std::size_t a = 0; a < arrays_.size(); ++a) arrays_[a].layers = layers_[a].data();
    require(samples_ > first, "a window is no longer than the past that the net needs");
    wanted_ = samples_ - first;
    const std::size_t slack = 2 * std::size_t(target_.training.width);
    const std::size_t length = samples_ + longest_past_ + slack;
    stride_ = (rounded_up(length, kLine) / kLine | 1) * kLine;
    each_linear([&](TrainedLinear& one, const TrainedLayer*) {
        const std::size_t weights =
            std::size_t(one.forward.outputs) * one.forward.inputs * one.forward.kernel;
        one.at = parameters_;
        parameters_ += weights + (one.forward.biased + one.forward.conditions) *
                                     std::size_t(one.forward.outputs);
        largest_ = std::max(largest_, weights);
    });
}

void WaveNetTrainer::pack(const float* weights) {
    std::size_t size = 0;
    each_linear([&](TrainedLinear& one, const TrainedLayer*) {
        size += packed_size(one.forward) + packed_size(one.backward);
    });
    packed_.resize(size);
    float* to = packed_.data();
    std::vector<float> turned;
    each_linear([&](TrainedLinear& one, const TrainedLayer* layer) {
        const Linear& shape = one.forward;
        const float* const from = weights + one.at;
        const Matrix forward{from, shape.conditions ? weights + one.factor_at() : nullptr,
                             shape.biased ? weights + one.bias_at() : nullptr};
        const auto scale = [&](int row) {
            if (!layer) return 1.0f;
            return activation_scale(row < layer->bottleneck ? layer->activation.kind
                                                            : layer->gate.kind);
        };
        drywet::pack(shape, forward, scale, to);
        one.forward.weights = to;
        to += packed_size(shape);
        const int outputs = shape.outputs, inputs = shape.inputs, kernel = shape.kernel;
        turned.resize(std::size_t(outputs) * inputs * kernel);
        for (int o = 0; o < outputs; ++o)
            for (int i = 0; i < inputs; ++i)
                for (int k = 0; k < kernel; ++k)
                    turned[(std::size_t(i) * outputs + o) * kernel + kernel - 1 - k] =
                        from[(std::size_t(o) * inputs + i) * kernel + k];
        drywet::pack(one.backward, {turned.data(), nullptr, nullptr}, [](int) { return 1.0f; },
                     to);
        one.backward.weights = to;
        to += packed_size(one.backward);
    });
}

std::size_t WaveNetTrainer::tape_bytes() const {
    return rounded(tape_rows_ * stride_ * sizeof(float));
}

WaveNetTrainingJob WaveNetTrainer::job() const {
    WaveNetTrainingJob made{};
    made.arrays = arrays_.data();
    made.array_count = int(arrays_.size());
    made.parameters = parameters_;
    made.samples = samples_;
    made.stride = stride_;
    made.slack = stride_ - samples_;
    made.head_scale = head_scale_;
    made.tape_rows = tape_rows_;
    made.work_stride = work_rows_;
    made.wanted = wanted_;
    return made;
}

void WaveNetTrainer::forward(std::size_t batch, const float* x, float* y, void* tape,
                             int threads) const {
    const std::size_t bytes = tape_bytes();
    const std::size_t work_bytes = rounded(kWorkParts * work_rows_ * stride_ * sizeof(float));
    const int workers = std::min(int(batch), threads);
    const Buffer work(work_bytes * workers);
    const Buffer tapes(tape ? 0 : bytes * workers);
    std::memset(work.data(), 0, work_bytes * workers);
    for_each(int(batch), threads, [&](int window, int worker) {
        const FlushSubnormals flush;
        WaveNetTrainingJob one = job();
        char* const rows = tape ? static_cast<char*>(tape) + window * bytes
                                : static_cast<char*>(tapes.data()) + worker * bytes;
        one.tape = reinterpret_cast<float*>(rows);
        one.x = {one.tape, stride_};
        one.work = reinterpret_cast<float*>(static_cast<char*>(work.data()) + worker * work_bytes);
        one.y = y + window * wanted_;
        for (std::size_t i = 0; i < inputs_; ++i)
            std::copy_n(x + (window * inputs_ + i) * samples_, samples_, one.tape + i * stride_);
        target_.training.forward(one);
    });
}

void WaveNetTrainer::backward(std::size_t batch, const void* tape, const float* dy,
                              float* gradients, int threads) const {
    const std::size_t work_bytes = rounded(kWorkParts * work_rows_ * stride_ * sizeof(float));
    const std::size_t partial_bytes =
        rounded(largest_ * std::size_t(target_.training.width) * sizeof(float));
    const int workers = std::min(int(batch), threads);
    const Buffer work((work_bytes + partial_bytes) * workers);
    const Buffer each(batch * parameters_ * sizeof(float));
    std::memset(work.data(), 0, (work_bytes + partial_bytes) * workers);
    for_each(int(batch), threads, [&](int turn, int worker) {
        const FlushSubnormals flush;
        const std::size_t window = batch - 1 - std::size_t(turn);  // the newest is in the caches
        WaveNetTrainingJob one = job();
        char* const mine =
            static_cast<char*>(work.data()) + worker * (work_bytes + partial_bytes);
        // Backward only reads it.
        one.tape = const_cast<float*>(reinterpret_cast<const float*>(
            static_cast<const char*>(tape) + window * tape_bytes()));
        one.x = {one.tape, stride_};
        one.work = reinterpret_cast<float*>(mine);
        one.partial = reinterpret_cast<float*>(mine + work_bytes);
        one.dy = dy + window * wanted_;
        one.gradients = static_cast<float*>(each.data()) + window * parameters_;
        target_.training.backward(one);
    });
    std::fill_n(gradients, parameters_, 0.0f);
    for (std::size_t window = 0; window < batch; ++window) {
        const float* const from = static_cast<const float*>(each.data()) + window * parameters_;
        for (std::size_t i = 0; i < parameters_; ++i) gradients[i] += from[i];
    }
}

}  // namespace drywet
