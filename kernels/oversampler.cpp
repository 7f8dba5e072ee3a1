#include "oversampler.hpp"

#include <algorithm>
#include <cstring>

#include "refuse.hpp"
#include "subnormals.hpp"

namespace drywet {
namespace {

constexpr int kChunk = 256;
constexpr std::size_t kScratchStride = kChunk + kPolyphaseRoom;

int within(int number, int most) {
    if (number < 1 || number > most)
        refuse("1 to 16 branches of 1 to 4096 taps expected");
    return number;
}

std::size_t line(std::size_t numbers) { return rounded(numbers * sizeof(float)) / sizeof(float); }

// The last samples of a row to its beginning.
void move_on(float* row, int past, int samples) {
    std::memmove(row, row + samples, past * sizeof(float));
}

}  // namespace

Oversampler::Oversampler(const Target& target, int branches, int in_length, const float* in,
                         int out_length, const float* out)
    : kernel_(target.polyphase),
      branches_(within(branches, kMostBranches)),
      in_length_(within(in_length, kMostTaps)),
      out_length_(within(out_length, kMostTaps)),
      stride_(line(std::max(in_length, out_length) - 1 + kChunk + kPolyphaseRoom)),
      buffer_((line(branches * in_length) + line(branches * out_length) +
               (1 + branches) * stride_ + branches * kScratchStride) * sizeof(float)) {
    in_ = static_cast<float*>(buffer_.data());
    out_ = in_ + line(branches * in_length);
    past_ = out_ + line(branches * out_length);
    pasts_ = past_ + stride_;
    scratch_ = pasts_ + branches * stride_;
    std::copy_n(in, branches * in_length, in_);
    std::copy_n(out, branches * out_length, out_);
    std::fill_n(scratch_, branches * kScratchStride, 0.0f);
    reset();
}

void Oversampler::split(const float* x, float* copies, int samples) noexcept {
    const FlushSubnormals flush;
    for (int at = 0; at < samples; at += kChunk) {
        const int count = std::min(samples - at, kChunk);
        std::copy_n(x + at, count, past_ + in_length_ - 1);
        kernel_.split({in_, branches_, in_length_, past_ + in_length_ - 1, 0, scratch_,
                       kScratchStride, count});
        for (int m = 0; m < branches_; ++m)
            std::copy_n(scratch_ + m * kScratchStride, count,
                        copies + std::size_t(m) * samples + at);
        move_on(past_, in_length_ - 1, count);
    }
}

void Oversampler::join(const float* copies, float* y, int samples) noexcept {
    const FlushSubnormals flush;
    for (int at = 0; at < samples; at += kChunk) {
        const int count = std::min(samples - at, kChunk);
        for (int m = 0; m < branches_; ++m)
            std::copy_n(copies + std::size_t(m) * samples + at, count,
                        pasts_ + m * stride_ + out_length_ - 1);
        kernel_.join({out_, branches_, out_length_, pasts_ + out_length_ - 1, stride_, scratch_, 0,
                      count});
        std::copy_n(scratch_, count, y + at);
        for (int m = 0; m < branches_; ++m) move_on(pasts_ + m * stride_, out_length_ - 1, count);
    }
}

void Oversampler::reset(float rest) noexcept {
    std::fill_n(past_, stride_, 0.0f);
    std::fill_n(pasts_, branches_ * stride_, rest);
}

}  // namespace drywet
