// Vectors of W numbers and the few operations on them that differ between CPUs.
//
// Everything here is in a namespace named after the target it is compiled for,
// so that the same source can be in one library several times. Nothing from the
// standard library's templates may be used in these headers: the linker would
// keep one copy for all targets, perhaps the one an older CPU can't run.
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define DRYWET_INLINE inline __attribute__((always_inline))
#define DRYWET_LAMBDA __attribute__((always_inline))
#if defined(__clang__)
#define DRYWET_ONCE __attribute__((minsize))  // done once: small code is better than fast
#else
#define DRYWET_ONCE __attribute__((cold))
#endif

namespace drywet {
namespace DRYWET_TARGET {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
constexpr int kRegisters = 32;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
constexpr int kRegisters = 16;
#elif defined(__aarch64__)
constexpr int kVectorBytes = 16;
constexpr int kRegisters = 32;
#else
constexpr int kVectorBytes = 16;
constexpr int kRegisters = 16;
#endif

template <class T, int W>
struct VecOf {
    typedef T type __attribute__((vector_size(sizeof(T) * W)));
    typedef uint32_t bits __attribute__((vector_size(sizeof(uint32_t) * W)));
};
template <class T, int W>
using Vec = typename VecOf<T, W>::type;

template <class T>
constexpr int kWidth = kVectorBytes / int(sizeof(T));

// Calls f(0), f(1), ... f(N - 1) with compile-time numbers. GCC keeps arrays
// indexed so in registers; arrays indexed by an unrolled loop it spills.
template <int I>
struct Index {
    constexpr operator int() const { return I; }
};
template <int N, int I = 0, class F>
DRYWET_INLINE void unroll(F&& f) {
    if constexpr (I < N) {
        f(Index<I>{});
        unroll<N, I + 1>(f);
    }
}

template <class V, class T>
DRYWET_INLINE V broadcast(T x) {
    return x - V{};
}

// Makes the compiler keep a value in a register that it would otherwise load again for
// each use: the kernels are bound by loads as soon as every FMA does one.
template <class V>
DRYWET_INLINE V in_register(V v) {
#if defined(__AVX512F__)
    asm("" : "+v"(v));
#elif defined(__x86_64__)
    asm("" : "+x"(v));
#elif defined(__aarch64__)
    asm("" : "+w"(v));
#endif
    return v;
}

template <class V, class T>
DRYWET_INLINE V load(const T* from) {
    V v;
    memcpy(&v, from, sizeof(V));
    return v;
}

template <class V, class T>
DRYWET_INLINE void store(T* to, V v) {
    memcpy(to, &v, sizeof(V));
}

// The sum over the lanes, by halves.
template <class T, class V>
DRYWET_INLINE T sum(V v) {
    if constexpr (sizeof(V) == 2 * sizeof(T)) {
        return v[0] + v[1];
    } else {
        using Half = Vec<T, sizeof(V) / sizeof(T) / 2>;
        Half half[2];
        memcpy(half, &v, sizeof(V));
        return sum<T>(Half(half[0] + half[1]));
    }
}

// --- 1 / (1 + 2^z) ---------------------------------------------------------
//
// The one function every gate needs: with z = -x log2(e) it is the logistic
// sigmoid of x, with z = -2 x log2(e) it is (1 + tanh x) / 2. The factors are
// folded into the weights. 2^z is 2^n 2^r, where 2^r is the minimax polynomial
// of degree 5 that is exactly 1 at 0, so that tanh(0) is exactly 0: relative
// error below 1.1e-7 plus float32's rounding. With AVX-512 the reciprocal is the
// CPU's estimate of 14 bits, made good to rounding by one of Newton's steps; AVX2's estimate has
// only 11 and a division of 8 numbers is no slower than two steps.
// NaN comes out as NaN.

// 2^r on [-1/2, 1/2].
constexpr float kExp2[5] = {0.6931470036506653f, 0.24022242426872253f, 0.05550733581185341f,
                            0.009671512991189957f, 0.001326472731307149f};
// 2^r on [0, 1).
constexpr float kExp2Floor[5] = {0.6931512951850891f, 0.24016444385051727f, 0.05579991266131401f,
                                 0.009017029777169228f, 0.0018671301659196615f};

// By Estrin's scheme: one more operation than Horner's, half the latency.
template <class V>
DRYWET_INLINE V one_plus(const float (&c)[5], V r) {
    V square = r * r;
    V low = c[0] * r + 1.0f;
    V middle = c[2] * r + c[1];
    V high = c[4] * r + c[3];
    return (high * square + middle) * square + low;
}

template <class V>
struct Logistic {
    static constexpr int W = sizeof(V) / sizeof(float);
    using Bits = typename VecOf<float, W>::bits;

