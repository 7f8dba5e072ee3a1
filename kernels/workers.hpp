// Threads that wait for the next batch.
#pragma once

#include <functional>

namespace drywet {

// Calls work(0) ... work(count - 1), each once, on up to `threads` threads of which
// the caller's is one, and returns when all are done. `work` must not throw. A call while
// another thread's is in progress runs on the caller's thread alone.
void for_each(int count, int threads, const std::function<void(int)>& work);

}  // namespace drywet
