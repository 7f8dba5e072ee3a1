// SOAP's update of one matrix (Vyas et al., ICLR 2025); src/drywet/optimizers/soap.py says the same
// in PyTorch.
#pragma once

#include "simd.hpp"
#include "soap_job.hpp"

namespace drywet {
namespace DRYWET_TARGET {

// Products of small matrices, a vector of columns in each register.
template <class T>
struct Dense {
    static constexpr int W = kWidth<T>;
    using V = Vec<T, W>;

    // c (n, m) = keep * c + scale * a b, where a(i, k) is a[i * a_row + k * a_step] and b (k, m).
    static void multiply(int n, int m, int k, const T* a, int a_row, int a_step, const T* b, T* c,
                         T keep = 0, T scale = 1) {
        int i = 0;
        for (; i + 4 <= n; i += 4) rows<4>(m, k, a + i * a_row, a_row, a_step, b, c + i * m, keep, scale);
        for (; i < n; ++i) rows<1>(m, k, a + i * a_row, a_row, a_step, b, c + i * m, keep, scale);
    }

    static T dot(int n, const T* a, const T* b) {
        V sums = V{};
        int i = 0;
        for (; i + W <= n; i += W) sums += load<V>(a + i) * load<V>(b + i);
        T total = sum<T>(sums);
        for (; i < n; ++i) total += a[i] * b[i];
        return total;
    }

    static void add(int n, T factor, const T* x, T* to) {
        for (int i = 0; i < n; ++i) to[i] += factor * x[i];
    }

private:
    static DRYWET_INLINE V part_of(const T* from, int count) {
        V v = V{};
        memcpy(&v, from, size_t(count) * sizeof(T));
        return v;
    }

    template <int R>
    static void rows(int m, int k, const T* a, int a_row, int a_step, const T* b, T* c, T keep,
                     T scale) {
        int j = 0;
        for (; j + 2 * W <= m; j += 2 * W)
            tile<R, 2>(W, m, k, a, a_row, a_step, b + j, c + j, keep, scale);
        for (; j < m; j += W)
            tile<R, 1>(m - j < W ? m - j : W, m, k, a, a_row, a_step, b + j, c + j, keep, scale);
    }

    // R rows by C vectors, of the last only `count` columns.
    template <int R, int C>
    static DRYWET_INLINE void tile(int count, int m, int k, const T* a, int a_row, int a_step,
                                   const T* b, T* c, T keep, T scale) {
        V sums[R * C];
        unroll<R * C>([&](auto q) DRYWET_LAMBDA { sums[q] = V{}; });
        for (int t = 0; t < k; ++t, b += m) {
            V column[C];
            unroll<C>([&](auto v) DRYWET_LAMBDA {
                column[v] = count < W ? part_of(b, count) : load<V>(b + v * W);
            });
            unroll<R>([&](auto r) DRYWET_LAMBDA {
                const T factor = a[r * a_row + t * a_step];
                unroll<C>([&](auto v) DRYWET_LAMBDA { sums[r * C + v] += factor * column[v]; });
            });
        }
        unroll<R * C>([&](auto q) DRYWET_LAMBDA {
            T* const to = c + (q / C) * m + (q % C) * W;
            V value = scale * sums[q];
            if (keep != 0) value += keep * (count < W ? part_of(to, count) : load<V>(to));
            memcpy(to, &value, size_t(count < W ? count : W) * sizeof(T));
        });
    }
};

struct Soap {
    using F = Dense<float>;
    using D = Dense<double>;

    // The longest side that may be turned: others need no room for a basis.
    static size_t turned_side(int inputs, int outputs) {
        const int n = inputs <= kMostSoapSide ? inputs : 0;
        const int m = outputs <= kMostSoapSide ? outputs : 0;
        return size_t(n > m ? n : m);
    }

    static size_t work_bytes(int inputs, int outputs) {
        const size_t size = size_t(inputs) * outputs, side = turned_side(inputs, outputs);
        return (3 * side * side + side) * sizeof(double) + (4 * size + side * side) * sizeof(float);
    }

