// The kernels in a browser: what JavaScript calls, compiled to WebAssembly (`make wasm`).
//
// Arrays lie in the module's memory, where JavaScript writes them after `allocate`. What cannot be
// done is told by the imported `refuse`, which throws there: the module is then of no more use.

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "circuit_model.hpp"
#include "oversampler.hpp"
#include "played.hpp"
#include "refuse.hpp"
#include "stream_run.hpp"
#include "target.hpp"
#include "wavenet_run.hpp"

#define DRYWET_EXPORT(name) extern "C" __attribute__((export_name(name)))

extern "C" __attribute__((import_module("env"), import_name("refuse"), noreturn)) void told(
    const char* what);

namespace drywet {

void refuse(const char* what) { told(what); }

namespace {

// A net whose inputs after the first are knobs: a Stream or WaveNetCopies.
template <class Net>
class NetModel final : public Played {
public:
    NetModel(std::unique_ptr<Net> net, const float* knobs)
        : net_(std::move(net)), x_(std::size_t(net_->copies()) * kBlock * net_->inputs()) {
        turn_knobs(knobs);
    }

    void process(const float* x, float* y, int samples) noexcept override {
        const int inputs = net_->inputs();
        if (inputs == 1) return net_->process(x, y, samples);
        const int count = int(net_->copies()) * samples;
        for (int n = 0; n < count; ++n) {
            x_[std::size_t(n) * inputs] = x[n];
            for (int i = 1; i < inputs; ++i) x_[std::size_t(n) * inputs + i] = knobs_[i - 1];
        }
        net_->process(x_.data(), y, samples);
    }

    void turn_knobs(const float* knobs) noexcept override {
        std::copy_n(knobs, net_->inputs() - 1, knobs_);
    }

private:
    std::unique_ptr<Net> net_;
    float knobs_[kMaxInputs] = {};
    std::vector<float> x_;
};

int copies_of(const Oversampler* filters) { return filters ? filters->branches() : 1; }

// A model between the filters that an oversampled one needs.
class Player {
public:
    Player(std::unique_ptr<Played> model, std::unique_ptr<Oversampler> filters)
        : model_(std::move(model)),
          filters_(std::move(filters)),
          rows_(std::size_t(copies_of(filters_.get())) * kBlock) {}

    // So many samples of silence for the model, at least one before it plays; a net at rest may
    // have an offset, which the filters then have too.
    void settle(int samples) noexcept {
        for (int at = 0; at < samples; at += kBlock) {
            const int count = std::min(samples - at, kBlock);
            std::fill(rows_.begin(), rows_.end(), 0.0f);
            model_->process(rows_.data(), rows_.data(), count);
            if (filters_) filters_->reset(rows_[std::size_t(count) - 1]);
        }
    }

    void process(const float* x, float* y, int samples) noexcept {
        for (int at = 0; at < samples; at += kBlock) {
            const int count = std::min(samples - at, kBlock);
            if (filters_) {
                filters_->split(x + at, rows_.data(), count);
                model_->process(rows_.data(), rows_.data(), count);
                filters_->join(rows_.data(), y + at, count);
            } else {
                model_->process(x + at, y + at, count);
            }
        }
    }

