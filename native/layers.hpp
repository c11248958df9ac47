// What a program is made of: one struct a layer, with its way forward and its way back.
//
// A value is a row-major matrix (N, width) whose rows are padded to whole vectors. The padding may be
// anything; that of a gradient is cleared where it would reach a parameter.
#pragma once

#include <memory>

#include "elementwise.hpp"
#include "philox.hpp"
#include "rules.hpp"

namespace glassnet {

struct Value {
    int width = 0;
    bool learns = false;  // whether its gradient is of use to anyone
    int slot = 0;         // where it lies while nobody will go back: several take turns in one place
};

// What a layer needs for itself while a batch is on its way.
template <class T> struct Scratch {
    Listing rows, blocks, columns, gradients;
    bool skips = false;                  // whether there are zeros to leave out
    int quiet = 0, quiet_gradients = 0;  // batches for which nobody looks for any
    Buffer<T> a, b, zeros;  // zeros: never written
    std::vector<Buffer<T>> parts;  // one for each member of the team
};

// The memory of one batch's way through a program. Passes of their own can run at the same time.
template <class T> struct Workspace {
    std::vector<Buffer<T>> y, dy;     // by value; y by slot where there is no way back
    std::vector<Scratch<T>> scratch;  // by layer; one for all of them where there is no way back
    std::vector<int> quiet;           // what that one is to remember, by layer
    std::vector<Buffer<T>> packed;    // parameters in panels, where the program has none of its own
};

// One batch on its way.
template <class T> struct Pass {
    const std::vector<Value>& values;
    std::vector<Parameter<T>>& parameters;
    const Learning<T>& learning;
    Workspace<T>& memory;
    Team& team;
    int n = 0;
    bool training = true, skip_zeros = false;
    bool overflowed = false;  // whether a gradient beside which zeros were left out is not finite
    uint64_t seed = 0, step = 0;  // of random numbers; updates made before
    double rate = 0;
    std::vector<T*> y = {}, dy = {};
    std::vector<bool> has_dy = {};
    std::vector<const T*> w = {};     // of each parameter
    std::vector<bool> raw = {};       // whether that is NumPy's own array, not panels

    int ld(int value) const { return padded<T>(values[value].width); }
    size_t size(int value) const { return size_t(n) * ld(value); }
    // Whether a piece of work of so many operations is worth a second thread.
    bool worth(double operations) const { return team.size() > 1 && operations > 4e5; }
    // The k-th member's own memory.
    static T* part(Scratch<T>& s, int member, size_t size) {
        s.parts[member].resize(size);
        return s.parts[member].get();
    }
    // dx gets a number: the first who has one sets it, later ones add.
    bool adds_to(int value) {
        const bool adds = has_dy[value];
        has_dy[value] = true;
        return adds;
    }
    // A vector's gradient, known as a whole: it is followed now, or waits until all are known.
    void learn(int parameter, const T* gradient) {
        auto& p = parameters[parameter];
        if (!p.trained) return;
        const size_t n = p.layout.size();
        const bool at_once = learning.at_once(p);
        T* dw = p.dw.get();
        for (int i = 0; i < p.layout.columns; ++i) dw[i] = at_once ? gradient[i] : dw[i] + gradient[i];
        if (!at_once) return;
        learning.add_penalties(p, dw, 0, n);
        learning.step(p, dw, 0, n, rate, int64_t(step) + 1);
    }
};

// 0 times a finite number is 0, and a sum of zeros shows any other.
template <class T> bool is_finite(const T* x, size_t n) {
    Vec<T> zeros{};
    size_t i = 0;
    for (; i + kLanes<T> <= n; i += kLanes<T>) zeros += 0 * load(x + i);
    T rest = sum<T>(zeros);
    for (; i < n; ++i) rest += 0 * x[i];
    return rest == 0;
}

template <class T> struct Layer {
    virtual ~Layer() = default;
    virtual void forward(Pass<T>& p, Scratch<T>& s) const = 0;
    virtual void backward(Pass<T>& p, Scratch<T>& s) const = 0;
    virtual void commit(Pass<T>&, Scratch<T>&) const {}  // what changes besides parameters
};

// What an infinity left in the padding goes no further.
template <class T> void clear_padding(T* x, int ld, int n, int width) {
    if (ld == width) return;
    for (int r = 0; r < n; ++r) std::fill(x + size_t(r) * ld + width, x + size_t(r + 1) * ld, T(0));
}

// dx = or += f(i) for every vector of a value's gradient.
template <class T, class F> void set_or_add(Pass<T>& p, int value, const F& f) {
    T* dx = p.dy[value];
    const bool adds = p.adds_to(value);
    for (size_t i = 0; i < p.size(value); i += kLanes<T>)
        store(dx + i, adds ? load(dx + i) + f(i) : f(i));
}

// ---- Dense, with the activation that follows it -------------------------------------------------

template <class T> struct Dense final : Layer<T> {
    int x, y, w, b;           // b: -1 for none
    bool outside, cut;        // whether x comes from outside, or from a ReLU or a Dropout: it may be 0 often
    Activation f;
    T α;
    Layout<T> turned;         // of Wᵀ

    void forward(Pass<T>& p, Scratch<T>& s) const override {
        const Layout<T>& layout = p.parameters[w].layout;
        const int panels = int(layout.panels.size());
        const Left<T> left = rows_of_x(p, s);
        s.zeros.resize(p.ld(y));
        const T* bias = b < 0 ? s.zeros.get() : p.w[b];
        const double work = double(p.n) * layout.rows * layout.columns;
        // Few panels and many rows: the rows are split as well.
        const int splits = panels < 2 * p.team.size() && p.n >= 8 * left.block ? 4 * p.team.size() : 1;
        const int rows = rounded_up((p.n + splits - 1) / splits, left.block);
        p.team.split(panels * splits, p.worth(work), [&](int first, int last, int) {
            for (int task = first; task < last; ++task) {
                const int from = std::min(task % splits * rows, p.n), n = std::min(rows, p.n - from);
                if (n > 0) product(p, left, layout.panels[task / splits], from, n, bias);
            }
        });
    }

    void backward(Pass<T>& p, Scratch<T>& s) const override {
        if (!p.values[y].learns) return;  // it is frozen, and so is all before it
        if (f != Activation::identity) through_activation(p);
        clear_padding(p.dy[y], p.ld(y), p.n, p.values[y].width);
        if (p.values[x].learns) to_x(p, s);
        if (p.parameters[w].trained) to_parameters(p, s);
    }

private:
    using Panel = typename Layout<T>::Panel;

    static constexpr int kManyRows = 24;      // enough to hold blocks of G in registers, not rows
    static constexpr int kSomeVectors = 3;    // of a panel, for a single row to keep the machine busy
    static constexpr double kSparse = 0.6;    // a share of numbers that leaves enough zeros to skip

    // Where x can have zeros: look for them, and cut its rows so that most are left out. Layers that
    // turn out to have few are left in peace for a while.
    Left<T> rows_of_x(Pass<T>& p, Scratch<T>& s) const {
        const Layout<T>& layout = p.parameters[w].layout;
        const int vectors = layout.most_vectors, ldx = p.ld(x), k = layout.rows;
        Left<T> left{p.y[x], size_t(ldx), 1, k, block_height(p.n, vectors)};
        const bool split = p.worth(4.0 * p.size(x)), many = p.n >= kManyRows;
        // Of a narrow layer only blocks of rows are skipped, and a ReLU leaves too few zeros for these.
        s.skips = (outside || (cut && many && vectors >= kSomeVectors)) && p.skip_zeros &&
                  std::max(k, p.n) <= Listing::kMostTerms && --s.quiet < 0;
        if (!s.skips) return left;
        if (many) {
            s.rows.of_rows(p.team, split, p.y[x], ldx, p.n, k, 1);
            s.skips = s.rows.density() < kSparse;
            s.quiet = s.skips ? 0 : 16;
        }
        if (many && s.skips && vectors >= kSomeVectors) {
            left.block = 1, left.listing = &s.rows;
        } else if (s.skips) {
            s.blocks.of_rows(p.team, split, p.y[x], ldx, p.n, k, left.block);
            if (!many) s.skips = s.blocks.density() < 0.9, s.quiet = s.skips ? 0 : 16;
            if (s.skips) left.listing = &s.blocks;
        }
        return left;
    }
    void product(Pass<T>& p, const Left<T>& left, const Panel& panel, int from, int n, const T* bias) const {
        const Layout<T>& layout = p.parameters[w].layout;
        const int ldy = p.ld(y), v = panel.vectors, width = panel.width();
        const T* at_b = bias + panel.first;
        T* at_y = p.y[y] + size_t(from) * ldy + panel.first;
        if (!p.raw[w]) {
            product_panel<T>(left, from, n, p.w[w] + panel.offset, width, v, at_b, 0, at_y, ldy);
        } else {
            // NumPy's rows are as long as they are: a whole vector may reach into the next row,
            // whose numbers land in the padding, but not past the last one.
            const size_t m = layout.columns, reach = panel.first + width;
            const int safe = std::max(layout.rows - int((reach - 1) / m), 0);
            const T* at_w = p.w[w] + panel.first;
            std::vector<T> tail(size_t(layout.rows - safe) * width);
            for (int k = safe; k < layout.rows; ++k)
                std::copy_n(at_w + k * m, std::min<size_t>(width, m - panel.first), &tail[size_t(k - safe) * width]);
            Left<T> part = left;
            part.terms = safe;
            product_panel<T>(part, from, n, at_w, m, v, at_b, 0, at_y, ldy);
            part.at += safe, part.terms = layout.rows - safe;
            product_panel<T>(part, from, n, tail.data(), width, v, at_y, ldy, at_y, ldy);
        }
        if (f != Activation::identity)
            with_activation(f, [&](auto constant) {
                for (int r = 0; r < n; ++r)
                    for (T *i = at_y + size_t(r) * ldy, *end = i + width; i < end; i += kLanes<T>)
                        store(i, value<T, constant.value>(load(i), α));
            });
    }
    void through_activation(Pass<T>& p) const {
        T *dy = p.dy[y], *at = p.y[y];
        const int vectors = int(p.size(y) / kLanes<T>);
        p.team.split(vectors, p.worth(8.0 * vectors * kLanes<T>), [&](int first, int last, int) {
            with_activation(f, [&](auto constant) {
                for (size_t i = size_t(first) * kLanes<T>; i < size_t(last) * kLanes<T>; i += kLanes<T>)
                    store(dy + i, back<T, constant.value>(load(dy + i), load(at + i), Vec<T>{}, α));
            });
        });
    }
    // dx = dy Wᵀ; unless the rows are few, Wᵀ is brought into panels first.
    void to_x(Pass<T>& p, Scratch<T>& s) const {
        constexpr int kTooFew = 4;
        const Layout<T>& layout = p.parameters[w].layout;
        const bool adds = p.adds_to(x);
        if (p.n < kTooFew) {
            const int blocks = p.ld(x) / kLanes<T>;
            p.team.split(blocks, p.worth(double(p.n) * layout.rows * layout.columns), [&](int first, int last, int) {
                for (int i = first; i < last; ++i)
                    turned_product<T>(p.dy[y], p.ld(y), p.n, layout, p.w[w], i * kLanes<T>, p.dy[x], p.ld(x), adds);
            });
            return;
        }
        const int ldx = p.ld(x), ldy = p.ld(y), m = layout.columns;
        Left<T> left{p.dy[y], size_t(ldy), 1, m, block_height(p.n, turned.most_vectors)};
        // What a ReLU cut off has no gradient.
        if (f == Activation::relu && p.skip_zeros && m <= Listing::kMostTerms && p.n >= kManyRows &&
            turned.most_vectors >= kSomeVectors && --s.quiet_gradients < 0) {
            s.gradients.of_rows(p.team, p.worth(4.0 * p.size(y)), p.dy[y], ldy, p.n, m, 1);
            if (s.gradients.density() < kSparse) left.block = 1, left.listing = &s.gradients, s.quiet_gradients = 0;
            else s.quiet_gradients = 16;
        }
        s.a.resize(turned.size());
        s.zeros.resize(ldx);
        p.team.split(int(turned.panels.size()), p.worth(double(p.n) * layout.rows * m), [&](int first, int last, int) {
            transpose_panels<T>(layout, p.w[w], turned, s.a.get(), first, last);
            for (int i = first; i < last; ++i) {
                const auto& panel = turned.panels[i];
                T* dx = p.dy[x] + panel.first;
                product_panel<T>(left, 0, p.n, s.a.get() + panel.offset, panel.width(), panel.vectors,
                                 adds ? dx : s.zeros.get() + panel.first, adds ? ldx : 0, dx, ldx);
            }
        });
    }
    // dW = xᵀ dy and db, panel by panel, each followed at once where the rule allows: then no
    // gradient is ever written to memory further away than the second cache.
    void to_parameters(Pass<T>& p, Scratch<T>& s) const {
        Parameter<T>& W = p.parameters[w];
        const Layout<T>& layout = W.layout;
        const int panels = int(layout.panels.size()), k = layout.rows, ldx = p.ld(x), ldy = p.ld(y);
        const bool many = p.n >= kManyRows;
        Left<T> left{p.y[x], size_t(ldx), 1, k, block_height(p.n, layout.most_vectors)};
        if (!many && s.skips) left.listing = &s.blocks;
        if (many) {
            const bool single = s.skips && layout.most_vectors >= kSomeVectors;
            left = {p.y[x], 1, size_t(ldx), p.n, single ? 1 : block_height(k, layout.most_vectors)};
            if (s.skips) {
                s.columns.of_columns(p.team, p.worth(4.0 * p.size(x)), s.rows, p.n, k, left.block);
                left.listing = &s.columns;
            }
        }
        // Few panels and many rows: the rows of W are split as well.
        const int splits = many && panels < 2 * p.team.size() && k >= 8 * left.block ? 4 * p.team.size() : 1;
        const int stretch = rounded_up((k + splits - 1) / splits, left.block);
        const bool at_once = p.learning.at_once(W), plain = at_once && p.learning.is_plain(W);
        const int widest = layout.most_vectors * kLanes<T>;
        s.b.resize(ldy);
        p.team.split(panels * splits, p.worth(double(p.n) * k * layout.columns), [&](int first, int last, int member) {
            T* dy = Pass<T>::part(s, member, (size_t(p.n) + stretch) * widest);
            for (int task = first; task < last; ++task) {
                const Panel& panel = layout.panels[task / splits];
                const int from = std::min(task % splits * stretch, k), rows = std::min(stretch, k - from);
                const int width = panel.width();
                if (rows <= 0) continue;
                if (task == first || task % splits == 0) {
                    // The panel's columns of dy side by side; for a plain step, times -η. And their sums.
                    const T factor = plain ? T(-p.rate) : T(1);
                    Vec<T> total[kMostVectors] = {};
                    for (int r = 0; r < p.n; ++r)
                        for (int v = 0; v < panel.vectors; ++v) {
                            const Vec<T> d = load(p.dy[y] + size_t(r) * ldy + panel.first + v * kLanes<T>);
                            total[v] += d;
                            store(dy + size_t(r) * width + v * kLanes<T>, factor * d);
                        }
                    if (task % splits == 0)
                        for (int v = 0; v < panel.vectors; ++v)
                            store(s.b.get() + panel.first + v * kLanes<T>, total[v]);
                }
                const size_t offset = panel.offset + size_t(from) * width, size = size_t(rows) * width;
                T* dw = plain ? W.w.get() + offset : at_once ? dy + size_t(p.n) * widest : W.dw.get() + offset;
                const bool anew = at_once && !plain;
                if (many) {
                    product_panel<T>(left, from, rows, dy, width, panel.vectors,
                                     anew ? s.zeros.get() : dw, anew ? 0 : width, dw, width);
                } else {
                    if (anew) std::fill_n(dw, size, T(0));
                    outer_panel<T>(left, p.n, dy, width, panel.vectors, dw);
                }
                if (anew) {
                    p.learning.add_penalties(W, dw, offset, size);
                    p.learning.step(W, dw, offset, size, p.rate, int64_t(p.step) + 1);
                }
            }
        });
        // A sum of finite numbers that overflows is taken for one that shows an infinity: no harm.
        if (s.skips && !is_finite(s.b.get(), ldy)) p.overflowed = true;
        if (b >= 0) p.learn(b, s.b.get());
    }
};

// ---- an activation by itself --------------------------------------------------------------------

template <class T> struct Elementwise final : Layer<T> {
    int x, y;
    Activation f;
    T α;

    void forward(Pass<T>& p, Scratch<T>&) const override {
        with_activation(f, [&](auto constant) {
            for (size_t i = 0; i < p.size(y); i += kLanes<T>)
                store(p.y[y] + i, value<T, constant.value>(load(p.y[x] + i), α));
        });
    }
    void backward(Pass<T>& p, Scratch<T>&) const override {
        if (!p.values[x].learns) return;
        with_activation(f, [&](auto constant) {
            set_or_add(p, x, [&](size_t i) {
                return back<T, constant.value>(load(p.dy[y] + i), load(p.y[y] + i), load(p.y[x] + i), α);
            });
        });
    }
};

// yᵢ = e^xᵢ / Σⱼ e^xⱼ over groups of `group` numbers of a row.
template <class T> struct Softmax final : Layer<T> {
    int x, y, group;

    void forward(Pass<T>& p, Scratch<T>&) const override {
        each(p, [&](size_t i) {
            const T *from = p.y[x] + i;
            T *to = p.y[y] + i, most = from[0], total = 0;
            for (int j = 1; j < group; ++j) most = from[j] > most ? from[j] : most;
            for (int j = 0; j < group; ++j) total += to[j] = std::exp(from[j] - most);
            for (int j = 0; j < group; ++j) to[j] /= total;
        });
    }
    void backward(Pass<T>& p, Scratch<T>&) const override {
        if (!p.values[x].learns) return;
        const bool adds = p.adds_to(x);
        each(p, [&](size_t i) {
            const T *dy = p.dy[y] + i, *at = p.y[y] + i;
            T *dx = p.dy[x] + i, along = 0;
            for (int j = 0; j < group; ++j) along += dy[j] * at[j];
            for (int j = 0; j < group; ++j) dx[j] = (adds ? dx[j] : 0) + at[j] * (dy[j] - along);
        });
    }

private:
    template <class Work> void each(Pass<T>& p, const Work& work) const {
        for (int r = 0; r < p.n; ++r)
            for (int c = 0; c < p.values[x].width; c += group) work(size_t(r) * p.ld(x) + c);
    }
};

template <class T> struct Dropout final : Layer<T> {
    int x, y;
    uint64_t node;
    float rate;
    T keep;  // 1 / (1 - rate)

    void forward(Pass<T>& p, Scratch<T>& s) const override {
        if (!p.training) {
            std::copy_n(p.y[x], p.size(x), p.y[y]);
            return;
        }
        const int width = p.values[x].width, ld = p.ld(x);
        s.a.resize(p.size(x));
        const Philox random(p.seed, node, p.step);
        p.team.split(p.n, p.worth(8.0 * p.size(x)), [&](int first, int last, int) {
            for (int r = first; r < last; ++r) {
                T* mask = s.a.get() + size_t(r) * ld;
                random.each(uint64_t(r) * width, width, [&](int i, float u) { mask[i] = u >= rate ? keep : T(0); });
                for (int i = 0; i < ld; i += kLanes<T>)
                    store(p.y[y] + size_t(r) * ld + i, load(mask + i) * load(p.y[x] + size_t(r) * ld + i));
            }
        });
    }
    void backward(Pass<T>& p, Scratch<T>& s) const override {
        if (!p.values[x].learns) return;
        set_or_add(p, x, [&](size_t i) { return load(s.a.get() + i) * load(p.dy[y] + i); });
    }
};

// ---- norms --------------------------------------------------------------------------------------

template <class T> struct BatchNorm final : Layer<T> {
    int x, y, γ, β, mean, var;  // parameters from γ on
    bool last_use;              // whose running statistics are kept, where nodes share the layer
    double momentum;
    T ε;

    void forward(Pass<T>& p, Scratch<T>& s) const override {
        const int ld = p.ld(x), n = p.n;
        s.a.resize(p.size(x));              // z
        s.b.resize(size_t(5) * ld);         // σ, μ, var, dγ, dβ
        T *σ = s.b.get(), *μ = σ + ld, *of_batch = μ + ld;
        for (int v = 0; v < ld; v += kLanes<T>) {
            Vec<T> m{}, q{};
            if (p.training && p.parameters[γ].trained) {
                for (int r = 0; r < n; ++r) m += load(p.y[x] + size_t(r) * ld + v);
                m /= T(n);
                for (int r = 0; r < n; ++r) {
                    const Vec<T> e = load(p.y[x] + size_t(r) * ld + v) - m;
                    q += e * e;
                }
                q /= T(n);
            } else {
                m = load(p.w[mean] + v), q = load(p.w[var] + v);
            }
            const Vec<T> spread = root<T>(q + ε);
            store(μ + v, m), store(of_batch + v, q), store(σ + v, spread);
            for (int r = 0; r < n; ++r) {
                const size_t i = size_t(r) * ld + v;
                const Vec<T> z = (load(p.y[x] + i) - m) / spread;
                store(s.a.get() + i, z);
                store(p.y[y] + i, load(p.w[γ] + v) * z + load(p.w[β] + v));
            }
        }
    }
    void backward(Pass<T>& p, Scratch<T>& s) const override {
        if (!p.values[y].learns) return;
        const int ld = p.ld(x), n = p.n;
        const T *z = s.a.get(), *σ = s.b.get();
        T *dγ = s.b.get() + 3 * size_t(ld), *dβ = dγ + ld;
        const bool learns = p.values[x].learns, adds = learns && p.adds_to(x), moves = p.parameters[γ].trained;
        for (int v = 0; v < ld; v += kLanes<T>) {
            Vec<T> dy_z{}, dy_sum{};
            for (int r = 0; r < n; ++r) {
                const Vec<T> dy = load(p.dy[y] + size_t(r) * ld + v);
                dy_z += dy * load(z + size_t(r) * ld + v);
                dy_sum += dy;
            }
            store(dγ + v, dy_z), store(dβ + v, dy_sum);
            const Vec<T> slope = load(p.w[γ] + v) / load(σ + v), through_μ = dy_sum / T(n), through_σ = dy_z / T(n);
            for (int r = 0; learns && r < n; ++r) {
                const size_t i = size_t(r) * ld + v;
                Vec<T> dx = load(p.dy[y] + i);
                if (moves) dx = dx - through_μ - load(z + i) * through_σ;
                dx = slope * dx;
                store(p.dy[x] + i, adds ? load(p.dy[x] + i) + dx : dx);
            }
        }
        p.learn(γ, dγ);
        p.learn(β, dβ);
    }
    void commit(Pass<T>& p, Scratch<T>& s) const override {
        if (!last_use || p.n < 2 || !p.parameters[γ].trained) return;  // one row says nothing of the spread
        const int ld = p.ld(x);
        const T old = T(momentum), fresh = T(1 - momentum), unbiased = T(double(p.n) / (p.n - 1));
        T *running_mean = p.parameters[mean].w.get(), *running_var = p.parameters[var].w.get();
        const T *μ = s.b.get() + ld, *of_batch = μ + ld;
        for (int i = 0; i < p.values[x].width; ++i) {
            running_mean[i] = old * running_mean[i] + fresh * μ[i];
            running_var[i] = old * running_var[i] + fresh * of_batch[i] * unbiased;
        }
    }
};

template <class T> struct LayerNorm final : Layer<T> {
    int x, y, γ, β;
    T ε;

    void forward(Pass<T>& p, Scratch<T>& s) const override {
        const int ld = p.ld(x), width = p.values[x].width;
        s.a.resize(p.size(x));  // z
        s.b.resize(p.n);        // σ
        for (int r = 0; r < p.n; ++r) {
            const T* row = p.y[x] + size_t(r) * ld;
            Vec<T> total{}, squares{};
            for (int v = 0; v < width; v += kLanes<T>) total += inside<T>(v, width) ? load(row + v) : Vec<T>{};
            const T μ = sum<T>(total) / T(width);
            for (int v = 0; v < width; v += kLanes<T>) {
                const Vec<T> e = inside<T>(v, width) ? load(row + v) - μ : Vec<T>{};
                squares += e * e;
            }
            const T σ = s.b.get()[r] = std::sqrt(sum<T>(squares) / T(width) + ε);
            for (int v = 0; v < ld; v += kLanes<T>) {
                const Vec<T> z = inside<T>(v, width) ? (load(row + v) - μ) / σ : Vec<T>{};
                store(s.a.get() + size_t(r) * ld + v, z);
                store(p.y[y] + size_t(r) * ld + v, load(p.w[γ] + v) * z + load(p.w[β] + v));
            }
        }
    }
    void backward(Pass<T>& p, Scratch<T>& s) const override {
        if (!p.values[y].learns) return;
        const int ld = p.ld(x), width = p.values[x].width;
        const bool learns = p.values[x].learns, adds = learns && p.adds_to(x);
        s.parts[0].resize(2 * size_t(ld));
        T *dγ = s.parts[0].get(), *dβ = dγ + ld;
        std::fill_n(dγ, 2 * ld, T(0));
        for (int r = 0; r < p.n; ++r) {
            const T *dy = p.dy[y] + size_t(r) * ld, *z = s.a.get() + size_t(r) * ld;
            Vec<T> g_sum{}, g_z{};
            for (int v = 0; v < ld; v += kLanes<T>) {
                const Vec<T> d = load(dy + v), g = load(p.w[γ] + v) * d;
                store(dγ + v, load(dγ + v) + d * load(z + v));
                store(dβ + v, load(dβ + v) + d);
                g_sum += g, g_z += g * load(z + v);  // γ is 0 in the padding
            }
            if (!learns) continue;
            const T through_μ = sum<T>(g_sum) / T(width), through_σ = sum<T>(g_z) / T(width), σ = s.b.get()[r];
            for (int v = 0; v < ld; v += kLanes<T>) {
                const Vec<T> g = load(p.w[γ] + v) * load(dy + v);
                const Vec<T> dx = inside<T>(v, width) ? (g - through_μ - load(z + v) * through_σ) / σ : Vec<T>{};
                T* at = p.dy[x] + size_t(r) * ld + v;
                store(at, adds ? load(at) + dx : dx);
            }
        }
        p.learn(γ, dγ);
        p.learn(β, dβ);
    }
};

template <class T> struct Standardize final : Layer<T> {
    int x, y, mean, std;

    void forward(Pass<T>& p, Scratch<T>&) const override {
        const int ld = p.ld(x);
        for (int r = 0; r < p.n; ++r)
            for (int v = 0; v < ld; v += kLanes<T>) {
                const size_t i = size_t(r) * ld + v;
                const Vec<T> z = (load(p.y[x] + i) - load(p.w[mean] + v)) / load(p.w[std] + v);
                store(p.y[y] + i, inside<T>(v, p.values[x].width) ? z : Vec<T>{});
            }
    }
    void backward(Pass<T>& p, Scratch<T>&) const override {
        if (!p.values[x].learns) return;
        const int ld = p.ld(x);
        set_or_add(p, x, [&](size_t i) {
            const int v = int(i % ld);
            return inside<T>(v, p.values[x].width) ? load(p.dy[y] + i) / load(p.w[std] + v) : Vec<T>{};
        });
    }
};

// ---- where branches meet ------------------------------------------------------------------------

template <class T> struct Add final : Layer<T> {
    std::vector<int> xs;
    int y;

    void forward(Pass<T>& p, Scratch<T>&) const override {
        for (size_t i = 0; i < p.size(y); i += kLanes<T>) {
            Vec<T> total = load(p.y[xs[0]] + i);
            for (size_t j = 1; j < xs.size(); ++j) total += load(p.y[xs[j]] + i);
            store(p.y[y] + i, total);
        }
    }
    void backward(Pass<T>& p, Scratch<T>&) const override {
        for (int x : xs)
            if (p.values[x].learns) set_or_add(p, x, [&](size_t i) { return load(p.dy[y] + i); });
    }
};

// `parts` numbers of each input in turn, as often as fills a row.
template <class T> struct Concatenate final : Layer<T> {
    std::vector<int> xs, parts;
    int y;

    void forward(Pass<T>& p, Scratch<T>&) const override {
        each(p, [&](int, T* of_x, T* of_y, int part) { std::copy_n(of_x, part, of_y); }, p.y);
    }
    void backward(Pass<T>& p, Scratch<T>&) const override {
        std::vector<bool> adds(xs.size());
        for (size_t j = 0; j < xs.size(); ++j) adds[j] = p.values[xs[j]].learns && p.adds_to(xs[j]);
        each(p, [&](int j, T* of_x, T* of_y, int part) {
            if (p.values[xs[j]].learns)
                for (int i = 0; i < part; ++i) of_x[i] = (adds[j] ? of_x[i] : 0) + of_y[i];
        }, p.dy);
    }

private:
    template <class Work> void each(Pass<T>& p, const Work& work, const std::vector<T*>& of) const {
        for (int r = 0; r < p.n; ++r) {
            T* at = of[y] + size_t(r) * p.ld(y);
            for (int group = 0; group * parts[0] < p.values[xs[0]].width; ++group)
                for (size_t j = 0; j < xs.size(); at += parts[j], ++j)
                    work(int(j), of[xs[j]] + size_t(r) * p.ld(xs[j]) + group * parts[j], at, parts[j]);
        }
    }
};

}  // namespace glassnet
