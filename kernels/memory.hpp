// Aligned memory that is used again: a fresh tape of megabytes would cost more in
// page faults than the arithmetic it holds.
#pragma once

#include <cstddef>

namespace drywet {

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
