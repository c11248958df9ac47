// Matrices in panels, and the three products of a dense layer.
//
//     y  = x W + b      dx = dy Wᵀ      dW = xᵀ dy      x: (N, K)   W: (K, M)   y: (N, M)
//
// W is kept in panels of 1 to 4 vectors of columns: [panel][K][columns of the panel]. A kernel holds
// R rows x one panel of results in registers, so each W it loads serves R rows and each x it
// broadcasts serves a panel; nothing else touches memory until the sum over K is whole.
//
// Many numbers are 0: the paper around a digit, what a ReLU cut off. What is 0 in a whole block is
// left out of its sums; `Listing` says which terms remain. A block of one row leaves out all zeros,
// but loads W anew for each row.
#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>
#include <vector>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "team.hpp"
#include "vec.hpp"

namespace glassnet {

constexpr int kMostVectors = 4;                           // of a panel
constexpr int kResults = kRegisters == 32 ? 24 : 12;      // registers that hold results
constexpr int most_rows(int vectors) { return std::min(12, kResults / vectors); }

constexpr int rounded_up(int n, int unit) { return (n + unit - 1) / unit * unit; }
template <class T> constexpr int padded(int width) { return rounded_up(width, kLanes<T>); }

// Numbers in memory that start at a cache line and are 0 at first.
template <class T> class Buffer {
public:
    Buffer() = default;
    Buffer(const Buffer&) = delete;
    Buffer(Buffer&& other) noexcept { std::swap(data_, other.data_), std::swap(size_, other.size_); }
    Buffer& operator=(Buffer&& other) noexcept {
        std::swap(data_, other.data_), std::swap(size_, other.size_);
        return *this;
    }
    ~Buffer() { std::free(data_); }

    void resize(size_t size) {
        if (size <= size_) return;
        std::free(data_);
        data_ = nullptr, size_ = 0;
        const size_t bytes = (size * sizeof(T) + 63) / 64 * 64;
        data_ = static_cast<T*>(std::aligned_alloc(64, bytes));
        if (!data_) throw std::bad_alloc();
        std::memset(data_, 0, bytes);
        size_ = size;
    }
    T* get() const { return data_; }
    size_t size() const { return size_; }

private:
    T* data_ = nullptr;
    size_t size_ = 0;
};

// How the columns of a matrix lie: in panels of as equal a width as can be.
template <class T> struct Layout {
    int rows = 0, columns = 0;                   // K and M
    struct Panel {
        int first, vectors;                      // its first column, and its width in vectors
        size_t offset;                           // where it starts
        int width() const { return vectors * kLanes<T>; }
    };
    std::vector<Panel> panels;
    int most_vectors = 0;

    Layout() = default;
    Layout(int rows, int columns) : rows(rows), columns(columns) {
        const int vectors = padded<T>(columns) / kLanes<T>;
        const int count = (vectors + kMostVectors - 1) / kMostVectors;
        size_t offset = 0;
        for (int p = 0, first = 0; p < count; ++p) {
            const int width = (vectors - first + count - p - 1) / (count - p);
            panels.push_back({first * kLanes<T>, width, offset});
            offset += size_t(rows) * width * kLanes<T>;
            first += width;
            most_vectors = std::max(most_vectors, width);
        }
    }
    size_t size() const { return size_t(rows) * padded<T>(columns); }

    // Between rows of `columns` numbers, as NumPy keeps them, and panels, padded with zeros.
    void pack(const T* from, T* to) const {
        for (const Panel& p : panels) {
            const int width = std::min(p.width(), columns - p.first);
            for (int k = 0; k < rows; ++k) {
                T* row = to + p.offset + size_t(k) * p.width();
                std::copy_n(from + size_t(k) * columns + p.first, width, row);
                std::fill(row + width, row + p.width(), T(0));
            }
        }
    }
    void unpack(const T* from, T* to) const {
        for (const Panel& p : panels)
            for (int k = 0; k < rows; ++k)
                std::copy_n(from + p.offset + size_t(k) * p.width(),
                            std::min(p.width(), columns - p.first), to + size_t(k) * columns + p.first);
    }
};

// ---- which terms matter -------------------------------------------------------------------------

// For each block of results: the terms of their sums at which some x is not 0.
class Listing {
public:
    using Term = uint16_t;
    static constexpr int kMostTerms = 65535 - 64;
    static constexpr int kMark = 64;  // how many terms lie between two marks in a list

    double density() const { return density_; }            // the share of terms that remain
    const Term* of(int b) const { return terms_.get() + size_t(b) * stride_; }
    int count(int b) const { return mark(b, marks_per_block_ - 1); }
    int mark(int b, int m) const { return marks_.get()[size_t(b) * marks_per_block_ + m]; }

