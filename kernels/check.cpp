// Drives every target over odd sizes, for the sanitizers, and counts allocations
// while streaming. Built and run by tests/test_kernel_memory.py. That the numbers are right
// is tested against PyTorch; here the stream and the batch must agree.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "adamw.hpp"
#include "check.hpp"
#include "circuit_run.hpp"
#include "dispatch.hpp"
#include "driver.hpp"
#include "frames.hpp"
#include "oversampler.hpp"
#include "sequences.hpp"
#include "soap_optimizer.hpp"
#include "stream_run.hpp"

std::atomic<long> allocations{0};

#if defined(DRYWET_COUNT_ALLOCATIONS)
// glibc's own names for what is replaced here; operator new and aligned_alloc end in one of these.
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void* malloc(size_t size) {
    ++allocations;
    return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
    ++allocations;
    return __libc_calloc(count, size);
}
void* realloc(void* p, size_t size) {
    ++allocations;
    return __libc_realloc(p, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
    ++allocations;
    return __libc_memalign(alignment, size);
}
}
#endif

int failures = 0;

static std::mt19937 generator{0};

std::vector<float> noise(std::size_t size, float largest) {
    std::uniform_real_distribution<float> some{-largest, largest};
    std::vector<float> values(size);
    for (float& value : values) value = some(generator);
    return values;
}

namespace {

using namespace drywet;

struct Weights {
    std::vector<std::vector<float>> arrays;
    Net<float> net{};

    Weights(Cell cell, int inputs, int hidden, int layers) {
        const std::size_t rows = std::size_t(gates_of(cell)) * hidden;
        net.cell = cell, net.inputs = inputs, net.hidden = hidden, net.layers = layers;
        net.skip = 0.5f;
        arrays.reserve(4 * layers + 2);
        const auto add = [&](std::size_t size) {
            return arrays.emplace_back(noise(size, 1 / std::sqrt(float(hidden)))).data();
        };
        for (int l = 0; l < layers; ++l) {
            auto& layer = net.layer[l];
            layer.w_ih = add(rows * net.layer_inputs(l));
            layer.w_hh = add(rows * hidden);
            layer.b_ih = add(rows);
            layer.b_hh = add(rows);
        }
        net.head_weight = add(hidden);
        net.head_bias = add(1);
    }
};

void expect(bool good, const char* what, const Target& target, const Net<float>& net) {
    if (good) return;
    ++failures;
    std::printf("%s: %s, cell %d, %dx%d, %d inputs\n", what, target.name, int(net.cell), net.layers,
                net.hidden, net.inputs);
}

void check(const Target& target, Cell cell, int inputs, int hidden, int layers, int batch,
           int steps) {
    const Weights weights(cell, inputs, hidden, layers);
    const Net<float>& net = weights.net;
    const auto& kernel = target.batch[int(cell)];
    const std::size_t size = std::size_t(layers) * batch * hidden;
    const auto x = noise(std::size_t(batch) * steps * inputs), dy = noise(std::size_t(batch) * steps);
    std::vector<float> y(dy.size()), again(dy.size()), h(size), c(size), dh(size), dc(size);
    std::vector<float> dx(x.size()), gradients(net.parameters());
    // Exactly as long as it must be, so that a sanitizer sees a step beyond its end.
    const std::size_t bytes = tape_bytes(kernel, net, batch, steps);
    const std::unique_ptr<void, void (*)(void*)> tape(std::aligned_alloc(64, bytes), std::free);
    forward<float>(kernel, net, batch, steps, x.data(), {nullptr, nullptr}, y.data(),
                   {h.data(), c.data()}, tape.get(), 3);
    backward<float>(kernel, net, batch, steps, tape.get(), dy.data(), {h.data(), c.data()},
                    dx.data(), {dh.data(), dc.data()}, gradients.data(), 3);
    forward<float>(kernel, net, batch, steps, x.data(), {nullptr, nullptr}, again.data(),
                   {h.data(), c.data()}, nullptr, 2);
    expect(y == again, "with and without a tape differ", target, net);

    Stream stream(target, net);
    std::vector<float> played(steps);
    for (int turn = 0; turn < 2; ++turn) {
        const long before = allocations;
        for (int at = 0, block = 1; at < steps; at += block, block = block * 2 + 1) {
            block = block < steps - at ? block : steps - at;
            stream.process(x.data() + std::size_t(at) * inputs, played.data() + at, block);
        }
        stream.reset();
        stream.settle(3);
        stream.reset();
        expect(allocations == before, "streaming allocates", target, net);
        float worst = 0;
        for (int t = 0; t < steps; ++t) worst = std::fmax(worst, std::fabs(played[t] - y[t]));
        expect(worst < 1e-4f, "stream and batch differ", target, net);
    }
}

// Filters against sums written out, and copies of a net against one.
void check_oversampling(const Target& target, int branches, int in_length, int out_length) {
    const Weights weights(Cell::kLstm, 1, 16, 1);
    const int steps = 600;
    const auto in = noise(std::size_t(branches) * in_length);
    const auto out = noise(std::size_t(branches) * out_length);
    const auto x = noise(steps);
    Oversampler filters(target, branches, in_length, in.data(), out_length, out.data());
    Stream copies(target, weights.net, branches), one(target, weights.net);
    std::vector<float> y(steps), split, played;
    split.reserve(std::size_t(branches) * steps), played.reserve(std::size_t(branches) * steps);
    std::vector<std::vector<float>> fed(branches, std::vector<float>(steps));
    std::vector<std::vector<float>> made = fed;
    for (int turn = 0; turn < 2; ++turn) {
        const long before = allocations;
        for (int at = 0, block = 1; at < steps; at += block, block = block * 2 + 1) {
            block = block < steps - at ? block : steps - at;
            split.resize(std::size_t(branches) * block), played.resize(split.size());
            filters.split(&x[at], split.data(), block);
            copies.process(split.data(), played.data(), block);
            filters.join(played.data(), &y[at], block);
            for (int m = 0; m < branches; ++m)
                for (int t = 0; t < block; ++t) {
                    fed[m][at + t] = split[std::size_t(m) * block + t];
                    made[m][at + t] = played[std::size_t(m) * block + t];
                }
        }
        expect(allocations == before, "oversampling allocates", target, weights.net);
        float worst = 0;
        for (int t = 0; t < steps; ++t) {
            double joined = 0;
            for (int m = 0; m < branches; ++m) {
                double wanted = 0;
                for (int k = 0; k < in_length && k <= t; ++k)
                    wanted += double(in[m * in_length + k]) * x[t - k];
                for (int k = 0; k < out_length && k <= t; ++k)
                    joined += double(out[m * out_length + k]) * made[m][t - k];
                worst = std::fmax(worst, float(std::fabs(fed[m][t] - wanted)));
            }
            worst = std::fmax(worst, float(std::fabs(y[t] - joined)));
        }
        expect(worst < 1e-3f, "filters differ from their sums", target, weights.net);
        for (int m = 0; m < branches; ++m) {
            std::vector<float> alone(steps);
            one.reset();
            one.process(fed[m].data(), alone.data(), steps);
            expect(alone == made[m], "a copy differs from the net", target, weights.net);
        }
        filters.reset(0.5f);
        filters.reset();
        copies.reset();
    }
}

std::vector<Slice> slices_of(Weights& weights) {
    std::vector<Slice> slices;
    std::size_t at = 0;
    for (auto& array : weights.arrays) {
        slices.push_back({array.data(), array.size(), at});
        at += array.size();
    }
    return slices;
}

// Arrays of zeros of exactly the sizes asked for.
struct Zeros {
    std::vector<std::unique_ptr<std::vector<float>>> arrays;

