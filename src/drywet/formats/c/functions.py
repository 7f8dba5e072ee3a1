"""The C functions that a header is put together from; ``@`` stands for the model's name.

All work on one sample. Weights lie with the outputs last, so that the inner loops run over
neighbours and a compiler makes vectors of them.
"""

from __future__ import annotations

MATRIX = """\
/* y = b + w x; w as [inputs][outputs]. */
static inline void @_dense(const float *w, const float *b, int inputs, int outputs,
                           const float *x, float *y) {
    int i, o;
    for (o = 0; o < outputs; o++) y[o] = b[o];
    for (i = 0; i < inputs; i++) {
        const float *row = w + (long)i * outputs;
        const float v = x[i];
        for (o = 0; o < outputs; o++) y[o] += row[o] * v;
    }
}
"""

CONV = """\
/* A causal convolution over a ring of the last `size` inputs (a power of two), x the newest;
   w as [taps][inputs][outputs], the oldest tap first. */
static inline void @_conv(const float *w, const float *b, int inputs, int outputs, int taps,
                          int dilation, float *ring, unsigned size, unsigned now,
                          const float *x, float *y) {
    int k, i, o;
    memcpy(ring + (size_t)(now & (size - 1)) * inputs, x, sizeof(float) * (size_t)inputs);
    for (o = 0; o < outputs; o++) y[o] = b[o];
    for (k = 0; k < taps; k++) {
        const unsigned back = (unsigned)(taps - 1 - k) * (unsigned)dilation;
        const float *past = ring + (size_t)((now - back) & (size - 1)) * inputs;
        for (i = 0; i < inputs; i++) {
            const float *row = w + ((long)k * inputs + i) * outputs;
            const float v = past[i];
            for (o = 0; o < outputs; o++) y[o] += row[o] * v;
        }
    }
}
"""

FIR = """\
/* A filter; the newest tap first. Every sample is kept twice, so that the last `taps` of them lie
   in a row, the newest at `*newest`; eight sums at once. */
static inline float @_fir(const float *w, int taps, float *past, int *newest, float x) {
    const int at = *newest > 0 ? *newest - 1 : taps - 1;
    const float *row = past + at;
    float sum[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    int k, j;
    *newest = at;
    past[at] = past[at + taps] = x;
    for (k = 0; k + 8 <= taps; k += 8)
        for (j = 0; j < 8; j++) sum[j] += w[k + j] * row[k + j];
    for (; k < taps; k++) sum[0] += w[k] * row[k];
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}
"""

FILL = """\
/* The `past` inputs before the first one; with a stride of 0 the same again and again. */
static inline void @_fill(float *ring, unsigned size, int channels, int past, const float *values,
                          int stride) {
    int i;
    for (i = 0; i < past; i++)
        memcpy(ring + (size_t)((unsigned)(i - past) & (size - 1)) * channels,
               values + (long)i * stride, sizeof(float) * (size_t)channels);
}
"""

GATED = """\
static inline void @_gated(int n, const float *gate, float *x) {
    int i;
    for (i = 0; i < n; i++) x[i] *= gate[i];
}
"""

BLENDED = """\
static inline void @_blended(int n, const float *gate, const float *before, float *x) {
    int i;
    for (i = 0; i < n; i++) x[i] = gate[i] * x[i] + (1.0f - gate[i]) * before[i];
}
"""

ADD = """\
static inline void @_add(int n, const float *x, float *y) {
    int i;
    for (i = 0; i < n; i++) y[i] += x[i];
}
"""

LSTM = """\
/* w as [inputs][4 hidden], u as [hidden][4 hidden]; gates i, f, g, o. */
static inline void @_lstm(const float *w, const float *u, const float *b, int inputs, int hidden,
                          float *h, float *c, const float *x, float *gates) {
    int j;
    @_dense(w, b, inputs, 4 * hidden, x, gates);
    @_more(u, hidden, 4 * hidden, h, gates);
    for (j = 0; j < hidden; j++) {
        const float i = @_logistic(gates[j]), f = @_logistic(gates[hidden + j]);
        const float g = tanhf(gates[2 * hidden + j]), o = @_logistic(gates[3 * hidden + j]);
        c[j] = f * c[j] + i * g;
        h[j] = o * tanhf(c[j]);
    }
}
"""

GRU = """\
/* w as [inputs][3 hidden], u as [hidden][3 hidden]; gates r, z, n. */
static inline void @_gru(const float *w, const float *u, const float *b, const float *d,
                         int inputs, int hidden, float *h, const float *x, float *a, float *e) {
    int j;
    @_dense(w, b, inputs, 3 * hidden, x, a);
    @_dense(u, d, hidden, 3 * hidden, h, e);
    for (j = 0; j < hidden; j++) {
        const float r = @_logistic(a[j] + e[j]);
        const float z = @_logistic(a[hidden + j] + e[hidden + j]);
        const float n = tanhf(a[2 * hidden + j] + r * e[2 * hidden + j]);
        h[j] = (1.0f - z) * n + z * h[j];
    }
}
"""

