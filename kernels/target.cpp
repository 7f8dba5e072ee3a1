// Compiled once per target, with that target's flags and its name in DRYWET_TARGET; with
// DRYWET_PLAYS_ONLY without what trains.

#include "target.hpp"

#include "circuit.hpp"
#include "polyphase.hpp"
#include "state_space_stream.hpp"
#include "stream.hpp"
#include "wavenet.hpp"
#if !defined(DRYWET_PLAYS_ONLY)
#include "batch.hpp"
#include "soap.hpp"
#include "state_space_batch.hpp"
#include "wavenet_training.hpp"
#endif

namespace drywet {
namespace DRYWET_TARGET {

template <Cell cell, int H>
StreamKernel stream_kernel() {
    constexpr int kWidest = kWidth<float>;
    using N = StreamNet<cell, (H > 0 && H <= 8 && kWidest > 8) ? 8 : kWidest, H>;
    return {N::weights_size, N::state_size, N::pack, N::process};
}

template <Cell cell>
StreamKernel stream_of(int hidden) {
    switch (hidden) {
        case 8: return stream_kernel<cell, 8>();
        case 12: return stream_kernel<cell, 12>();
        case 16: return stream_kernel<cell, 16>();
        case 20: return stream_kernel<cell, 20>();
        case 24: return stream_kernel<cell, 24>();
        case 32: return stream_kernel<cell, 32>();
        case 40: return stream_kernel<cell, 40>();
        case 64: return stream_kernel<cell, 64>();
        default: return stream_kernel<cell, 0>();
    }
}

template <int W>
StreamKernel state_space_stream() {
    using S = StateSpaceStream<W>;
    return {S::weights_size, S::state_size, S::pack, S::process};
}

static StreamKernel stream(Cell cell, int hidden) {
    switch (cell) {
        case Cell::kLstm: return stream_of<Cell::kLstm>(hidden);
        case Cell::kGru: return stream_of<Cell::kGru>(hidden);
        case Cell::kRnn: return stream_of<Cell::kRnn>(hidden);
        default: break;
    }
    constexpr int kWidest = kWidth<float>;
    if constexpr (kWidest > 8)
        if (hidden <= 8) return state_space_stream<8>();
    return state_space_stream<kWidest>();
}

// For the peak that benchmarks are measured against.
static long spin(long turns) {
    using V = Vec<float, kWidth<float>>;
    constexpr int kChains = 10;
    V acc[kChains];
    const V factor = in_register(V{} + 0.999f), term = in_register(V{} + 0.001f);
    unroll<kChains>([&](auto i) DRYWET_LAMBDA { acc[i] = term; });
    for (long turn = 0; turn < turns; ++turn)
        unroll<kChains>([&](auto i) DRYWET_LAMBDA {
            acc[i] = in_register(acc[i] * factor + term);
        });
    V total = V{};
    unroll<kChains>([&](auto i) DRYWET_LAMBDA { total += acc[i]; });
    // Never so: the sums must not be for nothing, or the compiler would leave them out.
    return sum<float>(total) < 0 ? 0 : turns * kChains * kWidth<float>;
}

static bool runs_here() {
#if defined(__AVX512F__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx2") &&
           __builtin_cpu_supports("fma");
#elif defined(__AVX2__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return true;
#endif
}

}  // namespace DRYWET_TARGET

#define DRYWET_TEXT_(name) #name
#define DRYWET_TEXT(name) DRYWET_TEXT_(name)

extern const Target DRYWET_TABLE = {
    DRYWET_TEXT(DRYWET_TARGET),
    DRYWET_TARGET::runs_here,
#if defined(DRYWET_PLAYS_ONLY)
    {},
#else
    {DRYWET_TARGET::batch_kernel<float, Cell::kLstm>(),
     DRYWET_TARGET::batch_kernel<float, Cell::kGru>(),
     DRYWET_TARGET::batch_kernel<float, Cell::kRnn>(),
     DRYWET_TARGET::state_space_kernel<float>()},
#endif
    DRYWET_TARGET::stream,
    {DRYWET_TARGET::Circuit::process, DRYWET_TARGET::Circuit::settle},
    {DRYWET_TARGET::best_tile, DRYWET_TARGET::run_of, DRYWET_TARGET::WaveNetPlayer::process,
     DRYWET_TARGET::WaveNetPlayer::settle},
#if defined(DRYWET_PLAYS_ONLY)
    {},
#else
    {DRYWET_TARGET::kWidth<float>, DRYWET_TARGET::WaveNetTraining::forward,
     DRYWET_TARGET::WaveNetTraining::backward},
#endif
#if defined(DRYWET_PLAYS_ONLY)
    {},
#else
    {DRYWET_TARGET::Soap::work_bytes, DRYWET_TARGET::Soap::update},
#endif
    {DRYWET_TARGET::Polyphase::split, DRYWET_TARGET::Polyphase::join},
    DRYWET_TARGET::spin,
};

}  // namespace drywet
