#include "soap_optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "memory.hpp"
#include "subnormals.hpp"
#include "workers.hpp"

namespace drywet {
namespace {

std::size_t largest_matrix(const std::vector<SoapBlock>& blocks) {
    std::size_t bytes = 0;
    for (const SoapBlock& block : blocks)
        bytes = std::max(bytes, sizeof(float) * block.job.inputs * block.job.outputs);
    return rounded(bytes);
}

std::size_t largest_work(const SoapKernel& kernel, const std::vector<SoapBlock>& blocks) {
    std::size_t bytes = 0;
    for (const SoapBlock& block : blocks)
        bytes = std::max(bytes, kernel.work_bytes(block.job.inputs, block.job.outputs));
    return rounded(bytes);
}

}  // namespace

SoapOptimizer::SoapOptimizer(const SoapKernel& kernel, std::vector<SoapBlock> blocks,
                             float* norm_square, const SoapSettings& settings, long done,
                             int threads)
    : kernel_(kernel),
      blocks_(std::move(blocks)),
      norm_square_(norm_square),
      settings_(settings),
      done_(done),
      workers_(std::max(1, std::min(int(blocks_.size()), threads))),
      matrix_bytes_(largest_matrix(blocks_)),
      bytes_(matrix_bytes_ + largest_work(kernel, blocks_)),
      space_(bytes_ * std::size_t(workers_)) {
    for (const SoapBlock& block : blocks_) trained_.push_back(block.slice);
}

// A gradient much larger than those of late would turn the bases and fill the means for long.
void SoapOptimizer::clip(float* gradients) {
    const double norm = norm_of(trained_, gradients);
    double most = settings_.clip;
    if (done_ > 0) {
        const double unbias = 1 - std::pow(settings_.beta2, double(done_));
        most = std::min(most, settings_.spike * std::sqrt(*norm_square_ / unbias));
    }
    clip_norm(trained_, norm, most, gradients);
    const double clipped = std::min(norm, most);
    *norm_square_ += float((1 - settings_.beta2) * (clipped * clipped - *norm_square_));
}

void SoapOptimizer::update(float* gradients, double rate) {
    clip(gradients);
    ++done_;
    for_each(int(blocks_.size()), workers_, [&](int block, int worker) {
        const FlushSubnormals flush;
        update(blocks_[std::size_t(block)], gradients, rate,
               static_cast<char*>(space_.data()) + bytes_ * std::size_t(worker));
    });
}

void SoapOptimizer::update(const SoapBlock& block, const float* gradients, double rate,
                           char* space) const {
    float* const matrix = reinterpret_cast<float*>(space);
    const float* const gradient = gradients + block.slice.gradients;
    SoapJob job = block.job;
    for (int i = 0; i < job.inputs; ++i)
        for (int j = 0; j < job.outputs; ++j)
            matrix[i * job.outputs + j] = gradient[j * job.inputs + i];
    job.gradient = matrix;
    job.beta1 = float(settings_.beta1);
    job.beta2 = float(settings_.beta2);
    job.unbias1 = float(1 / (1 - std::pow(settings_.beta1, double(done_))));
    job.unbias2 = float(1 / (1 - std::pow(settings_.beta2, double(done_))));
    job.eps = float(settings_.eps);
    job.ridge = settings_.ridge;
    job.iterate = done_ < settings_.every || done_ % settings_.every == 0;
    job.work = space + matrix_bytes_;
    kernel_.update(job);
    const float keep = float(1 - rate * settings_.decay), by = float(rate);
    float* const weights = block.slice.weights;
    for (int j = 0; j < job.outputs; ++j)
        for (int i = 0; i < job.inputs; ++i) {
            float& weight = weights[j * job.inputs + i];
            weight = keep * weight - by * matrix[i * job.outputs + j];
        }
}

}  // namespace drywet