    // For y = x W: blocks of rows of x, whose terms are its columns.
    template <class T> void of_rows(Team& team, bool split, const T* x, int ld, int n, int columns, int block) {
        begin((n + block - 1) / block, columns);
        team.split(blocks_, split, [&](int first, int last, int) {
            for (int b = first; b < last; ++b)
                scan(x + size_t(b) * block * ld, ld, std::min(block, n - b * block), columns, b);
        });
        weigh(columns);
    }
    // For G = xᵀ dy: blocks of columns of x, whose terms are its rows, from the lists of single rows.
    void of_columns(Team& team, bool split, const Listing& rows, int n, int columns, int block) {
        begin((columns + block - 1) / block, n);
        team.split(blocks_, split, [&](int first, int last, int) {
            const int from = first * block, to = std::min(last * block, columns);
            std::vector<int> counts(size_t(last - first) + 1);
            std::vector<Term> block_of(size_t(to - from) + 1);
            for (int k = from; k < to; ++k) block_of[k - from] = Term(k / block - first);
            for (int r = 0; r < n; ++r) {
                if (r % kMark == 0)
                    for (int b = first; b < last; ++b) set_mark(b, r / kMark, counts[b - first]);
                const Term *k = rows.of(r), *end = k + rows.count(r);
                if (from > 0) k = std::lower_bound(k, end, from);
                if (block == 1) {
                    for (; k < end && *k < to; ++k) list(*k)[counts[*k - from]++] = Term(r);
                    continue;
                }
                for (int before = -1; k < end && *k < to; ++k) {
                    const int b = block_of[*k - from];
                    if (b == before) continue;
                    list(first + b)[counts[b]++] = Term(r);
                    before = b;
                }
            }
            for (int b = first; b < last; ++b) set_mark(b, marks_per_block_ - 1, counts[b - first]);
        });
        weigh(n);
    }

private:
    Term* list(int b) { return terms_.get() + size_t(b) * stride_; }
    void set_mark(int b, int m, int count) { marks_.get()[size_t(b) * marks_per_block_ + m] = Term(count); }
    void begin(int blocks, int most) {
        blocks_ = blocks;
        stride_ = rounded_up(most, 64) + 64;  // whole vectors are stored, past the end of a list
        marks_per_block_ = (most + kMark - 1) / kMark + 1;
        terms_.resize(size_t(blocks) * stride_);
        marks_.resize(size_t(blocks) * marks_per_block_);
    }
    void weigh(int most) {
        double total = 0;
        for (int b = 0; b < blocks_; ++b) total += count(b);
        density_ = total / (double(blocks_) * most);
    }
    template <class T> void scan(const T* x, int ld, int rows, int columns, int b) {
        Term* list = this->list(b);
        int count = 0;
        for (int first = 0; first < columns; first += kLanes<T>) {
            if (first % kMark == 0) set_mark(b, first / kMark, count);
            Word<T> any = (Word<T>)load(x + first);
            for (int r = 1; r < rows; ++r) any |= (Word<T>)load(x + size_t(r) * ld + first);
            any <<= 1;  // the sign of 0 does not matter
#if defined(__AVX512F__)
            if constexpr (sizeof(T) == 4) {
                const __m512i at = _mm512_add_epi32(
                    _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                    _mm512_set1_epi32(first));
                const __mmask16 mask = _mm512_test_epi32_mask((__m512i)any, (__m512i)any);
                const __m512i left = _mm512_maskz_compress_epi32(mask, at);
                _mm512_mask_cvtepi32_storeu_epi16(list + count, 0xffff, left);
                count += __builtin_popcount(mask);
                continue;
            }
#endif
            for (int lane = 0; lane < kLanes<T>; ++lane) {
                list[count] = Term(first + lane);
                count += any[lane] != 0;
            }
        }
        while (count > 0 && list[count - 1] >= columns) --count;  // the padding may be anything
        set_mark(b, marks_per_block_ - 1, count);
    }
    Buffer<Term> terms_, marks_;
    int blocks_ = 0, stride_ = 0, marks_per_block_ = 1;
    double density_ = 1;
};

// ---- kernels: R rows x V vectors of columns in registers ----------------------------------------

// y[r] = start[r] + Σₖ x[r][k] Wₖ. With `row` and `step`, the distances between the x of two rows and
// of two terms, x may be read as its transpose.
template <class T> struct Operands {
    const T *x, *w, *start;
    T* y;
    size_t row, step, ldw, ld_start, ldy;
};

// The sum over the k of a list, or over all `count` of them.
template <class T> struct ProductArgs : Operands<T> {
    const Listing::Term* terms;
    int count;
};
template <class T, int R, int V, bool listed> void product_kernel(const ProductArgs<T>& a) {
    constexpr int L = kLanes<T>;
    Vec<T> y[R][V];
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) y[r][v] = load(a.start + r * a.ld_start + v * L);
    for (int i = 0; i < a.count; ++i) {
        const size_t k = listed ? a.terms[i] : i;
        const T* xk = a.x + k * a.step;
        Vec<T> w[V];
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) w[v] = load(a.w + k * a.ldw + v * L);
#pragma GCC unroll 12
        for (int r = 0; r < R; ++r) {
            const T x = xk[r * a.row];
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) y[r][v] += x * w[v];
        }
    }
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) store(a.y + r * a.ldy + v * L, y[r][v]);
}

