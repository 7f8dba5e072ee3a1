#include "dispatch.hpp"

namespace drywet {

std::vector<const Target*> targets_here() {
    std::vector<const Target*> found;
#if defined(DRYWET_X86)
    for (const Target* target : {&kAvx512, &kAvx2})
        if (target->runs_here()) found.push_back(target);
#endif
    found.push_back(&kBaseline);
    return found;
}

}  // namespace drywet
