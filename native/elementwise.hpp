// Activations and losses, number by number. The derivations are beside their twins in
// src/glassnet/nn/layers/activations.py and nn/losses.py; the letters are the same.
#pragma once

#include "codes.hpp"
#include "vec.hpp"

namespace glassnet {

// Those whose slope can be told from y alone need not keep x.
constexpr bool slope_from_y(Activation f) { return f <= Activation::elu; }

// Call work(f) with the activation as a constant, so that no vector asks which one it is.
template <class Work> void with_activation(Activation f, const Work& work) {
    switch (f) {
#define GLASSNET_CASE(entry, name) \
    case Activation::entry: work(std::integral_constant<Activation, Activation::entry>()); break;
        GLASSNET_ACTIVATIONS(GLASSNET_CASE)
#undef GLASSNET_CASE
    }
}

// y = f(x); α is the slope of LeakyReLU, or the floor of ELU.
template <class T, Activation f> inline Vec<T> value(Vec<T> x, [[maybe_unused]] T α) {
    using A = Activation;
    if constexpr (f == A::sigmoid) return sigmoid<T>(x);
    else if constexpr (f == A::tanh) return tanh<T>(x);
    else if constexpr (f == A::relu) return x < 0 ? Vec<T>{} : x;  // NaN stays
    else if constexpr (f == A::leaky_relu) return x > 0 ? x : α * x;
    else if constexpr (f == A::elu) return x > 0 ? x : α * expm1_negative<T>(x);
    else if constexpr (f == A::gelu) return x * (T(0.5) * (1 + erf<T>(x * T(0.7071067811865476))));
    else if constexpr (f == A::silu) return x * sigmoid<T>(x);
    else if constexpr (f == A::softplus) return softplus<T>(x);
    else return x;
}

// dy · f'(x); x is read only where the slope cannot be told from y.
template <class T, Activation f>
inline Vec<T> back(Vec<T> dy, [[maybe_unused]] Vec<T> y, [[maybe_unused]] Vec<T> x, [[maybe_unused]] T α) {
    using A = Activation;
    const Vec<T> one = all<T>(1), none{};
    if constexpr (f == A::sigmoid) return dy * y * (1 - y);
    else if constexpr (f == A::tanh) return dy * (1 - y * y);
    else if constexpr (f == A::relu) return dy * (y > 0 ? one : none);
    else if constexpr (f == A::leaky_relu) return y > 0 ? dy : α * dy;
    else if constexpr (f == A::elu) return y > 0 ? dy : dy * (y + α);
    else if constexpr (f == A::gelu) {
        const Vec<T> Φ = T(0.5) * (1 + erf<T>(x * T(0.7071067811865476)));
        return dy * (Φ + x * exp_negative<T>(T(-0.5) * x * x) * T(0.3989422804014327));
    } else if constexpr (f == A::silu) {
        const Vec<T> s = sigmoid<T>(x);
        return dy * (s + x * s * (1 - s));
    } else if constexpr (f == A::softplus) return dy * sigmoid<T>(x);
    else return dy;
}

// ---- losses -------------------------------------------------------------------------------------

// One row of a loss: returns l, and writes dy = dl · ∂l/∂y over y's padded width; t holds M numbers
// or, where `label` is not negative, is not read: the target is that class.
template <class T>
T loss_row(LossKind kind, T δ, int width, const T* y, const T* t, int64_t label, T dl, T* dy) {
    constexpr int L = kLanes<T>;
    const bool whole = kind == LossKind::half_squared || kind == LossKind::sigmoid_ce;
    const T share = whole ? T(1) : T(1) / width;
    const Vec<T> none{}, one = all<T>(1);
    const auto targets = [&](int m) {
        if (label >= 0) return count_up<T>() == all<T>(T(label - m)) ? one : none;
        if (width - m >= L) return load(t + m);
        Vec<T> v{};
        for (int i = 0; i < width - m; ++i) v[i] = t[m + i];
        return v;
    };
    if (kind == LossKind::softmax_ce) {
        const Vec<T> low = all<T>(-std::numeric_limits<T>::infinity());
        Vec<T> most = low, total{}, of_t{}, t_s{};
        for (int m = 0; m < width; m += L) {
            const Vec<T> x = inside<T>(m, width) ? load(y + m) : low;
            most = x > most ? x : most;
        }
        const T top = max<T>(most);
        for (int m = 0; m < width; m += L) {
            const Bits<T> in = inside<T>(m, width);
            const Vec<T> s = load(y + m) - top, e = in ? exp_negative<T>(s) : none;
            total += e;
            store(dy + m, e);
            const Vec<T> tm = targets(m);
            of_t += tm;
            // Of a class the logit alone counts: where it is not its own, s may be -∞.
            t_s += label >= 0 ? (tm > 0 ? s : none) : (in ? tm * s : none);
        }
        const T all_e = sum<T>(total), all_t = sum<T>(of_t);
        const T scale = dl * all_t / all_e;
        for (int m = 0; m < width; m += L) store(dy + m, load(dy + m) * scale - dl * targets(m));
        return all_t * std::log(all_e) - sum<T>(t_s);
    }
    Vec<T> l{};
    for (int m = 0; m < width; m += L) {
        const Bits<T> in = inside<T>(m, width);
        const Vec<T> x = load(y + m), tm = targets(m), e = x - tm, size = magnitude<T>(e);
        Vec<T> lm, slope;
        switch (kind) {
        case LossKind::mean_squared: lm = e * e, slope = 2 * e; break;
        case LossKind::half_squared: lm = e * e, slope = e; break;
        case LossKind::mean_absolute:
            lm = size, slope = e > 0 ? one : e < 0 ? -one : e * 0;
            break;
        case LossKind::huber: {
            const Vec<T> c = size > δ ? all<T>(δ) : size;
            lm = T(0.5) * c * (2 * size - c), slope = e < 0 ? -c : c;
            break;
        }
        default:  // the cross-entropy of a sigmoid
            lm = softplus<T>(x) - tm * x, slope = sigmoid<T>(x) - tm;
        }
        l += in ? lm : none;
        store(dy + m, in ? dl * share * slope : none);
    }
    return (kind == LossKind::half_squared ? T(0.5) : share) * sum<T>(l);
}

}  // namespace glassnet
