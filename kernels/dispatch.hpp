// Which target to use on this CPU.
#pragma once

#include <vector>

#include "target.hpp"

namespace drywet {

// Those that this CPU can run, the fastest first; never empty.
std::vector<const Target*> targets_here();

}  // namespace drywet
