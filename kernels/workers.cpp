#include "workers.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace drywet {
namespace {

using Work = std::function<void(int, int)>;

void relax() {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

long process_id() {
#if defined(__unix__) || defined(__APPLE__)
    return long(getpid());
#else
    return 0;
#endif
}

// A training calls twice in a step, a fraction of a millisecond apart; waking a sleeping
// core takes about as long as the work. So a worker stays awake this long.
constexpr auto kAwake = std::chrono::microseconds(500);

class Pool {
public:
    void run(int count, int threads, const Work& work) {
        for (; started_ < threads - 1; ++started_) try {
                std::thread([this, id = started_] { wait(id); }).detach();
            } catch (const std::system_error&) {
                break;  // the system gives no more threads: the others do the work
            }
        {
            std::lock_guard<std::mutex> lock(mutex_);
            work_ = &work;
            count_ = count;
            next_ = 0;
            helpers_ = threads - 1;
            ++turn_;
        }
        wake_.notify_all();
        run_items(0);
        {
            // Workers that found no core in time are not waited for.
            std::lock_guard<std::mutex> lock(mutex_);
            helpers_ = 0;
        }
        for (int spins = 0; inside_.load(std::memory_order_acquire); ++spins) {
            relax();
            if (spins > 4096) std::this_thread::yield();
        }
    }

private:
    void run_items(int worker) {
        for (int i; (i = next_.fetch_add(1)) < count_;) (*work_)(i, worker);
    }

    void wait(int id) {
        for (unsigned seen = 0;;) {
            const auto until = std::chrono::steady_clock::now() + kAwake;
            while (turn_.load(std::memory_order_acquire) == seen &&
                   std::chrono::steady_clock::now() < until)
                relax();
            {
                std::unique_lock<std::mutex> lock(mutex_);
                wake_.wait(lock, [&] { return turn_ != seen; });
                seen = turn_;
                if (id >= helpers_) continue;
                ++inside_;
            }
            run_items(id + 1);
            inside_.fetch_sub(1, std::memory_order_release);
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::atomic<unsigned> turn_{0};
    std::atomic<int> next_{0}, inside_{0};
    int helpers_ = 0, count_ = 0, started_ = 0;
    const Work* work_ = nullptr;
};

std::mutex busy;

// Workers don't survive a fork and can't be joined when the process ends, so a pool is
// never destroyed.
Pool& pool() {
    static Pool* pool = nullptr;
    static long owner = 0;
    if (!pool || owner != process_id()) pool = new Pool, owner = process_id();
    return *pool;
}

}  // namespace

void for_each(int count, int threads, const Work& work) {
    threads = std::min(count, threads);
    std::unique_lock<std::mutex> alone(busy, std::try_to_lock);
    if (threads <= 1 || !alone) {
        for (int i = 0; i < count; ++i) work(i, 0);
        return;
    }
    pool().run(count, threads, work);
}

}  // namespace drywet