    Played& model() noexcept { return *model_; }

private:
    std::unique_ptr<Played> model_;
    std::unique_ptr<Oversampler> filters_;
    std::vector<float> rows_;  // of the copies
};

// Rows of seven whole numbers and two others, a layer each; arrays before their layers.
std::vector<WaveNetArraySettings> arrays_of(const double* from, int arrays) {
    std::vector<WaveNetArraySettings> made;
    const auto whole = [&] { return long(*from++); };
    for (int a = 0; a < arrays; ++a) {
        WaveNetArraySettings array{};
        array.inputs = whole();
        array.channels = whole();
        array.bottleneck = whole();
        array.outputs = whole();
        array.head_kernel = whole();
        array.head_bias = whole() != 0;
        array.residual = whole() != 0;
        array.head1x1 = whole();
        const long layers = whole();
        for (long l = 0; l < layers; ++l) {
            WaveNetLayerSettings layer{};
            layer.kernel = whole();
            layer.dilation = whole();
            layer.activation.kind = Activation(whole());
            layer.activation.slope = float(*from++);
            layer.gating = Gating(whole());
            layer.gate.kind = Activation(whole());
            layer.gate.slope = float(*from++);
            array.layers.push_back(layer);
        }
        made.push_back(array);
    }
    return made;
}

// torch.nn's parameters in a row: weight_ih, weight_hh, bias_ih, bias_hh of each layer, the head's.
Net<float> net_of(int cell, int inputs, int hidden, int layers, float skip, const float* from,
                  std::size_t count) {
    if (cell < 0 || cell >= kCells || inputs < 1 || inputs > kMaxInputs || hidden < 1 ||
        hidden > 4096 || layers < 1 || layers > kMaxLayers)
        refuse("a net of other sizes than the kernels know");
    Net<float> net{};
    net.cell = Cell(cell);
    net.inputs = inputs;
    net.hidden = hidden;
    net.layers = layers;
    net.skip = skip;
    if (net.parameters() != count) refuse("a number of weights that doesn't fit the net");
    const auto next = [&](std::size_t numbers) {
        const float* const taken = from;
        from += numbers;
        return taken;
    };
    const std::size_t rows = std::size_t(gates_of(net.cell)) * hidden;
    for (int l = 0; l < layers; ++l) {
        auto& layer = net.layer[l];
        layer.w_ih = next(rows * net.layer_inputs(l));
        layer.w_hh = next(rows * hidden);
        layer.b_ih = next(rows);
        layer.b_hh = next(rows);
    }
    net.head_weight = next(std::size_t(hidden));
    net.head_bias = next(1);
    return net;
}

}  // namespace
}  // namespace drywet

using namespace drywet;

DRYWET_EXPORT("allocate") void* allocate(std::size_t bytes) { return std::malloc(bytes); }
DRYWET_EXPORT("release") void release(void* memory) { std::free(memory); }

// Filters of `branches` times oversampling, for one player, which takes them.
DRYWET_EXPORT("oversampler")
Oversampler* oversampler(int branches, int in_length, const float* in, int out_length,
                         const float* out) {
    return new Oversampler(kBaseline, branches, in_length, in, out_length, out);
}

DRYWET_EXPORT("recurrent")
Player* recurrent(int cell, int inputs, int hidden, int layers, float skip,
                  const float* parameters, std::size_t count, const float* knobs,
                  Oversampler* filters) {
    const Net<float> net = net_of(cell, inputs, hidden, layers, skip, parameters, count);
    auto playing = std::make_unique<Stream>(kBaseline, net, copies_of(filters));
    return new Player(std::make_unique<NetModel<Stream>>(std::move(playing), knobs),
                      std::unique_ptr<Oversampler>(filters));
}

// Of a net.
DRYWET_EXPORT("turn_net") void turn_net(Player* player, const float* knobs) {
    player->model().turn_knobs(knobs);
}

DRYWET_EXPORT("wavenet")
Player* wavenet(int arrays, const double* sizes, const float* weights, std::size_t count,
                const float* knobs, Oversampler* filters) {
    auto net = std::make_unique<WaveNetCopies>(kBaseline, arrays_of(sizes, arrays), weights, count,
                                               copies_of(filters));
    net->settle(knobs);
    return new Player(std::make_unique<NetModel<WaveNetCopies>>(std::move(net), knobs),
                      std::unique_ptr<Oversampler>(filters));
}

DRYWET_EXPORT("circuit")
Player* circuit(const double* numbers, std::size_t count, Oversampler* filters) {
    return new Player(std::make_unique<CircuitModel>(numbers, count, copies_of(filters)),
                      std::unique_ptr<Oversampler>(filters));
}

DRYWET_EXPORT("turn_circuit")
void turn_circuit(Player* player, const double* numbers, std::size_t count) {
    static_cast<CircuitModel&>(player->model()).turn(numbers, count);
}

DRYWET_EXPORT("process") void process(Player* player, const float* x, float* y, int samples) {
    player->process(x, y, samples);
}

DRYWET_EXPORT("settle") void settle(Player* player, int samples) { player->settle(samples); }

DRYWET_EXPORT("remove") void remove_player(Player* player) { delete player; }
