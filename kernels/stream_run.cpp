#include "stream_run.hpp"

#include <algorithm>
#include <cstring>

#include "oversampler.hpp"
#include "refuse.hpp"
#include "subnormals.hpp"

namespace drywet {
namespace {

int copies_within(int copies) {
    if (copies < 1 || copies > kMostBranches)
        refuse("1 to 16 copies of a net expected");
    return copies;
}

}  // namespace

Stream::Stream(const Target& target, const Net<float>& net, int copies)
    : kernel_(target.stream(net.cell, net.hidden)),
      job_{},
      state_bytes_(kernel_.state_size(net) * copies_within(copies) * sizeof(float)),
      head_bias_(net.head_bias[0]),
      buffer_(kernel_.weights_size(net) * sizeof(float) + 2 * state_bytes_) {
    float* const weights = static_cast<float*>(buffer_.data());
    kernel_.pack(net, weights);
    job_.net = net;
    for (auto& layer : job_.net.layer) layer = {};
    job_.net.head_weight = nullptr;
    job_.net.head_bias = &head_bias_;  // the only parameter that isn't packed
    job_.weights = weights;
    job_.state = weights + kernel_.weights_size(net);
    job_.copies = copies;
    marked_ = job_.state + state_bytes_ / sizeof(float);
    std::memset(job_.state, 0, 2 * state_bytes_);
}

void Stream::process(const float* x, float* y, int samples) noexcept {
    const FlushSubnormals flush;
    StreamJob job = job_;
    job.x = x;
    job.y = y;
    job.samples = samples;
    kernel_.process(job);
    job_.phase += unsigned(samples);
}

void Stream::settle(long samples) noexcept {
    constexpr int kBlock = 64;
    const float silence[kMostBranches * kBlock * kMaxInputs] = {};
    float discarded[kMostBranches * kBlock];
    for (; samples > 0; samples -= kBlock)
        process(silence, discarded, int(std::min<long>(samples, kBlock)));
}

void Stream::mark() noexcept {
    std::memcpy(marked_, job_.state, state_bytes_);
    marked_phase_ = job_.phase;
}

void Stream::reset() noexcept {
    std::memcpy(job_.state, marked_, state_bytes_);
    job_.phase = marked_phase_;
}

}  // namespace drywet