    static void update(const SoapJob& job) {
        const int n = job.inputs, m = job.outputs;
        const size_t size = size_t(n) * m;
        const size_t side = turned_side(n, m);
        double* const squares = static_cast<double*>(job.work);  // three of side * side
        double* const values = squares + 3 * side * side;
        float* const turned = reinterpret_cast<float*>(values + side);
        float* const mean = turned + size;
        float* const scratch = mean + size;
        float* const across = scratch + size;  // the gradient, (outputs, inputs)
        float* const swapped = across + size;  // a basis the other way round

        for (size_t i = 0; i < size; ++i)
            job.mean[i] += (1 - job.beta1) * (job.gradient[i] - job.mean[i]);
        turn(job, job.gradient, turned, scratch);
        turn(job, job.mean, mean, scratch);
        for (size_t i = 0; i < size; ++i) {
            const float square = turned[i] * turned[i];
            job.mean_square[i] += (1 - job.beta2) * (square - job.mean_square[i]);
            turned[i] = mean[i] * job.unbias1 /
                        (sqrtf(job.mean_square[i] * job.unbias2) + job.eps);
        }
        if (job.basis_0) {
            transpose(n, m, job.gradient, across);
            F::multiply(n, n, m, job.gradient, m, 1, across, job.covariance_0, job.beta2,
                        1 - job.beta2);
        }
        if (job.basis_1)
            F::multiply(m, m, n, job.gradient, 1, m, job.gradient, job.covariance_1, job.beta2,
                        1 - job.beta2);
        // The update back from the bases.
        float* from = turned;
        if (job.basis_1) {
            transpose(m, m, job.basis_1, swapped);
            F::multiply(n, m, m, from, m, 1, swapped, scratch);
            from = scratch;
        }
        if (job.basis_0)
            F::multiply(n, m, n, job.basis_0, n, 1, from, job.gradient);
        else
            memcpy(job.gradient, from, size * sizeof(float));
        if (!job.iterate) return;
        if (job.basis_0) iterate(job, n, job.covariance_0, job.basis_0, 0, squares, values, scratch);
        if (job.basis_1) iterate(job, m, job.covariance_1, job.basis_1, 1, squares, values, scratch);
    }

private:
    // basis_0' x basis_1.
    static void turn(const SoapJob& job, const float* x, float* to, float* scratch) {
        const int n = job.inputs, m = job.outputs;
        float* const first = job.basis_0 ? scratch : to;
        if (job.basis_1)
            F::multiply(n, m, m, x, m, 1, job.basis_1, first);
        else
            memcpy(first, x, size_t(n) * m * sizeof(float));
        if (job.basis_0) F::multiply(n, m, n, job.basis_0, 1, n, first, to);
    }

    static void transpose(int n, int m, const float* from, float* to) {
        for (int i = 0; i < n; ++i)
            for (int j = 0; j < m; ++j) to[j * n + i] = from[i * m + j];
    }

    // One step of the power iteration: orthonormal columns, the largest eigenvalue first.
    static void iterate(const SoapJob& job, int n, const float* covariance, float* basis, int side,
                        double* squares, double* values, float* scratch) {
        const size_t size = size_t(n) * n;
        double *wide = squares, *old = squares + size, *product = squares + 2 * size;
        double trace = 0;
        for (int i = 0; i < n; ++i) trace += covariance[i * n + i];
        for (size_t i = 0; i < size; ++i) wide[i] = covariance[i], old[i] = basis[i];
        for (int i = 0; i < n; ++i) wide[i * n + i] += job.ridge * trace;
        D::multiply(n, n, n, wide, n, 1, old, product);
        for (int j = 0; j < n; ++j) values[j] = 0;
        for (int i = 0; i < n; ++i)
            for (int j = 0; j < n; ++j) values[j] += old[i * n + j] * product[i * n + j];
        int order[kMostSoapSide];
        for (int j = 0; j < n; ++j) {  // stable
            int at = j;
            for (; at > 0 && values[order[at - 1]] < values[j]; --at) order[at] = order[at - 1];
            order[at] = j;
        }
        // The columns one after the other, each made orthogonal to those before it (modified
        // Gram-Schmidt): the ridge keeps the matrix far from what doubles could not bear.
        double* const column = wide;
        for (int j = 0; j < n; ++j) {
            double* const own = column + size_t(j) * n;
            for (int i = 0; i < n; ++i) own[i] = product[i * n + order[j]];
            for (int before = 0; before < j; ++before) {
                const double* const other = column + size_t(before) * n;
                D::add(n, -D::dot(n, own, other), other, own);
            }
            const double norm = sqrt(D::dot(n, own, own));
            for (int i = 0; i < n; ++i) own[i] = norm > 0 ? own[i] / norm : old[i * n + order[j]];
        }
        for (int i = 0; i < n; ++i)
            for (int j = 0; j < n; ++j) basis[i * n + j] = float(column[size_t(j) * n + i]);
        reorder(job, side, order, scratch);
    }

    // The mean squares along one side.
    static void reorder(const SoapJob& job, int side, const int* order, float* scratch) {
        const int n = job.inputs, m = job.outputs;
        memcpy(scratch, job.mean_square, size_t(n) * m * sizeof(float));
        for (int i = 0; i < n; ++i)
            for (int j = 0; j < m; ++j)
                job.mean_square[i * m + j] =
                    side ? scratch[i * m + order[j]] : scratch[order[i] * m + j];
    }
};

}  // namespace DRYWET_TARGET
}  // namespace drywet