// Gₖ += Σᵣ x[r][k] dyᵣ for the k of a list, or for all `count` of them.
template <class T> struct OuterArgs {
    const T *x, *dy;
    T* g;
    size_t ldx, ldy, ldg;
    const Listing::Term* terms;
    int count;
};
template <class T, int R, int V, bool listed> void outer_kernel(const OuterArgs<T>& a) {
    constexpr int L = kLanes<T>;
    Vec<T> dy[R][V];
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) dy[r][v] = load(a.dy + r * a.ldy + v * L);
    for (int i = 0; i < a.count; ++i) {
        const size_t k = listed ? a.terms[i] : i;
        T* g = a.g + k * a.ldg;
        Vec<T> s[V];
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) s[v] = load(g + v * L);
#pragma GCC unroll 12
        for (int r = 0; r < R; ++r) {
            const T x = a.x[r * a.ldx + k];
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) s[v] += x * dy[r][v];
        }
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) store(g + v * L, s[v]);
    }
}

// A product of single rows one after the other, each with the terms of its own list between two
// marks: what is loaded for one row is on its way while the sums of the row before are still made.
template <class T> struct RowsArgs : Operands<T> {
    const Listing* listing;
    int first, count, from, to;
};
template <class T, int V> void rows_kernel(const RowsArgs<T>& args) {
    constexpr int L = kLanes<T>;
    const RowsArgs<T> a = args;
    const Listing& listing = *a.listing;
    for (int r = 0; r < a.count; ++r) {
        const T *x = a.x + r * a.row, *start = a.start + r * a.ld_start;
        const Listing::Term* term = listing.of(a.first + r);
        const Listing::Term* end = term + listing.mark(a.first + r, a.to);
        term += listing.mark(a.first + r, a.from);
        Vec<T> y[V];
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) y[v] = load(start + v * L);
#pragma GCC unroll 2
        for (; term < end; ++term) {
            const T xk = x[*term * a.step];
            const T* w = a.w + *term * a.ldw;
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) y[v] += xk * load(w + v * L);
        }
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) store(a.y + r * a.ldy + v * L, y[v]);
    }
}

// kernels[V - 1][R - 1][listed]
template <class T, template <class> class Args> using Kernel = void (*)(const Args<T>&);
template <class T, template <class> class Args>
using Kernels = std::array<std::array<std::array<Kernel<T, Args>, 2>, 12>, kMostVectors>;

template <class T, int V, int R> constexpr void add_kernels(Kernels<T, ProductArgs>& products,
                                                            Kernels<T, OuterArgs>& outers) {
    products[V - 1][R - 1] = {product_kernel<T, R, V, false>, product_kernel<T, R, V, true>};
    outers[V - 1][R - 1] = {outer_kernel<T, R, V, false>, outer_kernel<T, R, V, true>};
    if constexpr (R < most_rows(V)) add_kernels<T, V, R + 1>(products, outers);
    else if constexpr (V < kMostVectors) add_kernels<T, V + 1, 1>(products, outers);
}
template <class T>
inline constexpr std::array<void (*)(const RowsArgs<T>&), kMostVectors> rows_kernels{
    rows_kernel<T, 1>, rows_kernel<T, 2>, rows_kernel<T, 3>, rows_kernel<T, 4>};
template <class T> struct KernelTables {
    Kernels<T, ProductArgs> products{};
    Kernels<T, OuterArgs> outers{};
    constexpr KernelTables() { add_kernels<T, 1, 1>(products, outers); }
};
template <class T> inline constexpr KernelTables<T> kernels{};

// ---- products -----------------------------------------------------------------------------------

// Results in a block, where a matrix's widest panel is so wide: blocks of equal height.
inline int block_height(int results, int vectors) {
    const int blocks = (results + most_rows(vectors) - 1) / most_rows(vectors);
    return (results + blocks - 1) / blocks;
}

// The left operand of a product: x by rows, or as its transpose; cut into blocks of results.
template <class T> struct Left {
    const T* at;
    size_t row, step;  // from one result to the next, and from one term to the next
    int terms, block;
    const Listing* listing = nullptr;  // of these blocks
};

