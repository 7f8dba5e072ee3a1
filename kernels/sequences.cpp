#include "sequences.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "memory.hpp"
#include "subnormals.hpp"
#include "workers.hpp"

namespace drywet {
namespace {

// Buffers that every step of a training reuses.
class Trainer {
public:
    Trainer(const BatchKernel<float>& kernel, const SequenceTraining& training,
            Optimizer& optimizer, int threads)
        : kernel_(kernel),
          training_(training),
          optimizer_(optimizer),
          groups_((training.batch + kernel.lanes - 1) / kernel.lanes),
          workers_(std::min(groups_, threads)),
          together_(training.loss.dc != 0),
          parameters_(training.net.parameters()),
          piece_(std::min(training.bptt, training.segment)),
          dry_size_(rounded(sizeof(float) * kernel.lanes * training.net.inputs *
                            std::max(training.warm_up, piece_))),
          row_size_(rounded(sizeof(float) * kernel.lanes * piece_)),
          tape_size_(rounded(kernel.tape_bytes(training.net, std::max(piece_, kernel.chunk)))),
          work_size_(rounded(kernel.work_bytes(training.net))),
          space_((dry_size_ + row_size_ + tape_size_ + work_size_) *
                 (together_ ? groups_ : workers_)),
          packed_(kernel.packed_size(training.net) * sizeof(float)),
          gradients_(parameters_ * groups_ * sizeof(float)),
          states_(2 * state_size() * sizeof(float)),
          sums_(groups_) {}

    void step(const std::int64_t* starts, double rate, double* losses) {
        const int stop = training_.warm_up + training_.segment;
        std::vector<std::int64_t> begins(starts, starts + training_.batch);
        for (int first = training_.warm_up; first < stop; first += piece_) {
            const int steps = std::min(piece_, stop - first);
            for (int i = 0; i < training_.batch; ++i) begins[i] = starts[i] + first;
            *losses++ = update(begins.data(), steps, first == training_.warm_up, rate);
        }
    }

private:
    std::size_t state_size() const {
        return std::size_t(training_.net.layers) * training_.batch * training_.net.hidden;
    }
    float* gradients_of(int group) const {
        return static_cast<float*>(gradients_.data()) + group * parameters_;
    }
    // The h or the c of a group's first sequence.
    float* state_of(int group, bool c) const {
        return static_cast<float*>(states_.data()) + c * state_size() +
               std::size_t(group) * kernel_.lanes * training_.net.hidden;
    }
    int lanes_of(int group) const {
        return std::min(kernel_.lanes, training_.batch - group * kernel_.lanes);
    }

    // Where a worker, or a group where all go forward before one goes back, keeps its things.
    struct Space {
        float* dry;
        float* rows;  // the errors and then their gradients
        void* tape;
        void* work;
    };
    Space space_of(int group, int worker) const {
        const std::size_t each = dry_size_ + row_size_ + tape_size_ + work_size_;
        char* const at =
            static_cast<char*>(space_.data()) + each * (together_ ? group : worker);
        return {reinterpret_cast<float*>(at), reinterpret_cast<float*>(at + dry_size_),
                at + dry_size_ + row_size_, at + dry_size_ + row_size_ + tape_size_};
    }

    double update(const std::int64_t* starts, int steps, bool begins, double rate) {
        const LossFactors factors(training_.loss, training_.energies, starts, training_.batch, steps);
        float* const packed = static_cast<float*>(packed_.data());
        kernel_.pack(training_.net, false, packed);
        kernel_.pack(training_.net, true, packed);
        if (together_) {
            for_each(groups_, workers_, [&](int group, int worker) {
                const FlushSubnormals flush;
                forward(group, space_of(group, worker), starts, steps, begins, factors);
            });
            const double mean = total().sum / factors.count;
            for_each(groups_, workers_, [&](int group, int worker) {
                const FlushSubnormals flush;
                backward(group, space_of(group, worker), starts, steps, factors, mean);
            });
        } else {
            for_each(groups_, workers_, [&](int group, int worker) {
                const FlushSubnormals flush;
                const Space space = space_of(group, worker);
                forward(group, space, starts, steps, begins, factors);
                backward(group, space, starts, steps, factors, 0);
            });
        }
        float* const gradients = gradients_of(0);  // in this order whatever the number of threads
        for (int group = 1; group < groups_; ++group) {
            const float* const from = gradients_of(group);
            for (std::size_t i = 0; i < parameters_; ++i) gradients[i] += from[i];
        }
        optimizer_.update(gradients, rate);
        return total().loss(factors);
    }

