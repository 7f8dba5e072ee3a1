#include "subnormals.hpp"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace drywet {

#if defined(__x86_64__)
FlushSubnormals::FlushSubnormals() : before_(_mm_getcsr()) {
    _mm_setcsr(unsigned(before_) | 0x8040);  // flush to zero, subnormals are zero
}
FlushSubnormals::~FlushSubnormals() { _mm_setcsr(unsigned(before_)); }
#elif defined(__aarch64__)
FlushSubnormals::FlushSubnormals() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" : : "r"(before_ | (1ul << 24)));
}
FlushSubnormals::~FlushSubnormals() { asm volatile("msr fpcr, %0" : : "r"(before_)); }
#else
FlushSubnormals::FlushSubnormals() : before_(0) {}
FlushSubnormals::~FlushSubnormals() {}
#endif

}  // namespace drywet