    static DRYWET_INLINE V exp2(V z) {
        z = z > 120.0f ? V{} + 120.0f : z;
        z = z < -120.0f ? V{} - 120.0f : z;
        const V magic = V{} + 12582912.0f;  // 1.5 2^23: adding it rounds to an integer
        V n = z + magic;
        V p = one_plus(kExp2, z - (n - magic));
        const V product = (V)((Bits)p + ((Bits)n << 23));
        return z == z ? product : z;
    }

    static DRYWET_INLINE V reciprocal(V x) { return 1.0f / x; }
    static DRYWET_INLINE V at_least(V x, float least) { return x < least ? V{} + least : x; }

    static DRYWET_INLINE V of(V z) { return reciprocal(exp2(z) + 1.0f); }
};

#if defined(__AVX512F__)
template <>
DRYWET_INLINE Vec<float, 16> Logistic<Vec<float, 16>>::exp2(Vec<float, 16> z) {
    z = _mm512_min_ps(_mm512_set1_ps(120.0f), z);  // in this order NaN stays NaN
    return _mm512_scalef_ps(one_plus(kExp2Floor, (Vec<float, 16>)_mm512_reduce_ps(z, 9)), z);
}
template <>
DRYWET_INLINE Vec<float, 16> Logistic<Vec<float, 16>>::at_least(Vec<float, 16> x, float least) {
    return _mm512_max_ps(_mm512_set1_ps(least), x);
}
template <>
DRYWET_INLINE Vec<float, 16> Logistic<Vec<float, 16>>::reciprocal(Vec<float, 16> x) {
    Vec<float, 16> y = _mm512_rcp14_ps(x);
    return y * (2.0f - x * y);
}
template <>
DRYWET_INLINE Vec<float, 8> Logistic<Vec<float, 8>>::exp2(Vec<float, 8> z) {
    z = _mm256_min_ps(_mm256_set1_ps(120.0f), z);
    return _mm256_scalef_ps(one_plus(kExp2Floor, (Vec<float, 8>)_mm256_reduce_ps(z, 9)), z);
}
template <>
DRYWET_INLINE Vec<float, 8> Logistic<Vec<float, 8>>::reciprocal(Vec<float, 8> x) {
    Vec<float, 8> y = _mm256_rcp14_ps(x);
    return y * (2.0f - x * y);
}
#endif

#if defined(__AVX2__) && !defined(__AVX512F__)
// As the general one in three operations fewer; 2^n times p is NaN where z is.
template <>
DRYWET_INLINE Vec<float, 8> Logistic<Vec<float, 8>>::exp2(Vec<float, 8> z) {
    using V = Vec<float, 8>;
    z = _mm256_max_ps(_mm256_set1_ps(-120.0f), _mm256_min_ps(_mm256_set1_ps(120.0f), z));
    const V magic = V{} + (12582912.0f + 127.0f);  // 127: the exponent's bias
    const V n = z + magic;
    const V p = one_plus(kExp2, V(z - (n - magic)));
    return p * (V)((Bits)n << 23);
}
#endif

// In double precision, which is for checking gradients, the C library's.
template <int W>
struct LogisticDouble {
    template <class V>
    static DRYWET_INLINE V of(V z) {
        for (int i = 0; i < W; ++i) z[i] = 1.0 / (1.0 + ::exp2(z[i]));
        return z;
    }
};

template <class T, class V>
DRYWET_INLINE V logistic(V z) {
    if constexpr (sizeof(T) == sizeof(float))
        return Logistic<V>::of(z);
    else
        return LogisticDouble<sizeof(V) / sizeof(T)>::of(z);
}

constexpr double kLog2E = 1.4426950408889634;

// tanh of x where z = -2 log2(e) x.
template <class T, class V>
DRYWET_INLINE V scaled_tanh(V z) {
    return T(2) * logistic<T>(z) - T(1);
}

}  // namespace DRYWET_TARGET
}  // namespace drywet