    float* operator()(std::size_t size) {
        arrays.push_back(std::make_unique<std::vector<float>>(size));
        return arrays.back()->data();
    }
};

struct AdamWOf {
    Zeros zeros;
    AdamW optimizer;

    explicit AdamWOf(Weights& weights)
        : optimizer(slices_of(weights), moments(weights), {0.9, 0.999, 1e-8, 0.01, 1.0}, 0) {}

    std::vector<Moments> moments(const Weights& weights) {
        std::vector<Moments> made;
        for (const auto& array : weights.arrays)
            made.push_back({zeros(array.size()), zeros(array.size())});
        return made;
    }
};

// Every array a matrix, the inputs turned where it has more than one, the outputs always.
struct SoapOf {
    Zeros zeros;
    SoapOptimizer optimizer;

    SoapOf(const Target& target, Weights& weights)
        : optimizer(target.soap, blocks(weights), zeros(1),
                    {0.95, 0.95, 1e-8, 1e-6, 0.01, 1.0, 3.0, 3}, 0, 3) {}

    std::vector<SoapBlock> blocks(Weights& weights) {
        std::vector<SoapBlock> made;
        for (const Slice& slice : slices_of(weights)) {
            const int hidden = weights.net.hidden;
            const int outputs = slice.size % hidden ? 1 : hidden, inputs = int(slice.size) / outputs;
            if (inputs > kMostSoapSide || outputs > kMostSoapSide) continue;
            SoapJob job{};
            job.inputs = inputs;
            job.outputs = outputs;
            job.mean = zeros(slice.size);
            job.mean_square = zeros(slice.size);
            job.covariance_1 = zeros(std::size_t(outputs) * outputs);
            job.basis_1 = identity(outputs);
            if (inputs > 1) {
                job.covariance_0 = zeros(std::size_t(inputs) * inputs);
                job.basis_0 = identity(inputs);
            }
            made.push_back({slice, job});
        }
        return made;
    }

