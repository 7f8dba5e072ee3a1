// Subnormal numbers, which would make silence expensive.
#pragma once

namespace drywet {

// Subnormal numbers cost a hundred times a normal one and are inaudible: while this
// lives they are zero, on this thread.
class FlushSubnormals {
public:
    FlushSubnormals();
    ~FlushSubnormals();

private:
    [[maybe_unused]] unsigned long before_;
};

}  // namespace drywet
