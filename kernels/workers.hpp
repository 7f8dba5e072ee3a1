// A pool of threads.
#pragma once

#include <functional>

namespace drywet {

// Calls work(i, worker) for every i below `count`, each once, on up to `threads` threads of
// which the caller's is one, and returns when all are done. No two calls at a time have the same
// worker, a number below min(count, threads). `work` must not throw. A call while another
// thread's is in progress runs on the caller's thread alone.
void for_each(int count, int threads, const std::function<void(int, int)>& work);

}  // namespace drywet
