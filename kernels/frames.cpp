#include "frames.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "memory.hpp"
#include "subnormals.hpp"
#include "workers.hpp"

namespace drywet {
namespace {

// Buffers that every step of a training reuses.
class Trainer {
public:
    Trainer(const BatchKernel<float>& kernel, const FrameTraining& training, Optimizer& optimizer,
            int threads)
        : kernel_(kernel),
          training_(training),
          optimizer_(optimizer),
          groups_((training.batch + kernel.lanes - 1) / kernel.lanes),
          workers_(std::min(groups_, threads)),
          parameters_(training.net.parameters()),
          frames_size_(rounded(sizeof(float) * kernel.lanes * training.frame)),
          tape_size_(rounded(kernel.tape_bytes(training.net, training.frame))),
          work_size_(rounded(kernel.work_bytes(training.net))),
          space_((frames_size_ + tape_size_ + work_size_) * workers_),
          packed_(kernel.packed_size(training.net) * sizeof(float)),
          gradients_(parameters_ * groups_ * sizeof(float)),
          targets_(training.batch),
          errors_(training.batch) {}

    // One update; returns the loss before it.
    double step(const std::int64_t* starts, double rate) {
        double energy = 0;
        for (int i = 0; i < training_.batch; ++i) {
            targets_[i] = training_.wet[starts[i] + training_.frame - 1];
            energy += double(targets_[i]) * targets_[i];
        }
        constexpr double kSilence = 1e-20;  // the floor of metrics/time.py
        const double per_square = training_.loss.esr / (energy + kSilence * training_.batch);
        const double per_error = training_.loss.mae / training_.batch;
        float* const packed = static_cast<float*>(packed_.data());
        kernel_.pack(training_.net, false, packed);
        kernel_.pack(training_.net, true, packed);
        for_each(groups_, workers_, [&](int group, int worker) {
            const FlushSubnormals flush;
            learn(group, worker, starts, per_square, per_error);
        });
        float* const total = gradients_of(0);  // in this order whatever the number of threads
        for (int group = 1; group < groups_; ++group) {
            const float* const from = gradients_of(group);
            for (std::size_t i = 0; i < parameters_; ++i) total[i] += from[i];
        }
        optimizer_.update(total, rate);
        double squares = 0, sizes = 0;
        for (const float error : errors_) {
            squares += double(error) * error;
            sizes += std::fabs(double(error));
        }
        return per_square * squares + per_error * sizes;
    }

private:
    float* gradients_of(int group) const {
        return static_cast<float*>(gradients_.data()) + group * parameters_;
    }

    // A group forward and, while its tape is still in the cache, back.
    void learn(int group, int worker, const std::int64_t* starts, double per_square,
               double per_error) {
        const int frame = training_.frame, first = group * kernel_.lanes;
        const int lanes = std::min(kernel_.lanes, training_.batch - first);
        char* const space = static_cast<char*>(space_.data()) +
                            (frames_size_ + tape_size_ + work_size_) * worker;
        float* const frames = reinterpret_cast<float*>(space);
        for (int lane = 0; lane < lanes; ++lane)
            std::memcpy(frames + std::size_t(lane) * frame, training_.dry + starts[first + lane],
                        frame * sizeof(float));
        float* const errors = errors_.data() + first;
        ForwardJob<float> there{};
        there.net = training_.net;
        there.packed = static_cast<float*>(packed_.data());
        there.lanes = lanes;
        there.steps = frame;
        there.x = frames;
        there.x_stride = frame;
        there.y = errors;
        there.y_stride = 1;
        there.tape = space + frames_size_;
        there.keep = there.last = true;
        kernel_.forward(there);

        const float gain = training_.loss.gain;
        float* const dy = frames;  // which the tape holds by now
        for (int lane = 0; lane < lanes; ++lane) {
            const float error = errors[lane] * gain - targets_[first + lane];
            const double sign = (error > 0) - (error < 0);
            errors[lane] = error;
            dy[lane] = float(gain * (2 * per_square * error + per_error * sign));
        }
        BackwardJob<float> back{};
        back.net = training_.net;
        back.packed = there.packed;
        back.lanes = lanes;
        back.steps = frame;
        back.dy = dy;
        back.dy_stride = 1;
        back.last = true;
        back.tape = there.tape;
        back.work = space + frames_size_ + tape_size_;
        back.gradients = gradients_of(group);
        kernel_.backward(back);
    }

    const BatchKernel<float>& kernel_;
    const FrameTraining& training_;
    Optimizer& optimizer_;
    const int groups_, workers_;
    const std::size_t parameters_;
    const std::size_t frames_size_, tape_size_, work_size_;
    const Buffer space_;  // for each worker: frames, tape, work
    const Buffer packed_;
    const Buffer gradients_;  // of each group
    std::vector<float> targets_, errors_;
};

}  // namespace

void play_frames(const BatchKernel<float>& kernel, const Net<float>& net, int frame,
                 std::size_t rows, std::size_t samples, const float* x, float* y, int threads) {
    const std::size_t groups = (samples + kernel.lanes - 1) / kernel.lanes;
    const std::size_t size = rounded(kernel.tape_bytes(net, std::min(frame, kernel.chunk)));
    threads = int(std::min<std::size_t>(groups * rows, std::size_t(threads)));
    const Buffer chunks(size * threads);
    const Buffer packed(kernel.packed_size(net) * sizeof(float));
    kernel.pack(net, false, static_cast<float*>(packed.data()));
    for_each(int(groups * rows), threads, [&](int turn, int worker) {
        const FlushSubnormals flush;
        const std::size_t row = turn / groups, first = turn % groups * kernel.lanes;
        ForwardJob<float> job{};
        job.net = net;
        job.packed = static_cast<float*>(packed.data());
        job.lanes = int(std::min<std::size_t>(kernel.lanes, samples - first));
        job.steps = frame;
        job.x = x + row * (samples + frame - 1) + first;
        job.x_stride = 1;
        job.y = y + row * samples + first;
        job.y_stride = 1;
        job.tape = static_cast<char*>(chunks.data()) + worker * size;
        job.last = true;
        kernel.forward(job);
    });
}

void train_frames(const BatchKernel<float>& kernel, const FrameTraining& training,
                  Optimizer& optimizer, int steps, const std::int64_t* starts, const double* rates,
                  double* losses, int threads) {
    Trainer trainer(kernel, training, optimizer, threads);
    for (int n = 0; n < steps; ++n)
        losses[n] = trainer.step(starts + std::size_t(n) * training.batch, rates[n]);
}

}  // namespace drywet
