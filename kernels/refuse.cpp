#include "refuse.hpp"

#include <stdexcept>

namespace drywet {

void refuse(const char* what) { throw std::invalid_argument(what); }

}  // namespace drywet
