// Vectors of numbers, and the functions that the activations need of them.
//
// Vec<T> is as wide as the machine's registers: the compiler's own vector extension, so that one
// source serves AVX-512, AVX2, NEON and SSE. A comparison gives a mask; `mask ? a : b` selects.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

namespace glassnet {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64, kRegisters = 32;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32, kRegisters = 16;
#elif defined(__aarch64__)
constexpr int kVectorBytes = 16, kRegisters = 32;
#else
constexpr int kVectorBytes = 16, kRegisters = 16;
#endif

template <class T> struct VectorTypes;
template <> struct VectorTypes<float> {
    typedef float Vec __attribute__((vector_size(kVectorBytes)));
    typedef float Loose __attribute__((vector_size(kVectorBytes), aligned(4), may_alias));
    typedef int32_t Bits __attribute__((vector_size(kVectorBytes)));
    typedef uint32_t Word __attribute__((vector_size(kVectorBytes)));
};
template <> struct VectorTypes<double> {
    typedef double Vec __attribute__((vector_size(kVectorBytes)));
    typedef double Loose __attribute__((vector_size(kVectorBytes), aligned(8), may_alias));
    typedef int64_t Bits __attribute__((vector_size(kVectorBytes)));
    typedef uint64_t Word __attribute__((vector_size(kVectorBytes)));
};
template <class T> using Vec = typename VectorTypes<T>::Vec;
template <class T> using Bits = typename VectorTypes<T>::Bits;  // a mask
template <class T> using Word = typename VectorTypes<T>::Word;  // the bits of numbers

template <class T> constexpr int kLanes = kVectorBytes / sizeof(T);

template <class T> inline Vec<T> load(const T* p) {
    return *reinterpret_cast<const typename VectorTypes<T>::Loose*>(p);
}
template <class T> inline void store(T* p, Vec<T> x) {
    *reinterpret_cast<typename VectorTypes<T>::Loose*>(p) = x;
}
template <class T> inline Vec<T> all(T value) { return value - Vec<T>{}; }  // the one that keeps -0

// Lane i holds i.
template <class T> inline Vec<T> count_up() {
    Vec<T> x;
    for (int i = 0; i < kLanes<T>; ++i) x[i] = T(i);
    return x;
}
// Of the vector that starts at column `first`: the lanes that are columns of `width`.
template <class T> inline Bits<T> inside(int first, int width) {
    return count_up<T>() < all<T>(T(width - first));
}
template <class T> inline T sum(Vec<T> x) {
    T total = 0;
    for (int i = 0; i < kLanes<T>; ++i) total += x[i];
    return total;
}
template <class T> inline T max(Vec<T> x) {
    T most = x[0];
    for (int i = 1; i < kLanes<T>; ++i) most = x[i] > most ? x[i] : most;
    return most;
}

// ---- functions of vectors -----------------------------------------------------------------------

template <class T> struct Format;
template <> struct Format<float> {
    static constexpr int digits = 23, taylor = 7, log_terms = 8;
    static constexpr uint32_t one = 0x3f800000;
    static constexpr float to_integer = 0x1.8p23f;  // adding it rounds to a whole number
    static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
    static constexpr float least_exp = -87.0f, most_tanh = 10.0f;
};
template <> struct Format<double> {
    static constexpr int digits = 52, taylor = 13, log_terms = 17;
    static constexpr uint64_t one = 0x3ff0000000000000;
    static constexpr double to_integer = 0x1.8p52;
    static constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
    static constexpr double least_exp = -708.0, most_tanh = 20.0;
};

template <class T> inline Vec<T> magnitude(Vec<T> x) { return x < 0 ? -x : x; }

// eˣ = 2ⁿ eʳ with n whole and |r| ≤ ½ ln 2, where a Taylor polynomial of eʳ - 1 is exact to the last
// digit or two. Returns 2ⁿ and eʳ - 1.
template <class T> struct Exp {
    Vec<T> power, rest;
    explicit Exp(Vec<T> x) {
        using F = Format<T>;
        const Vec<T> shifted = x * T(1.4426950408889634) + F::to_integer;
        const Vec<T> n = shifted - F::to_integer;
        const Vec<T> r = (x - n * F::ln2_high) - n * F::ln2_low;
        T factorial[F::taylor + 1] = {1};
        for (int k = 1; k <= F::taylor; ++k) factorial[k] = factorial[k - 1] * T(k);
        Vec<T> p = all<T>(1 / factorial[F::taylor]);
#pragma GCC unroll 16
        for (int k = F::taylor - 1; k >= 1; --k) p = p * r + 1 / factorial[k];
        rest = p * r;
        // The last digits of `shifted` are n: moved up, they make the exponent.
        power = (Vec<T>)(((Word<T>)shifted << F::digits) + F::one);
    }
};

// eˣ for x ≤ 0; 0 from about the least normal number on.
template <class T> inline Vec<T> exp_negative(Vec<T> x) {
    const Vec<T> least = all<T>(Format<T>::least_exp);
    const Exp<T> e(x < least ? least : x);
    return x < least ? Vec<T>{} : e.power * e.rest + e.power;
}
// eˣ - 1 for x ≤ 0.
template <class T> inline Vec<T> expm1_negative(Vec<T> x) {
    const Vec<T> least = all<T>(Format<T>::least_exp);
    const Exp<T> e(x < least ? least : x);
    return e.power * e.rest + (e.power - 1);
}
// tanh x = (e²ˣ - 1) / (e²ˣ + 1), with the sign put back at the end.
template <class T> inline Vec<T> tanh(Vec<T> x) {
    const Vec<T> most = all<T>(Format<T>::most_tanh), size = magnitude<T>(x);
    const Exp<T> e(2 * (size > most ? most : size));
    const Vec<T> m = e.power * e.rest + (e.power - 1), y = m / (m + 2);
    return x < 0 ? -y : y;
}
template <class T> inline Vec<T> sigmoid(Vec<T> x) { return T(0.5) * tanh<T>(T(0.5) * x) + T(0.5); }

// ln(1 + e) for 0 ≤ e ≤ 1, by ln((1 + s) / (1 - s)) = 2 (s + s³/3 + s⁵/5 + …) with s = e / (2 + e).
template <class T> inline Vec<T> log1p(Vec<T> e) {
    constexpr int terms = Format<T>::log_terms;
    const Vec<T> s = e / (2 + e), s2 = s * s;
    Vec<T> p = all<T>(T(1) / (2 * terms + 1));
#pragma GCC unroll 32
    for (int k = terms - 1; k >= 0; --k) p = p * s2 + T(1) / (2 * k + 1);
    return 2 * s * p;
}
// ln(1 + eˣ) = max(x, 0) + ln(1 + e^-|x|)
template <class T> inline Vec<T> softplus(Vec<T> x) {
    return (x > 0 ? x : Vec<T>{}) + log1p<T>(exp_negative<T>(-magnitude<T>(x)));
}
template <class T> inline Vec<T> erf(Vec<T> x) {
    for (int i = 0; i < kLanes<T>; ++i) x[i] = std::erf(x[i]);
    return x;
}
template <class T> inline Vec<T> root(Vec<T> x) {
    for (int i = 0; i < kLanes<T>; ++i) x[i] = std::sqrt(x[i]);
    return x;
}

// ---- transposition ------------------------------------------------------------------------------

// One stage of Eklundh's transposition: of each pair of rows h apart, the off-diagonal blocks of h
// columns change places.
template <class T, int h, int... j>
inline void swap_blocks(Vec<T>& a, Vec<T>& b, std::integer_sequence<int, j...>) {
    constexpr int L = kLanes<T>;
    const Vec<T> upper = __builtin_shufflevector(a, b, ((j & h) ? L + j - h : j)...);
    b = __builtin_shufflevector(a, b, ((j & h) ? L + j : j + h)...);
    a = upper;
}
template <class T, int h = kLanes<T> / 2> inline void transpose(Vec<T>* rows) {
    if constexpr (h > 0) {
#pragma GCC unroll 16
        for (int i = 0; i < kLanes<T>; ++i)
            if (!(i & h))
                swap_blocks<T, h>(rows[i], rows[i + h],
                                  std::make_integer_sequence<int, kLanes<T>>());
        transpose<T, h / 2>(rows);
    }
}

}  // namespace glassnet
