#include "memory.hpp"

#include <cstdlib>

#if defined(__wasm__)

#include "refuse.hpp"

namespace drywet {

// A player's memory is taken once and never big: nothing is kept for reuse.
Buffer::Buffer(std::size_t bytes) : bytes_(rounded(bytes ? bytes : 1)) {
    data_ = std::aligned_alloc(64, bytes_);
    if (!data_) refuse("the model needs more memory than there is");
}

Buffer::~Buffer() { std::free(data_); }

}  // namespace drywet

#else

#include <mutex>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace drywet {
namespace {

struct Block {
    void* data;
    std::size_t bytes;
};

// Freed blocks, the oldest first. A training uses a handful of sizes over and over.
constexpr std::size_t kMostBlocks = 16;
constexpr std::size_t kMostBytes = std::size_t(1) << 30;
constexpr std::size_t kHuge = std::size_t(1) << 21;
std::mutex mutex;
std::vector<Block>& freed() {
    static auto* blocks = new std::vector<Block>;  // outlives every Buffer
    return *blocks;
}

}  // namespace

Buffer::Buffer(std::size_t bytes) {
    bytes = bytes ? bytes : 1;
    const std::size_t unit = bytes < kHuge ? 4096 : kHuge;
    bytes_ = (bytes + unit - 1) / unit * unit;
    {
        std::lock_guard<std::mutex> lock(mutex);
        auto& blocks = freed();
        for (std::size_t i = 0; i < blocks.size(); ++i)
            if (blocks[i].bytes == bytes_) {
                data_ = blocks[i].data;
                blocks.erase(blocks.begin() + std::ptrdiff_t(i));
                return;
            }
    }
    if (posix_memalign(&data_, unit, bytes_)) throw std::bad_alloc();
#if defined(__linux__)
    if (unit == kHuge) madvise(data_, bytes_, MADV_HUGEPAGE);
#endif
}

Buffer::~Buffer() {
    std::lock_guard<std::mutex> lock(mutex);
    auto& blocks = freed();
    blocks.push_back({data_, bytes_});
    std::size_t total = 0;
    for (const Block& block : blocks) total += block.bytes;
    while (blocks.size() > kMostBlocks || (total > kMostBytes && !blocks.empty())) {
        total -= blocks.front().bytes;
        std::free(blocks.front().data);
        blocks.erase(blocks.begin());
    }
}

}  // namespace drywet

#endif