// y = x W + start for one panel of W, whose k-th row is at w + k ldw, and the `count` results from
// result `first` on; y and `start` begin with that one. `start` may be y itself.
template <class T>
void product_panel(const Left<T>& x, int first, int count, const T* w, size_t ldw, int vectors,
                   const T* start, size_t ld_start, T* y, size_t ldy) {
    if (x.listing && x.block == 1) {
        // A single row uses each row of W once: it is the first cache that must have W, a stretch
        // at a time. Of rows of W that no x needs, little is read.
        constexpr double kCache = 32 << 10;
        const int marks = (x.terms + Listing::kMark - 1) / Listing::kMark;
        const double used = std::min(1.0, 2.5 * x.listing->density());
        const int stretch = std::max(1, int(kCache / (used * vectors * kVectorBytes) / Listing::kMark));
        for (int from = 0; from < marks; from += stretch) {
            rows_kernels<T>[vectors - 1]({{x.at + size_t(first) * x.row, w, start, y, x.row, x.step, ldw, ld_start, ldy},
                                          x.listing, first, count, from, std::min(from + stretch, marks)});
            start = y, ld_start = ldy;
        }
        return;
    }
    for (int i = 0; i < count; i += x.block) {
        const int rows = std::min(x.block, count - i), b = (first + i) / x.block;
        ProductArgs<T> a{{x.at + size_t(first + i) * x.row, w, start + i * ld_start, y + i * ldy,
                          x.row, x.step, ldw, ld_start, ldy}, nullptr, x.terms};
        if (x.listing) a.terms = x.listing->of(b), a.count = x.listing->count(b);
        kernels<T>.products[vectors - 1][rows - 1][x.listing != nullptr](a);
    }
}

// G += xᵀ dy for one panel of G and few rows, which are held in registers while all of G goes by.
template <class T>
void outer_panel(const Left<T>& x, int n, const T* dy, size_t ldy, int vectors, T* g) {
    for (int i = 0; i < n; i += x.block) {
        const int rows = std::min(x.block, n - i), b = i / x.block;
        OuterArgs<T> a{x.at + size_t(i) * x.row, dy + size_t(i) * ldy, g, x.row, ldy,
                       size_t(vectors) * kLanes<T>, nullptr, x.terms};
        if (x.listing) a.terms = x.listing->of(b), a.count = x.listing->count(b);
        kernels<T>.outers[vectors - 1][rows - 1][x.listing != nullptr](a);
    }
}

// Wᵀ in panels, from W in panels, for the columns of Wᵀ (the k) of some of its panels.
template <class T>
void transpose_panels(const Layout<T>& of, const T* w, const Layout<T>& to, T* wt, int first, int last) {
    constexpr int L = kLanes<T>;
    for (int p = first; p < last; ++p)
        for (int v = 0; v < to.panels[p].vectors; ++v) {
            const int k = to.panels[p].first + v * L, rows = std::min(L, of.rows - k);
            T* column = wt + to.panels[p].offset + v * L;
            for (const auto& panel : of.panels)
                for (int u = 0; u < panel.vectors; ++u) {
                    Vec<T> tile[L];
                    const T* from = w + panel.offset + size_t(k) * panel.width() + u * L;
                    for (int r = 0; r < L; ++r) tile[r] = r < rows ? load(from + size_t(r) * panel.width()) : Vec<T>{};
                    transpose<T>(tile);
                    const int m = panel.first + u * L, columns = std::min(L, of.columns - m);
                    for (int c = 0; c < columns; ++c)
                        store(column + size_t(m + c) * to.panels[p].width(), tile[c]);
                }
        }
}

// dx = dy Wᵀ for few rows, and L columns of dx from column k on: each is a sum along a row of W, kept
// in one vector for each k, and these are turned once they are whole.
template <class T>
void turned_product(const T* dy, int ldy, int n, const Layout<T>& of, const T* w, int k, T* dx, int ldx, bool adds) {
    constexpr int L = kLanes<T>;
    const int count = std::min(L, of.rows - k);
    for (int r = 0; r < n; ++r) {
        Vec<T> sums[L] = {};
        for (const auto& panel : of.panels)
            for (int v = 0; v < panel.width(); v += L) {
                const Vec<T> d = load(dy + size_t(r) * ldy + panel.first + v);
                const T* from = w + panel.offset + size_t(k) * panel.width() + v;
                for (int i = 0; i < count; ++i) sums[i] += d * load(from + size_t(i) * panel.width());
            }
        transpose<T>(sums);
        T* to = dx + size_t(r) * ldx + k;
        Vec<T> total = adds ? load(to) : Vec<T>{};
#pragma GCC unroll 16
        for (int i = 0; i < L; ++i) total += sums[i];
        store(to, total);
    }
}

}  // namespace glassnet
