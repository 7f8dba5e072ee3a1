// Aligned memory that is used again: a fresh tape of megabytes would cost more in
// page faults than the arithmetic it holds.
#pragma once

#include <cstddef>

namespace drywet {

// Up to whole cache lines, so that what follows in the same memory is aligned.
inline std::size_t rounded(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

class Buffer {
public:
    explicit Buffer(std::size_t bytes);
    ~Buffer();
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    void* data() const { return data_; }

private:
    void* data_;
    std::size_t bytes_;
};

}  // namespace drywet
