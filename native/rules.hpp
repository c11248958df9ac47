// The rules that move parameters: penalties, clipping, optimisers. The derivations are beside their
// twins in src/glassnet/optim; the letters are the same.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "codes.hpp"
#include "matrix.hpp"

namespace glassnet {

template <class T> struct Penalty {
    PenaltyKind kind;
    T number;

    // dw += dR/dw
    void add_gradient(const T* __restrict w, T* __restrict dw, size_t n) const {
        const T λ = number;
        if (kind == PenaltyKind::l2)
            for (size_t i = 0; i < n; ++i) dw[i] += λ * w[i];
        if (kind == PenaltyKind::l1)  // λ times the sign; of 0 none, of NaN NaN
            for (size_t i = 0; i < n; ++i)
                dw[i] += λ * (w[i] > 0 ? T(1) : w[i] < 0 ? T(-1) : w[i] == 0 ? T(0) : w[i]);
    }
    // Bring the columns of w back to a norm of at most `number`.
    void project(T* w, const Layout<T>& layout) const {
        if (kind != PenaltyKind::max_norm) return;
        for (const auto& panel : layout.panels)
            for (int v = 0; v < panel.width(); v += kLanes<T>) {
                T* column = w + panel.offset + v;
                Vec<T> squares{};
                for (int k = 0; k < layout.rows; ++k) {
                    const Vec<T> x = load(column + size_t(k) * panel.width());
                    squares += x * x;
                }
                const Vec<T> norm = root<T>(squares), limit = all<T>(number);
                const Vec<T> factor = limit / (norm < limit ? limit : norm);
                for (int k = 0; k < layout.rows; ++k) {
                    T* at = column + size_t(k) * panel.width();
                    store(at, load(at) * factor);
                }
            }
    }
};

// An optimiser at one step: how w and its state (`a`, and for Adam `b`) follow dw.
template <class T> struct Rule {
    RuleKind kind = RuleKind::sgd;
    double mu = 0;                 // momentum, or the decay of RMSprop
    double beta1 = 0, beta2 = 0, epsilon = 0, weight_decay = 0;

    int slots() const {
        return kind == RuleKind::sgd ? 0 : kind == RuleKind::adam || kind == RuleKind::adamw ? 2 : 1;
    }
    void update(T* __restrict w, const T* __restrict dw, T* __restrict a, T* __restrict b, size_t n,
                double rate, int64_t step) const {
        const T η = T(rate), μ = T(mu), ν = T(1 - mu), ε = T(epsilon);
        switch (kind) {
        case RuleKind::sgd:
            for (size_t i = 0; i < n; ++i) w[i] -= η * dw[i];
            break;
        case RuleKind::momentum:
            for (size_t i = 0; i < n; ++i) {
                a[i] = μ * a[i] + dw[i];
                w[i] -= η * a[i];
            }
            break;
        case RuleKind::nesterov:
            for (size_t i = 0; i < n; ++i) {
                a[i] = μ * a[i] + dw[i];
                w[i] -= η * (dw[i] + μ * a[i]);
            }
            break;
        case RuleKind::rmsprop:
            for (size_t i = 0; i < n; ++i) {
                a[i] = μ * a[i] + ν * dw[i] * dw[i];
                w[i] -= η * dw[i] / (std::sqrt(a[i]) + ε);
            }
            break;
        case RuleKind::adagrad:
            for (size_t i = 0; i < n; ++i) {
                a[i] += dw[i] * dw[i];
                w[i] -= η * dw[i] / (std::sqrt(a[i]) + ε);
            }
            break;
        case RuleKind::adam:
        case RuleKind::adamw: {
            const double c1 = 1 - std::pow(beta1, double(step));
            const double root_c2 = std::sqrt(1 - std::pow(beta2, double(step)));
            const T β1 = T(beta1), γ1 = T(1 - beta1), β2 = T(beta2), γ2 = T(1 - beta2);
            const T factor = T(rate * root_c2 / c1), floor = T(epsilon * root_c2);
            const T keep = kind == RuleKind::adamw ? T(1 - rate * weight_decay) : T(1);
            for (size_t i = 0; i < n; ++i) {
                a[i] = β1 * a[i] + γ1 * dw[i];
                b[i] = β2 * b[i] + γ2 * dw[i] * dw[i];
                w[i] = keep * w[i] - factor * a[i] / (std::sqrt(b[i]) + floor);
            }
        }
        }
    }
};

// One array that the network computes with: W in panels, or a vector of b, γ, β, mean, ….
template <class T> struct Parameter {
    Layout<T> layout;
    bool trained = false;
    int uses = 0;                        // nodes that share it
    std::vector<Penalty<T>> penalties;
    std::vector<T*> outside;             // NumPy's array, and those of the optimiser's state
    Buffer<T> w, dw, slots[2];

    bool is_matrix() const { return layout.rows > 1; }
    T* slot(int i, size_t offset) { return slots[i].get() ? slots[i].get() + offset : nullptr; }
};

template <class T> struct Learning {
    Rule<T> rule;
    ClippingKind clipping = ClippingKind::none;
    double limit = 0;

    // Whether w can follow dw a part at a time, as soon as that part of dw is known.
    bool at_once(const Parameter<T>& p) const {
        bool whole = p.uses > 1 || clipping == ClippingKind::norm;
        for (const auto& penalty : p.penalties) whole |= penalty.kind == PenaltyKind::max_norm;
        return !whole;
    }
    // Whether the step is -η dw and nothing else, so that it can be added straight into w.
    bool is_plain(const Parameter<T>& p) const {
        return rule.kind == RuleKind::sgd && clipping == ClippingKind::none && p.penalties.empty();
    }
    void add_penalties(Parameter<T>& p, T* dw, size_t offset, size_t n) const {
        for (const auto& penalty : p.penalties) penalty.add_gradient(p.w.get() + offset, dw, n);
    }
    // One step for the `n` numbers of p from `offset` on, whose gradient is dw.
    void step(Parameter<T>& p, T* dw, size_t offset, size_t n, double rate, int64_t count) const {
        if (clipping == ClippingKind::value) {
            const T most = T(limit);
            for (size_t i = 0; i < n; ++i) {
                const T x = dw[i] > most ? most : dw[i];
                dw[i] = x < -most ? -most : x;
            }
        }
        rule.update(p.w.get() + offset, dw, p.slot(0, offset), p.slot(1, offset), n, rate, count);
    }
    // What is left where steps were not made at once: clipping by the norm of all, then the steps.
    void finish(std::vector<Parameter<T>>& parameters, double rate, int64_t count) const {
        for (auto& p : parameters)
            if (waits(p)) add_penalties(p, p.dw.get(), 0, p.layout.size());
        if (clipping == ClippingKind::norm) shorten(parameters);
        for (auto& p : parameters)
            if (waits(p)) {
                step(p, p.dw.get(), 0, p.layout.size(), rate, count);
                for (const auto& penalty : p.penalties) penalty.project(p.w.get(), p.layout);
            }
    }
    bool waits(const Parameter<T>& p) const { return p.trained && p.uses && !at_once(p); }

private:
    // All gradients as one long vector, measured in units of its largest number, whose square may
    // be too large; what is not finite stays as it is.
    void shorten(std::vector<Parameter<T>>& parameters) const {
        T unit = 0;
        for (auto& p : parameters)
            if (waits(p))
                for (size_t i = 0; i < p.layout.size(); ++i) {
                    const T size = std::abs(p.dw.get()[i]);
                    if (!(size <= unit)) unit = size;
                    if (unit != unit) return;
                }
        if (!(unit > 0 && unit < std::numeric_limits<T>::infinity())) return;
        double squares = 0;
        for (auto& p : parameters)
            if (waits(p))
                for (size_t i = 0; i < p.layout.size(); ++i) {
                    const double x = double(p.dw.get()[i]) / double(unit);
                    squares += x * x;
                }
        const double units = std::sqrt(squares);
        if (units * double(unit) <= limit) return;
        const T factor = T(limit / units);
        for (auto& p : parameters)
            if (waits(p))
                for (size_t i = 0; i < p.layout.size(); ++i) p.dw.get()[i] = p.dw.get()[i] / unit * factor;
    }
};

}  // namespace glassnet
