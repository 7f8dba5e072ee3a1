#!/usr/bin/env bash
# Builds the peers' benchmarks from clones beside each other, with the flags their authors use:
#
#   benchmarks/peers/build.sh FOLDER
#
# FOLDER holds RTNeural (github.com/jatinchowdhury18/RTNeural, with submodules), NeuralAudio
# (github.com/mikeoliphant/NeuralAudio, with submodules) and, for WaveNets, NeuralAmpModelerCore
# (github.com/sdatkinson/NeuralAmpModelerCore; Eigen from Debian's libeigen3-dev); what is missing is left out. Each engine is built several ways, since
# the best one differs from net to net; benchmarks/streaming.py takes the best.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
cd "$1"

rtneural() { # build, backend, alignment, its include folder, flags
  g++ -O3 -std=c++17 -DNDEBUG -w "${@:5}" -DBUILD="\"$1\"" -DRTNEURAL_USE_"$2"=1 \
    -DRTNEURAL_DEFAULT_ALIGNMENT="$3" -IRTNeural -IRTNeural/modules/json -IRTNeural/modules/"$4" \
    "$here/rtneural.cpp" -o "rtneural_$1"
}
if [ -d RTNeural ]; then
  rtneural eigen EIGEN 32 Eigen -march=native
  rtneural eigen-fast-math EIGEN 32 Eigen -march=native -ffast-math
  rtneural xsimd XSIMD 64 xsimd/include -march=native
  rtneural xsimd-fast-math XSIMD 64 xsimd/include -march=native -ffast-math
  rtneural xsimd-avx2 XSIMD 32 xsimd/include -march=x86-64-v3
fi

neuralaudio() { # build, flags
  g++ -O3 -std=c++20 -DNDEBUG -w "${@:2}" -DBUILD="\"$1\"" -DLSTM_MATH=FastMath -INeuralAudio \
    -INeuralAudio/deps/math_approx/include -INeuralAudio/deps/RTNeural/modules/Eigen \
    "$here/neuralaudio.cpp" -o "neuralaudio_$1"
}
if [ -d NeuralAudio ]; then
  neuralaudio native -march=native
  neuralaudio fast-math -march=native -ffast-math
  neuralaudio avx2 -march=x86-64-v3
fi

namcore() { # build, flags
  g++ -std=c++20 -DNDEBUG -w "${@:2}" -DBUILD="\"$1\"" -DNAM_SAMPLE_FLOAT -DNAM_ENABLE_A2_FAST \
    -INeuralAmpModelerCore -INeuralAmpModelerCore/Dependencies/nlohmann \
    -I/usr/include/eigen3 "$here/namcore.cpp" NeuralAmpModelerCore/NAM/*.cpp \
    NeuralAmpModelerCore/NAM/*/*.cpp -o "namcore_$1"
}
if [ -d NeuralAmpModelerCore ]; then
  namcore native -Ofast -march=native
  namcore inline -Ofast -march=native -DNAM_USE_INLINE_GEMM
fi