    float* identity(int size) {
        float* const made = zeros(std::size_t(size) * size);
        for (int i = 0; i < size; ++i) made[i * size + i] = 1;
        return made;
    }
};

// Frames of a signal of exactly the length that they need, played and learned from; the weights
// are changed where they are.
void check_frames(const Target& target, Cell cell, int hidden, int layers, int frame, int batch) {
    Weights weights(cell, 1, hidden, layers);
    weights.net.skip = 0;
    const Net<float>& net = weights.net;
    const auto& kernel = target.batch[int(cell)];
    const std::size_t size = std::size_t(layers) * hidden;
    const std::vector<float> dry = noise(std::size_t(batch) + frame - 1), wet = noise(dry.size());
    std::vector<float> played(batch), y(frame), h(size), c(size);
    play_frames(kernel, net, frame, 1, played.size(), dry.data(), played.data(), 3);
    forward<float>(kernel, net, 1, frame, dry.data() + batch - 1, {nullptr, nullptr}, y.data(),
                   {h.data(), c.data()}, nullptr, 1);
    expect(played.back() == y.back(), "a frame and a sequence differ", target, net);

    FrameTraining training{};
    training.net = net;
    AdamWOf adamw(weights);
    training.loss = {0.5f, 1.0, 1.0};
    training.frame = frame;
    training.batch = batch;
    training.dry = dry.data();
    training.wet = wet.data();
    constexpr int kSteps = 30;
    std::vector<std::int64_t> starts;
    for (int n = 0; n < kSteps; ++n)
        for (int i = 0; i < batch; ++i) starts.push_back(i);
    const std::vector<double> rates(kSteps, 1e-3);
    std::vector<double> losses(kSteps);
    train_frames(kernel, training, adamw.optimizer, kSteps, starts.data(), rates.data(),
                 losses.data(), 3);
    expect(losses.back() < losses.front(), "frames aren't learned", target, net);
}

// A window of exactly the signal's length, learned from with every loss and either optimiser.
void check_sequences(const Target& target, Cell cell, int hidden, int layers, int bptt, int batch,
                     bool dc, int inputs = 1) {
    Weights weights(cell, inputs, hidden, layers);
    const Net<float>& net = weights.net;
    SequenceTraining training{};
    training.net = net;
    training.loss = {1.0, 0.9, 0.5, dc ? 1.0 : 0.0, 0.5, 0.5, 0.85};
    training.gain = 0.5f;
    training.warm_up = 5;
    training.segment = 2 * bptt + 3;
    training.bptt = bptt;
    training.batch = batch;
    const std::vector<float> dry = noise(std::size_t(training.warm_up + training.segment));
    std::vector<float> wet = dry;
    for (std::size_t i = 1; i < wet.size(); ++i) wet[i] += 0.5f * dry[i - 1];
    std::vector<double> plain{0}, emphasised{0};
    for (std::size_t i = 0; i < wet.size(); ++i) {
        const double rest = i ? wet[i] - 0.9 * wet[i - 1] : 0;
        plain.push_back(plain.back() + double(wet[i]) * wet[i]);
        emphasised.push_back(emphasised.back() + rest * rest);
    }
    training.energies = {plain.data(), emphasised.data()};
    std::vector<float> turned;
    for (const float sample : dry) {
        turned.push_back(sample);
        turned.insert(turned.end(), std::size_t(inputs - 1), 0.5f);
    }
    training.dry = turned.data();
    training.wet = wet.data();
    constexpr int kSteps = 40;
    const std::vector<std::int64_t> starts(std::size_t(kSteps) * batch, 0);
    const std::vector<double> rates(kSteps, 1e-3);
    std::vector<double> losses(std::size_t(kSteps) * training.updates());
    const auto learned = [&](Optimizer& optimizer) {
        train_sequences(target.batch[int(cell)], training, optimizer, kSteps, starts.data(),
                        rates.data(), losses.data(), 3);
        const auto of_step = [&](int n) {
            const double* const first = losses.data() + n * training.updates();
            return std::accumulate(first, first + training.updates(), 0.0);
        };
        expect(of_step(kSteps - 1) < of_step(0), "sequences aren't learned", target, net);
    };
    AdamWOf adamw(weights);
    learned(adamw.optimizer);
    SoapOf soap(target, weights);
    learned(soap.optimizer);
}

// Every kind of part behind a resistance, in blocks of one part or all in one.
void check_circuit(const Target& target, int capacitors, bool together) {
    const std::vector<CircuitPart> parts{
        {Part::kDiodes, 0, {1e-6, 3, 1, 1e-14, 38, -1, 1e-14, 38, 1, 4e-9, 19}},
        {Part::kBjt, 1, {1e-6, -1, 1e-14, 38, 38, 0.01, 1, 0.02}},
        {Part::kJfet, 3, {1e-6, 1, -2, 1e-3, 0.01, 1e-14, 38}},
        {Part::kTriode, 5, {1e-6, 0.01, 1.4, 2e-3, 600, 300, 1e-3}},
        {Part::kOpAmp, 7, {0, 4.5, 1e3}},
    };
    std::vector<CircuitBlock> blocks;
    if (together)
        blocks.push_back({0, 8, 0, 5});
    else
        for (int n = 0; n < 5; ++n)
            blocks.push_back({parts[n].port, ports_of(parts[n].kind), n, 1});
    const int ports = 8, rows = ports + capacitors + 1;
    std::vector<double> a(std::size_t(rows) * (capacitors + 2)), k(std::size_t(rows) * ports);
    const std::vector<double> g(capacitors, 1e-4);
    for (double& value : a) value = std::uniform_real_distribution<>(-0.1, 0.1)(generator);
    for (int port = 0; port < ports; ++port)
        k[std::size_t(port) * ports + port] = port == 7 ? -1.0 : -1e3;
    const StepMatrices step{a.data(), k.data(), g.data()};
    CircuitRun run(target, capacitors, parts, blocks, 1e-4);
    const StepMatrices steps[kLevels] = {step, step, step};
    run.set(steps);
    bool good = run.settle(step, 0.0);
    std::vector<double> x(300), y(x.size());
    for (double& value : x) value = std::uniform_real_distribution<>(-20, 20)(generator);
    const long before = allocations;
    good = good && run.process(x.data(), y.data(), 300) == 300;
    x[7] = NAN;
    good = good && run.process(x.data(), y.data(), 300) == 7;
    good = good && allocations == before;
    if (good) return;
    ++failures;
    std::printf("circuit: %s, %d capacitors, %s\n", target.name, capacitors,
                together ? "one block" : "a block for each part");
}

// Two arrays of so many channels, in growing blocks from and to arrays of exactly their length.
}  // namespace