    ErrorSums total() const {
        ErrorSums all;
        for (const ErrorSums& one : sums_) all.add(one);
        return all;
    }

    // The same over all of a window.
    float weight_of(std::int64_t start) const {
        return training_.weights ? training_.weights[start] : 1.0f;
    }

    ForwardJob<float> job_of(int group, const Space& space, int steps) const {
        ForwardJob<float> job{};
        job.net = training_.net;
        job.packed = static_cast<float*>(packed_.data());
        job.lanes = lanes_of(group);
        job.steps = steps;
        job.x = space.dry;
        job.x_stride = std::size_t(steps) * training_.net.inputs;
        job.hn = state_of(group, false);
        job.cn = state_of(group, true);
        job.state_stride = std::size_t(training_.batch) * training_.net.hidden;
        job.y = space.rows;
        job.y_stride = std::size_t(piece_);
        job.tape = space.tape;
        return job;
    }

    // The inputs of a group from so many samples before its sequences' starts on.
    void read(const std::int64_t* starts, int group, int before, int steps, float* to) const {
        const std::size_t inputs = training_.net.inputs, size = inputs * steps;
        for (int lane = 0; lane < lanes_of(group); ++lane) {
            const std::int64_t first = starts[group * kernel_.lanes + lane] - before;
            std::memcpy(to + lane * size, training_.dry + first * inputs, size * sizeof(float));
        }
    }

    void forward(int group, const Space& space, const std::int64_t* starts, int steps, bool begins,
                 const LossFactors& factors) {
        if (begins && training_.warm_up) {
            read(starts, group, training_.warm_up, training_.warm_up, space.dry);
            ForwardJob<float> job = job_of(group, space, training_.warm_up);
            job.last = true;
            kernel_.forward(job);
        }
        read(starts, group, 0, steps, space.dry);
        ForwardJob<float> job = job_of(group, space, steps);
        if (!begins || training_.warm_up) {
            job.h0 = job.hn;
            job.c0 = job.cn;
        }
        job.keep = true;
        kernel_.forward(job);
        ErrorSums sums;
        for (int lane = 0; lane < job.lanes; ++lane) {
            float* const errors = space.rows + std::size_t(lane) * piece_;
            const float* const wet = training_.wet + starts[group * kernel_.lanes + lane];
            const float weight = weight_of(starts[group * kernel_.lanes + lane]);
            for (int i = 0; i < steps; ++i)
                errors[i] = weight * (errors[i] * training_.gain - wet[i]);
            sums.add(sums_of(factors, errors, steps));
        }
        sums_[group] = sums;
    }

    void backward(int group, const Space& space, const std::int64_t* starts, int steps,
                  const LossFactors& factors, double mean) {
        float* const gradients = space.dry;  // which the tape holds by now
        for (int lane = 0; lane < lanes_of(group); ++lane) {
            const std::size_t row = std::size_t(lane) * piece_;
            const double gain = training_.gain * weight_of(starts[group * kernel_.lanes + lane]);
            gradient_of(factors, space.rows + row, steps, mean, gain, gradients + row);
        }
        BackwardJob<float> job{};
        job.net = training_.net;
        job.packed = static_cast<float*>(packed_.data());
        job.lanes = lanes_of(group);
        job.steps = steps;
        job.dy = gradients;
        job.dy_stride = std::size_t(piece_);
        job.tape = space.tape;
        job.work = space.work;
        job.gradients = gradients_of(group);
        kernel_.backward(job);
    }

    const BatchKernel<float>& kernel_;
    const SequenceTraining& training_;
    Optimizer& optimizer_;
    const int groups_, workers_;
    const bool together_;  // a mean over all groups is known only once all are forward
    const std::size_t parameters_;
    const int piece_;
    const std::size_t dry_size_, row_size_, tape_size_, work_size_;
    const Buffer space_;
    const Buffer packed_;
    const Buffer gradients_;  // of each group
    const Buffer states_;     // h and c, (layers, batch, hidden) each
    std::vector<ErrorSums> sums_;
};

}  // namespace

void train_sequences(const BatchKernel<float>& kernel, const SequenceTraining& training,
                     Optimizer& optimizer, int steps, const std::int64_t* starts,
                     const double* rates, double* losses, int threads) {
    Trainer trainer(kernel, training, optimizer, threads);
    for (int n = 0; n < steps; ++n)
        trainer.step(starts + std::size_t(n) * training.batch, rates[n],
                     losses + std::size_t(n) * training.updates());
}

}  // namespace drywet
