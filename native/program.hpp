// A program: one network with its losses and rules, ready to be run batch after batch.
//
// How a batch flows (`train`): gather its rows, every layer forward, the losses and their gradients,
// every layer back, each parameter following its gradient on the way; nothing returns to Python
// before the last batch of a chunk.
#pragma once

#include <memory>
#include <mutex>
#include <stdexcept>

#include "layers.hpp"

namespace glassnet {

// Rows as NumPy has them: numbers of the program's precision, or bytes that become numbers.
struct Rows {
    const void* data;
    double unit;  // what a byte 1 is worth; 0 for numbers
};

struct Training {
    std::vector<Rows> inputs;
    std::vector<const void*> targets;  // of each loss
    std::vector<bool> classes;         // whether they are class indices, int64, in place of numbers
    const void* weights;               // one number a row, or null
    const int64_t* order;              // the rows of all batches, one after the other
    int64_t rows, batch;               // how many rows that is, and how many make a batch
    const double* rates;
    int64_t step;                      // updates made before
    uint64_t seed;
    double* losses;
};

class AnyProgram {
public:
    virtual ~AnyProgram() = default;
    // Train on each batch; returns how many were done: a loss that is not finite is the last.
    virtual int64_t train(const Training& training) = 0;
    virtual bool infer(const std::vector<Rows>& inputs, int64_t rows, const std::vector<void*>& outputs) = 0;
    virtual const std::vector<int>& input_widths() const = 0;
    virtual const std::vector<int>& output_widths() const = 0;
    virtual const std::vector<int>& target_widths() const = 0;
    virtual std::vector<size_t> array_sizes() const = 0;
    virtual void attach(const std::vector<void*>& arrays) = 0;
    virtual size_t item_size() const = 0;
};

// The words and numbers that src/glassnet/engines/lowering.py wrote, in the same order.
class Reader {
public:
    Reader(const int64_t* words, size_t word_count, const double* numbers, size_t number_count)
        : words_(words), words_end_(words + word_count), numbers_(numbers), numbers_end_(numbers + number_count) {}
    int64_t word() {
        if (words_ == words_end_) throw std::invalid_argument("a program ends too early");
        return *words_++;
    }
    int id(size_t count) {  // of something of which there are so many
        const int64_t i = word();
        if (i < 0 || size_t(i) >= count) throw std::invalid_argument("a program names what it does not have");
        return int(i);
    }
    double number() {
        if (numbers_ == numbers_end_) throw std::invalid_argument("a program ends too early");
        return *numbers_++;
    }
    int size() {  // of something that has one number or more
        const int64_t n = word();
        expect(n > 0 && n <= kMostNumbers);
        return int(n);
    }
    int64_t many() {  // of something of which there may be none
        const int64_t n = word();
        expect(n >= 0 && n <= words_end_ - words_);
        return n;
    }
    template <class Kind> Kind kind() {
        const int64_t k = word();
        expect(k >= 0 && k < Codes<Kind>::count);
        return Kind(k);
    }
    static void expect(bool holds) {
        if (!holds) throw std::invalid_argument("a program does not fit together");
    }
    void expect_end() const {
        if (words_ != words_end_ || numbers_ != numbers_end_) throw std::invalid_argument("a program is too long");
    }

private:
    static constexpr int64_t kMostNumbers = int64_t(1) << 30;
    const int64_t *words_, *words_end_;
    const double *numbers_, *numbers_end_;
};

constexpr int kFewRows = 8;       // so few are answered without bringing the weights into panels
constexpr int kRowsAtOnce = 256;  // of many, so many go through all layers before the next,
constexpr size_t kBytesAtOnce = size_t(64) << 20;  // or fewer, where their values need more than this

template <class T> class Program final : public AnyProgram {
public:
    explicit Program(Reader& in) : team_(std::min(in.size(), 256)) {
        read_values(in);
        read_rules(in);
        read_layers(in);
        read_losses(in);
        in.expect_end();
        for (auto& p : parameters_)
            if (!losses_.empty()) p.dw.resize(p.layout.size());
    }

    int64_t train(const Training& t) override {
        std::lock_guard lock(running_);
        reserve(memory_, int(std::min(t.batch, t.rows)), true);
        enter();
        // What is 0 is left out of sums, which only shows beside what is not finite: if anything
        // becomes so, all is done again with everything in its sum.
        bool skip_zeros = all_finite();
        int64_t done = run(t, skip_zeros);
        if (skip_zeros && (overflowed_ || !all_finite())) enter(), done = run(t, false);
        leave();
        return done;
    }

    bool infer(const std::vector<Rows>& inputs, int64_t rows, const std::vector<void*>& outputs) override {
        std::unique_ptr<Workspace<T>> lead = borrow();
        const bool raw = rows < kFewRows;
        std::vector<const T*> w(parameters_.size());
        std::vector<bool> is_raw(parameters_.size());
        bool finite = true;
        for (size_t i = 0; i < parameters_.size(); ++i) {
            const Parameter<T>& p = parameters_[i];
            is_raw[i] = raw && p.is_matrix();
            if (is_raw[i]) {
                w[i] = p.outside[0];
                continue;
            }
            lead->packed[i].resize(p.layout.size());
            p.layout.pack(p.outside[0], lead->packed[i].get());
            w[i] = lead->packed[i].get();
            finite &= is_finite(w[i], p.layout.size());
        }
        const auto answer = [&](Workspace<T>& memory, int64_t first, int n) {
            static Team alone(1);
            reserve(memory, n, false);
            Pass<T> p = begin(memory, alone, false);
            p.n = n, p.w = w, p.raw = is_raw, p.skip_zeros = finite && !raw;
            take(p, inputs, first);
            Scratch<T>& scratch = memory.scratch[0];
            for (size_t i = 0; i < layers_.size(); ++i) {
                scratch.quiet = memory.quiet[i];
                layers_[i]->forward(p, scratch);
                memory.quiet[i] = scratch.quiet;
            }
            for (size_t i = 0; i < outputs.size(); ++i) {
                const int width = values_[outputs_[i]].width, ld = p.ld(outputs_[i]);
                T* to = static_cast<T*>(outputs[i]) + size_t(first) * width;
                for (int r = 0; r < n; ++r)
                    std::copy_n(p.y[outputs_[i]] + size_t(r) * ld, width, to + size_t(r) * width);
            }
        };
        const int64_t at_once = rows_at_once();
        const int parts = int((rows + at_once - 1) / at_once);
        const auto some = [&](int from, int to, int member) {
            std::unique_ptr<Workspace<T>> own = member ? borrow() : nullptr;
            for (int part = from; part < to; ++part)
                answer(own ? *own : *lead, part * at_once, int(std::min(at_once, rows - part * at_once)));
            if (own) give_back(std::move(own));
        };
        std::unique_lock free(running_, std::defer_lock);
        if (parts > 1 && free.try_lock()) team_.split(parts, true, some);
        else some(0, parts, 0);
        give_back(std::move(lead));
        bool well = true;
        for (size_t i = 0; i < outputs.size(); ++i)
            well &= is_finite(static_cast<const T*>(outputs[i]), size_t(rows) * values_[outputs_[i]].width);
        return well;
    }

    const std::vector<int>& input_widths() const override { return input_widths_; }
    const std::vector<int>& output_widths() const override { return output_widths_; }
    const std::vector<int>& target_widths() const override { return target_widths_; }
    std::vector<size_t> array_sizes() const override {
        std::vector<size_t> sizes;
        for (const auto& p : parameters_)
            for (int i = 0; i <= (p.trained ? learning_.rule.slots() : 0); ++i)
                sizes.push_back(size_t(p.layout.rows) * p.layout.columns);
        return sizes;
    }
    void attach(const std::vector<void*>& arrays) override {
        size_t next = 0;
        for (auto& p : parameters_)
            for (int i = 0; i <= (p.trained ? learning_.rule.slots() : 0); ++i)
                p.outside.push_back(static_cast<T*>(arrays[next++]));
    }
    size_t item_size() const override { return sizeof(T); }

private:
    struct Loss {
        LossKind kind;
        int value;
        T δ;
    };

    // ---- reading a program ----------------------------------------------------------------------

    void read_values(Reader& in) {
        values_.resize(size_t(in.many()));
        for (auto& v : values_) v.width = in.size(), v.learns = in.word(), v.slot = in.id(values_.size());
        slots_.resize(values_.size());
        for (auto& v : values_) slots_[v.slot] = std::max(slots_[v.slot], padded<T>(v.width));
        while (!slots_.empty() && !slots_.back()) slots_.pop_back();
        parameters_.resize(size_t(in.many()));
        for (auto& p : parameters_) {
            const int rows = in.size(), columns = in.size();
            p.layout = Layout<T>(rows, columns);
            p.trained = in.word();
            for (auto left = in.many(); left > 0; --left)
                p.penalties.push_back({in.kind<PenaltyKind>(), T(in.number())});
        }
        for (auto left = in.many(); left > 0; --left) {
            inputs_.push_back(in.id(values_.size()));
            input_widths_.push_back(values_[inputs_.back()].width);
        }
        for (auto left = in.many(); left > 0; --left) {
            outputs_.push_back(in.id(values_.size()));
            output_widths_.push_back(values_[outputs_.back()].width);
        }
    }
    void read_rules(Reader& in) {
        auto& rule = learning_.rule;
        rule.kind = in.kind<RuleKind>();
        rule.mu = in.number(), rule.beta1 = in.number(), rule.beta2 = in.number();
        rule.epsilon = in.number(), rule.weight_decay = in.number();
        learning_.clipping = in.kind<ClippingKind>();
        learning_.limit = in.number();
    }
    void read_layers(Reader& in) {
        const auto value = [&] { return in.id(values_.size()); };
        const auto parameter = [&] {
            const int i = in.id(parameters_.size());
            ++parameters_[i].uses;
            return i;
        };
        const auto width = [&](int v) { return values_[v].width; };
        const auto same = [&](int v, std::initializer_list<int> vectors) {
            for (int i : vectors)
                in.expect(parameters_[i].layout.rows == 1 && parameters_[i].layout.columns == width(v));
        };
        for (auto left = in.many(); left > 0; --left) {
            switch (in.kind<Code>()) {
            case Code::dense: {
                auto& l = make<Dense<T>>();
                l.x = value(), l.y = value(), l.w = parameter(), l.b = in.word() ? parameter() : -1;
                l.outside = in.word(), l.cut = in.word(), l.f = in.kind<Activation>(), l.α = T(in.number());
                const auto& layout = parameters_[l.w].layout;
                in.expect(layout.rows == width(l.x) && layout.columns == width(l.y) && slope_from_y(l.f));
                if (l.b >= 0) same(l.y, {l.b});
                l.turned = Layout<T>(layout.columns, layout.rows);
                break;
            }
            case Code::elementwise: {
                auto& l = make<Elementwise<T>>();
                l.x = value(), l.y = value(), l.f = in.kind<Activation>(), l.α = T(in.number());
                in.expect(width(l.x) == width(l.y));
                break;
            }
            case Code::softmax: {
                auto& l = make<Softmax<T>>();
                l.x = value(), l.y = value(), l.group = in.size();
                in.expect(width(l.x) == width(l.y) && width(l.x) % l.group == 0);
                break;
            }
            case Code::dropout: {
                auto& l = make<Dropout<T>>();
                l.x = value(), l.y = value(), l.node = uint64_t(in.word());
                const double rate = in.number();
                in.expect(width(l.x) == width(l.y));
                l.rate = float(rate), l.keep = T(1 / (1 - rate));
                break;
            }
            case Code::batch_norm: {
                auto& l = make<BatchNorm<T>>();
                l.x = value(), l.y = value(), l.γ = parameter(), l.β = parameter(), l.mean = parameter();
                l.var = parameter(), l.last_use = in.word(), l.momentum = in.number(), l.ε = T(in.number());
                in.expect(width(l.x) == width(l.y)), same(l.x, {l.γ, l.β, l.mean, l.var});
                break;
            }
            case Code::layer_norm: {
                auto& l = make<LayerNorm<T>>();
                l.x = value(), l.y = value(), l.γ = parameter(), l.β = parameter(), l.ε = T(in.number());
                in.expect(width(l.x) == width(l.y)), same(l.x, {l.γ, l.β});
                break;
            }
            case Code::standardize: {
                auto& l = make<Standardize<T>>();
                l.x = value(), l.y = value(), l.mean = parameter(), l.std = parameter();
                in.expect(width(l.x) == width(l.y)), same(l.x, {l.mean, l.std});
                break;
            }
            case Code::add: {
                auto& l = make<Add<T>>();
                for (auto count = in.many(); count > 0; --count) l.xs.push_back(value());
                l.y = value();
                in.expect(!l.xs.empty());
                for (int x : l.xs) in.expect(width(x) == width(l.y));
                break;
            }
            case Code::concatenate: {
                auto& l = make<Concatenate<T>>();
                for (auto count = in.many(); count > 0; --count) l.xs.push_back(value()), l.parts.push_back(in.size());
                l.y = value();
                in.expect(!l.xs.empty());
                const int64_t groups = width(l.xs[0]) / l.parts[0];
                int64_t total = 0;
                for (size_t j = 0; j < l.xs.size(); ++j) {
                    in.expect(width(l.xs[j]) == groups * l.parts[j]);
                    total += groups * l.parts[j];
                }
                in.expect(total == width(l.y));
                break;
            }
            }
        }
    }
    template <class L> L& make() {
        layers_.push_back(std::make_unique<L>());
        return static_cast<L&>(*layers_.back());
    }
    void read_losses(Reader& in) {
        for (auto left = in.many(); left > 0; --left) {
            const LossKind kind = in.kind<LossKind>();
            const int value = in.id(values_.size());
            losses_.push_back({kind, value, T(in.number())});
            target_widths_.push_back(values_[value].width);
        }
    }

    // ---- memory ---------------------------------------------------------------------------------

    // Where there is no way back, a value's place is taken by another as soon as no layer reads it.
    void reserve(Workspace<T>& m, int rows, bool gradients) const {
        m.scratch.resize(gradients ? layers_.size() : 1);
        for (auto& s : m.scratch) s.parts.resize(team_.size());
        m.packed.resize(parameters_.size());
        if (!gradients) {
            m.quiet.resize(layers_.size()), m.y.resize(slots_.size());
            for (size_t i = 0; i < slots_.size(); ++i) m.y[i].resize(size_t(rows) * slots_[i]);
            return;
        }
        m.y.resize(values_.size()), m.dy.resize(values_.size());
        for (size_t v = 0; v < values_.size(); ++v) {
            const size_t size = size_t(rows) * padded<T>(values_[v].width);
            m.y[v].resize(size), m.dy[v].resize(size);
        }
    }
    int64_t rows_at_once() const {
        size_t row = 1;
        for (int width : slots_) row += width * sizeof(T);
        return std::clamp<int64_t>(int64_t(kBytesAtOnce / row), 1, kRowsAtOnce);
    }
    Pass<T> begin(Workspace<T>& m, Team& team, bool training) {
        Pass<T> p{values_, parameters_, learning_, m, team};
        p.training = training;
        for (size_t v = 0; v < values_.size(); ++v) p.y.push_back(m.y[training ? v : size_t(values_[v].slot)].get());
        for (auto& dy : m.dy) p.dy.push_back(dy.get());
        p.has_dy.resize(values_.size());
        p.w.resize(parameters_.size());
        p.raw.resize(parameters_.size());
        return p;
    }
    std::unique_ptr<Workspace<T>> borrow() {
        std::lock_guard lock(spare_guard_);
        if (spare_.empty()) {
            auto made = std::make_unique<Workspace<T>>();
            made->packed.resize(parameters_.size());
            return made;
        }
        auto last = std::move(spare_.back());
        spare_.pop_back();
        return last;
    }
    void give_back(std::unique_ptr<Workspace<T>> memory) {
        std::lock_guard lock(spare_guard_);
        spare_.push_back(std::move(memory));
    }

    // Between NumPy's arrays and panels, at the two ends of a chunk.
    void enter() {
        for (auto& p : parameters_) {
            p.w.resize(p.layout.size());
            p.layout.pack(p.outside[0], p.w.get());
            for (size_t i = 1; i < p.outside.size(); ++i) {
                p.slots[i - 1].resize(p.layout.size());
                p.layout.pack(p.outside[i], p.slots[i - 1].get());
            }
        }
    }
    void leave() {
        for (auto& p : parameters_) {
            p.layout.unpack(p.w.get(), p.outside[0]);
            for (size_t i = 1; i < p.outside.size(); ++i) p.layout.unpack(p.slots[i - 1].get(), p.outside[i]);
        }
    }

    bool all_finite() const {
        return std::all_of(parameters_.begin(), parameters_.end(),
                           [](const auto& p) { return is_finite(p.w.get(), p.layout.size()); });
    }

    int64_t run(const Training& t, bool skip_zeros) {
        Pass<T> p = begin(memory_, team_, true);
        for (size_t i = 0; i < parameters_.size(); ++i) p.w[i] = parameters_[i].w.get();
        p.seed = t.seed, p.step = t.step, p.skip_zeros = skip_zeros;
        int64_t done = 0;
        for (int64_t first = 0; first < t.rows; first += t.batch, ++p.step) {
            p.n = int(std::min(t.batch, t.rows - first));
            p.rate = t.rates[done];
            std::fill(p.has_dy.begin(), p.has_dy.end(), false);
            gather(p, t.inputs, t.order + first);
            touch(t, first + t.batch);
            for (size_t i = 0; i < layers_.size(); ++i) layers_[i]->forward(p, memory_.scratch[i]);
            bool counts = true;
            const double loss = measure(p, t, t.order + first, counts);
            t.losses[done++] = loss;
            if (!std::isfinite(loss)) break;
            if (counts) learn(p);
        }
        overflowed_ = p.overflowed;
        return done;
    }

    // ---- a batch --------------------------------------------------------------------------------

    static void copy_row(const Rows& rows, size_t row, int width, T* to) {
        if (rows.unit) {
            const uint8_t* from = static_cast<const uint8_t*>(rows.data) + row * width;
            const T unit = T(rows.unit);
            for (int i = 0; i < width; ++i) to[i] = T(from[i]) * unit;
        } else {
            std::copy_n(static_cast<const T*>(rows.data) + row * width, width, to);
        }
    }
    void gather(Pass<T>& p, const std::vector<Rows>& inputs, const int64_t* order) const {
        for (size_t i = 0; i < inputs.size(); ++i) {
            const int width = input_widths_[i], ld = p.ld(inputs_[i]);
            T* to = p.y[inputs_[i]];
            p.team.split(p.n, p.worth(4.0 * p.n * width), [&](int first, int last, int) {
                for (int r = first; r < last; ++r) copy_row(inputs[i], size_t(order[r]), width, to + size_t(r) * ld);
            });
        }
    }
    // Rows that follow each other; taken where they are if they need no change.
    void take(Pass<T>& p, const std::vector<Rows>& inputs, int64_t first) const {
        for (size_t i = 0; i < inputs.size(); ++i) {
            const int width = input_widths_[i], ld = p.ld(inputs_[i]);
            if (!inputs[i].unit && ld == width) {
                p.y[inputs_[i]] = const_cast<T*>(static_cast<const T*>(inputs[i].data)) + size_t(first) * width;
                continue;
            }
            for (int r = 0; r < p.n; ++r) copy_row(inputs[i], size_t(first + r), width, p.y[inputs_[i]] + size_t(r) * ld);
        }
    }
    // The next batch's rows lie anywhere: they are fetched while this batch is worked on. Loads that
    // nobody waits for did that better than prefetch instructions, which may give up where the
    // address of a page must be looked up first (W1: 38 ms an epoch, 44 with them).
    void touch(const Training& t, int64_t first) const {
        for (size_t i = 0; i < t.inputs.size(); ++i) {
            const size_t bytes = size_t(input_widths_[i]) * (t.inputs[i].unit ? 1 : sizeof(T));
            const int64_t last = std::min({t.rows, first + t.batch, first + int64_t((64 << 10) / bytes) + 1});
            for (int64_t r = first; r < last; ++r) {
                const auto* row = static_cast<const volatile char*>(t.inputs[i].data) + size_t(t.order[r]) * bytes;
                for (size_t at = 0; at < bytes; at += 64) (void)row[at];
                (void)row[bytes - 1];
            }
        }
    }
    // The weighted mean of the losses, and the gradient of each output.
    double measure(Pass<T>& p, const Training& t, const int64_t* order, bool& counts) const {
        const T* weights = static_cast<const T*>(t.weights);
        double total_weight = p.n;
        if (weights) {
            total_weight = 0;
            for (int r = 0; r < p.n; ++r) total_weight += double(weights[order[r]]);
            counts = total_weight != 0;
            if (!counts) total_weight = 1;
        }
        double total = 0;
        for (size_t i = 0; i < losses_.size(); ++i) {
            const Loss& loss = losses_[i];
            const int width = values_[loss.value].width, ld = p.ld(loss.value);
            p.adds_to(loss.value);
            for (int r = 0; r < p.n; ++r) {
                const size_t row = size_t(order[r]);
                const T weight = weights ? weights[row] : T(1);
                const T* t_row = t.classes[i] ? nullptr : static_cast<const T*>(t.targets[i]) + row * width;
                const int64_t label = t.classes[i] ? static_cast<const int64_t*>(t.targets[i])[row] : -1;
                const T l = loss_row<T>(loss.kind, loss.δ, width, p.y[loss.value] + size_t(r) * ld, t_row, label,
                                        T(weight / total_weight), p.dy[loss.value] + size_t(r) * ld);
                total += weights ? double(T(weight / total_weight)) * double(l) : double(l);
            }
        }
        return double(T(total)) / (weights ? 1 : p.n);  // too large for T is infinite
    }
    void learn(Pass<T>& p) {
        for (auto& parameter : parameters_)
            if (learning_.waits(parameter)) std::fill_n(parameter.dw.get(), parameter.layout.size(), T(0));
        for (size_t i = layers_.size(); i-- > 0;) layers_[i]->backward(p, memory_.scratch[i]);
        learning_.finish(parameters_, p.rate, int64_t(p.step) + 1);
        for (size_t i = 0; i < layers_.size(); ++i) layers_[i]->commit(p, memory_.scratch[i]);
    }

    Team team_;
    std::vector<Value> values_;
    std::vector<int> slots_;   // how wide each is
    std::vector<Parameter<T>> parameters_;
    Learning<T> learning_;
    std::vector<std::unique_ptr<Layer<T>>> layers_;
    std::vector<Loss> losses_;
    std::vector<int> inputs_, outputs_, input_widths_, output_widths_, target_widths_;
    Workspace<T> memory_;      // of training
    bool overflowed_ = false;  // in the last run
    std::mutex running_, spare_guard_;
    std::vector<std::unique_ptr<Workspace<T>>> spare_;
};

std::unique_ptr<AnyProgram> make_float32(Reader& in);
std::unique_ptr<AnyProgram> make_float64(Reader& in);

}  // namespace glassnet