RNN = """\
/* w as [inputs][hidden], u as [hidden][hidden]. */
static inline void @_rnn(const float *w, const float *u, const float *b, int inputs, int hidden,
                         float *h, const float *x, float *a) {
    int j;
    @_dense(w, b, inputs, hidden, x, a);
    @_more(u, hidden, hidden, h, a);
    for (j = 0; j < hidden; j++) h[j] = tanhf(a[j]);
}
"""

SSM = """\
/* State-space: w as [inputs][2 hidden], u as [2][hidden][hidden]; p as poles' real parts less 1,
   imaginary parts and gains. */
static inline void @_ssm(const float *w, const float *u, const float *b, const float *p,
                         int inputs, int hidden, int added, float *re, float *im, const float *x,
                         float *z, float *y) {
    int j;
    @_dense(w, b, inputs, 2 * hidden, x, z);
    for (j = 0; j < hidden; j++) {
        const float r = re[j], i = im[j];
        re[j] = r + (p[j] * r - p[hidden + j] * i + p[2 * hidden + j] * z[j]);
        im[j] = i + (p[j] * i + p[hidden + j] * r);
    }
    @_more(u, hidden, hidden, re, z + hidden);
    @_more(u + (long)hidden * hidden, hidden, hidden, im, z + hidden);
    for (j = 0; j < hidden; j++) y[j] = tanhf(z[hidden + j]) + (added ? x[j] : 0.0f);
}
"""

MORE = """\
/* y += w x; w as [inputs][outputs]. */
static inline void @_more(const float *w, int inputs, int outputs, const float *x, float *y) {
    int i, o;
    for (i = 0; i < inputs; i++) {
        const float *row = w + (long)i * outputs;
        const float v = x[i];
        for (o = 0; o < outputs; o++) y[o] += row[o] * v;
    }
}
"""

LOGISTIC = """\
static inline float @_logistic(float x) { return 1.0f / (1.0f + expf(-x)); }
"""

SOFTMAX = """\
static inline void @_softmax(int n, float *x) {
    float most = x[0], sum = 0.0f;
    int i;
    for (i = 1; i < n; i++) most = x[i] > most ? x[i] : most;
    for (i = 0; i < n; i++) sum += x[i] = expf(x[i] - most);
    for (i = 0; i < n; i++) x[i] /= sum;
}
"""

ACTIVATIONS = {
    "tanh": "tanhf(v)",
    "relu": "v > 0.0f ? v : 0.0f",
    "leaky_relu": "v > 0.0f ? v : v * slope",
    "sigmoid": "@_logistic(v)",
    "silu": "v * @_logistic(v)",
    "hardtanh": "v > 1.0f ? 1.0f : v < -1.0f ? -1.0f : v",
    "hardswish": "v >= 3.0f ? v : v <= -3.0f ? 0.0f : v * (v + 3.0f) / 6.0f",
    "softsign": "v / (1.0f + fabsf(v))",
    "elu": "v > 0.0f ? v : expm1f(v)",
}
"""Expressions of one number ``v``; the others are functions of their own."""


def activation(name: str) -> str:
    """The C function ``@_name`` of one of `ACTIVATIONS`, on n numbers in place."""
    more = ", float slope" if name == "leaky_relu" else ""
    return f"""\
static inline void @_{name}(int n, float *x{more}) {{
    int i;
    for (i = 0; i < n; i++) {{
        const float v = x[i];
        x[i] = {ACTIVATIONS[name]};
    }}
}}
"""


FUNCTIONS = {
    "logistic": LOGISTIC,
    "dense": MATRIX,
    "more": MORE,
    "conv": CONV,
    "fill": FILL,
    "fir": FIR,
    "gated": GATED,
    "blended": BLENDED,
    "add": ADD,
    "lstm": LSTM,
    "gru": GRU,
    "rnn": RNN,
    "ssm": SSM,
    "softmax": SOFTMAX,
    **{name: activation(name) for name in ACTIVATIONS},
}
"""All of them by name, each after those that it calls."""

CALLS = {
    "lstm": ("logistic", "dense", "more"),
    "gru": ("logistic", "dense"),
    "rnn": ("dense", "more"),
    "ssm": ("dense", "more"),
    "sigmoid": ("logistic",),
    "silu": ("logistic",),
}
"""What a function calls."""
