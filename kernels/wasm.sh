#!/bin/sh
# Builds the kernels that play in a browser: src/drywet/browser/kernels.wasm, which is kept in the
# repository, so that nobody else needs a compiler for it. wasm.sums says what it was built from.
# Debian: apt install clang lld wasi-libc libc++-dev-wasm32 libclang-rt-dev-wasm32
set -eu
cd "$(dirname "$0")"
out=../src/drywet/browser/kernels.wasm
sources="browser.cpp circuit_model.cpp circuit_run.cpp memory.cpp oversampler.cpp stream_run.cpp
         subnormals.cpp target.cpp wavenet_pack.cpp wavenet_run.cpp"
flags="--target=wasm32-wasi -std=c++17 -O3 -fno-unroll-loops -msimd128 -fno-exceptions -fno-rtti -fno-math-errno
       -fno-strict-aliasing -Wall -Wextra -DDRYWET_PLAYS_ONLY -DDRYWET_TARGET=baseline
       -DDRYWET_TABLE=kBaseline"
clang++ $flags -mexec-model=reactor -Wl,--gc-sections,--strip-all -Wl,-z,stack-size=1048576 \
    $sources -o "$out"
chmod 644 "$out"
clang++ $flags -MM $sources | tr -d '\\' | tr ' ' '\n' | grep -E '^[a-z_]+\.[ch]pp$' | sort -u \
    | xargs sha256sum > wasm.sums
sha256sum "$out" >> wasm.sums
