// What is asked for cannot be done.
#pragma once

namespace drywet {

// Throws std::invalid_argument; in a browser, which has no C++ exceptions, JavaScript's Error.
[[noreturn]] void refuse(const char* what);

}  // namespace drywet