int main() {
    for (const Target* target : targets_here())
        for (const int branches : {1, 2, 3, 8})
            for (const int length : {1, 7, 40})
                check_oversampling(*target, branches, length, 2 * length - 1);
    for (const Target* target : targets_here())
        for (const int capacitors : {0, 1, 7, 20})
            for (const bool together : {false, true}) check_circuit(*target, capacitors, together);
    for (const Target* target : targets_here())
        for (const Cell cell : {Cell::kLstm, Cell::kGru, Cell::kRnn})
            for (const int hidden : {1, 5, 8, 12, 16, 17, 20, 24, 32, 40, 64})
                for (const int layers : {1, 3})
                    check(*target, cell, layers == 3 ? 4 : 1, hidden, layers, layers == 3 ? 35 : 3,
                          layers == 3 ? 37 : 70);
    for (const Target* target : targets_here())
        for (const Cell cell : {Cell::kLstm, Cell::kGru, Cell::kRnn})
            for (const int hidden : {1, 5, 16, 17, 32})
                for (const int layers : {1, 2}) {
                    check_frames(*target, cell, hidden, layers, layers == 1 ? 33 : 7,
                                 layers == 1 ? 35 : 3);
                    check_sequences(*target, cell, hidden, layers, layers == 1 ? 33 : 7,
                                    layers == 1 ? 35 : 3, hidden % 2 != 0, layers == 1 ? 1 : 4);
                }
    // Last, as the numbers above are drawn in a row.
    for (const Target* target : targets_here())
        for (const int hidden : {1, 5, 8, 16, 17, 32})
            for (const int layers : {1, 3}) {
                const int batch = layers == 1 ? 33 : 7, steps = layers == 1 ? 35 : 3;
                check(*target, Cell::kStateSpace, layers == 3 ? 4 : 1, hidden, layers,
                      layers == 3 ? 35 : 3, layers == 3 ? 37 : 70);
                check_sequences(*target, Cell::kStateSpace, hidden, layers, batch, steps,
                                hidden % 2 != 0, layers == 1 ? 1 : 4);
            }
    for (const Target* target : targets_here())
        for (const int hidden : {1, 12, 24, 40, 64})
            for (const int layers : {1, 2}) {
                check(*target, Cell::kStateSpace, 1, hidden, layers, 3, 70);
                check_frames(*target, Cell::kStateSpace, hidden, layers, layers == 1 ? 33 : 7,
                             layers == 1 ? 35 : 3);
            }
    check_wavenets();
#if defined(DRYWET_COUNT_ALLOCATIONS)
    if (allocations == 0) std::printf("nothing was counted\n"), ++failures;
#endif
    std::printf("%d failures\n", failures);
    return failures ? 1 : 0;
}
