// A whole WaveNet, chunk by chunk: arrays, histories, heads.
//
// Nothing here allocates, locks or throws.
#pragma once

#include "wavenet_layer.hpp"

namespace drywet {
namespace DRYWET_TARGET {

struct WaveNetPlayer {
    static constexpr int W = kWidth<float>;

    static float* newest(const History& history) { return history.rows + history.at; }

    static void advance(History& history, int frames) {
        history.at += size_t(frames);
        if (history.at + kWaveNetChunk <= history.room) return;
        for (int r = 0; r < history.row_count; ++r) {
            float* const row = history.rows + r * history.stride;
            memmove(row + history.start - history.past, row + history.at - history.past,
                    history.past * sizeof(float));
        }
        history.at = history.start;
    }

    // In silence a row holds the same number at all times.
    static void rest(History& history) {
        for (int r = 0; r < history.row_count; ++r) {
            float* const row = history.rows + r * history.stride;
            history.rest[r] = row[history.at];
            for (size_t t = 0; t < history.room; ++t) row[t] = history.rest[r];
        }
    }

    // Frames of the condition beyond the last are zeros; their outputs are not kept.
    static void chunk(WaveNetJob& job, int frames, bool settling) {
        const int vectors = (frames + W - 1) / W;
        const Condition condition{job.condition, kWaveNetChunk};
        const float* in = job.condition;
        for (int a = 0; a < job.array_count; ++a) {
            WaveNetArray& array = job.arrays[a];
            History& first = array.layers[0].in;
            apply(array.rechannel, in, kWaveNetChunk, condition, nullptr, 0, newest(first),
                  first.stride, vectors);
            for (int l = 0; l < array.layer_count; ++l) {
                WaveNetLayer& layer = array.layers[l];
                if (settling) rest(layer.in);
                const bool last = l + 1 == array.layer_count;
                LayerJob one{};
                one.layer = &layer;
                one.in = newest(layer.in);
                one.in_stride = layer.in.stride;
                one.condition = condition;
                one.head = newest(array.sums);
                one.head_stride = array.sums.stride;
                one.head_empty = a == 0 && l == 0;
                if (!last) {
                    one.out = newest(array.layers[l + 1].in);
                    one.out_stride = array.layers[l + 1].in.stride;
                } else if (a + 1 < job.array_count) {
                    one.out = job.out;
                    one.out_stride = kWaveNetChunk;
                }
                one.work = job.work;
                one.vectors = vectors;
                layer.run(one);
                advance(layer.in, frames);
            }
            if (settling) rest(array.sums);
            const bool seeds = a + 1 < job.array_count;
            History* const next = seeds ? &job.arrays[a + 1].sums : nullptr;
            apply(array.head, newest(array.sums), array.sums.stride, condition, nullptr, 0,
                  seeds ? newest(*next) : job.work, seeds ? next->stride : kWaveNetChunk, vectors);
            advance(array.sums, frames);
            in = job.out;
        }
    }

    static void process(WaveNetJob& job) {
        for (size_t done = 0; done < job.samples; done += kWaveNetChunk) {
            const size_t left = job.samples - done;
            const int frames = left < kWaveNetChunk ? int(left) : kWaveNetChunk;
            for (int i = 0; i < job.inputs; ++i) {
                float* const row = job.condition + i * kWaveNetChunk;
                const float* const from = job.x + done * job.inputs + i;
                for (int t = 0; t < frames; ++t) row[t] = from[t * job.inputs];
                memset(row + frames, 0, (kWaveNetChunk - frames) * sizeof(float));
            }
            chunk(job, frames, false);
            for (int t = 0; t < frames; ++t) job.y[done + t] = job.head_scale * job.work[t];
        }
    }

    static void settle(WaveNetJob& job) {
        memset(job.condition, 0, job.inputs * kWaveNetChunk * sizeof(float));
        for (int i = 1; i < job.inputs; ++i)
            job.condition[i * kWaveNetChunk] = job.knobs[i - 1];
        chunk(job, 1, true);
    }
};

}  // namespace DRYWET_TARGET
}  // namespace drywet
