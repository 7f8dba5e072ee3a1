"""The part of a C header around a net that runs oversampled: filters, and copies of the net.

Each of the M copies plays one phase of the upsampled input (`drywet.dsp.oversampling`). ``@``
stands for the model's name; the net's own functions begin with ``@_net_``.
"""

from __future__ import annotations

from drywet.dsp.oversampling import Filters
from drywet.formats.c.program import Program

COPIES = """\
typedef struct {
KNOBS    @_net_state net[FACTOR];
    float past[2 * BEFORE];
    float pasts[FACTOR][2 * BEHIND];
    int newest, newests[FACTOR];
} @_state;

/* A row of the last `taps` samples, the newest first. */
static inline const float *@_push(float *past, int taps, int *newest, float x) {
    const int at = *newest > 0 ? *newest - 1 : taps - 1;
    *newest = at;
    past[at] = past[at + taps] = x;
    return past + at;
}

static inline float @_dot(const float *w, int taps, const float *row) {
    float sum[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    int k, j;
    for (k = 0; k + 8 <= taps; k += 8)
        for (j = 0; j < 8; j++) sum[j] += w[k + j] * row[k + j];
    for (; k < taps; k++) sum[0] += w[k] * row[k];
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static inline void @_process(@_state *s, const float *in, float *out, int samples) {
    int n, m;
TURN    for (n = 0; n < samples; n++) {
        const float *row = @_push(s->past, BEFORE, &s->newest, in[n]);
        float y = 0.0f;
        for (m = 0; m < FACTOR; m++) {
            float x = @_dot(SPLIT + m * BEFORE, BEFORE, row);
            @_net_process(&s->net[m], &x, &x, 1);
            y += @_dot(JOIN + m * BEHIND, BEHIND,
                       @_push(s->pasts[m], BEHIND, &s->newests[m], x));
        }
        out[n] = y;
    }
}

/* Settled silence; a net at rest may have an offset, which fills the filters. */
static inline void @_init(@_state *s) {
    float rest = 0.0f;
    int m, k;
    memset(s, 0, sizeof *s);
    @_net_init(&s->net[0]);
    @_net_process(&s->net[0], &rest, &rest, 1);
    for (m = 0; m < FACTOR; m++) {
        @_net_init(&s->net[m]);
        for (k = 0; k < 2 * BEHIND; k++) s->pasts[m][k] = rest;
    }
START}"""


def around(filters: Filters, knobs: int) -> str:
    """Its text.

    Args:
        filters: before and behind the copies.
        knobs: how many the net has.
    """
    tables = Program()
    split, join = tables.constant(filters.split), tables.constant(filters.join)
    factor, before = filters.split.shape
    turn = (
        f"    for (m = 0; m < {factor}; m++) memcpy(s->net[m].knobs, s->knobs, sizeof s->knobs);\n"
    )
    replaced = {
        "KNOBS": f"    float knobs[{knobs}];\n" if knobs else "",
        "START": "    memcpy(s->knobs, s->net[0].knobs, sizeof s->knobs);\n" if knobs else "",
        "TURN": turn if knobs else "",
        "FACTOR": factor, "BEFORE": before, "BEHIND": filters.join.shape[1],
        "SPLIT": split, "JOIN": join,
    }  # fmt: skip
    text = COPIES
    for name, value in replaced.items():
        text = text.replace(name, str(value))
    return "".join(tables.constants) + "\n" + text
