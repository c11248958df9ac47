// Matrices in panels, and the three products of a dense layer.
//
//     y  = x W + b      dx = dy Wᵀ      dW = xᵀ dy      x: (N, K)   W: (K, M)   y: (N, M)
//
// W is kept in panels of 1 to 4 vectors of columns: [panel][K][columns of the panel]. A kernel holds
// R rows x one panel of results in registers, so each W it loads serves R rows and each x it
// broadcasts serves a panel; nothing else touches memory until the sum over K is whole.
//
// Inputs are often mostly 0 (the paper around a digit). What is 0 in a whole block is left out of
// its sums: `Listing` says which terms remain.
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
    explicit Buffer(size_t size) { resize(size); }
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

    // Between rows of `columns` numbers, as NumPy keeps them, and panels.
    void pack(const T* from, T* to) const {
        for (const Panel& p : panels)
            for (int k = 0; k < rows; ++k)
                std::copy_n(from + size_t(k) * columns + p.first, std::min(p.width(), columns - p.first),
                            to + p.offset + size_t(k) * p.width());
    }
    void unpack(const T* from, T* to) const {
        for (const Panel& p : panels)
            for (int k = 0; k < rows; ++k)
                std::copy_n(from + p.offset + size_t(k) * p.width(),
                            std::min(p.width(), columns - p.first), to + size_t(k) * columns + p.first);
    }
};

// ---- which terms matter -------------------------------------------------------------------------

// For each block of results: the terms of their sums at which some x is not 0. Where nearly all are
// not, the list is left out: -1 stands for all of them.
class Listing {
public:
    const int* of(int block) const { return terms_.get() + size_t(block) * stride_; }
    int count(int block) const { return counts_[block]; }

    // For y = x W: blocks of `height` rows, whose terms are the columns of x.
    template <class T> void of_rows(Team& team, bool split, const T* x, int ld, int n, int columns, int height) {
        const int blocks = (n + height - 1) / height;
        begin(blocks, padded<T>(columns));
        team.split(blocks, split, [&](int first, int last, int) {
            for (int b = first; b < last; ++b) {
                const int rows = std::min(height, n - b * height);
                close(b, scan(x + size_t(b) * height * ld, ld, rows, columns, list(b)), columns);
            }
        });
    }
    // For G = xᵀ dy: blocks of `width` columns, whose terms are the rows of x.
    template <class T> void of_columns(Team& team, bool split, const T* x, int ld, int n, int columns, int width) {
        const int blocks = (columns + width - 1) / width;
        begin(blocks, n);
        team.split(blocks, split, [&](int first, int last, int) {
            std::fill(counts_.begin() + first, counts_.begin() + last, 0);
            for (int r = 0; r < n; ++r) {
                const T* row = x + size_t(r) * ld;
                for (int b = first; b < last; ++b) {
                    bool any = false;
                    const int end = std::min((b + 1) * width, columns);
                    for (int k = b * width; k < end; ++k) any |= row[k] != 0;
                    list(b)[counts_[b]] = r;
                    counts_[b] += any;
                }
            }
            for (int b = first; b < last; ++b) close(b, counts_[b], n);
        });
    }

private:
    int* list(int block) { return terms_.get() + size_t(block) * stride_; }
    void begin(int blocks, int most) {
        stride_ = rounded_up(most, 16) + 16;  // whole vectors are stored, past the end of a list
        terms_.resize(size_t(blocks) * stride_);
        if (blocks > int(counts_.size())) counts_.resize(blocks);
    }
    void close(int block, int count, int most) { counts_[block] = count < 0.9 * most ? count : -1; }

    template <class T> static int scan(const T* x, int ld, int rows, int columns, int* list) {
        int count = 0;
        for (int first = 0; first < columns; first += kLanes<T>) {
            Bits<T> any = (Bits<T>)load(x + first);
            for (int r = 1; r < rows; ++r) any |= (Bits<T>)load(x + size_t(r) * ld + first);
            any <<= 1;  // the sign of 0 does not matter
#if defined(__AVX512F__)
            if constexpr (sizeof(T) == 4) {
                const __m512i at = _mm512_add_epi32(
                    _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                    _mm512_set1_epi32(first));
                const __mmask16 mask = _mm512_test_epi32_mask((__m512i)any, (__m512i)any);
                _mm512_storeu_si512(list + count, _mm512_maskz_compress_epi32(mask, at));
                count += __builtin_popcount(mask);
                continue;
            }
#endif
            for (int lane = 0; lane < kLanes<T>; ++lane) {
                list[count] = first + lane;
                count += any[lane] != 0;
            }
        }
        while (count > 0 && list[count - 1] >= columns) --count;  // the padding
        return count;
    }
    Buffer<int> terms_;
    std::vector<int> counts_;
    int stride_ = 0;
};

// ---- kernels: R rows x V vectors of columns in registers ----------------------------------------

// y[r] = start[r] + Σₖ x[r][k] Wₖ over the k of a list, or over all `count` of them. With `row` and
// `step`, the distances between the x of two rows and of two terms, x may be read as its transpose.
template <class T> struct ProductArgs {
    const T *x, *w, *start;
    T* y;
    size_t row, step, ldw, ld_start, ldy;
    const int* terms;
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
    const int* terms;
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

// y = x W + b for one panel of W, whose row k starts at w + k ldw; b may be any vector, or y itself.
template <class T>
void product_panel(const T* x, int ldx, int n, int terms, const T* w, size_t ldw, int vectors,
                   const T* b, size_t ldb, T* y, int ldy, int block, const Listing* listing, int first_block) {
    for (int first = 0, i = first_block; first < n; first += block, ++i) {
        const int rows = std::min(block, n - first), count = listing ? listing->count(i) : -1;
        const ProductArgs<T> a{x + size_t(first) * ldx, w, b + first * ldb, y + size_t(first) * ldy,
                               size_t(ldx), 1, ldw, ldb, size_t(ldy),
                               count < 0 ? nullptr : listing->of(i), count < 0 ? terms : count};
        kernels<T>.products[vectors - 1][rows - 1][count >= 0](a);
    }
}

// G += xᵀ dy for one panel of G. Few rows are held in registers while all of G goes by; of many
// rows, each block of G is held in registers while all rows go by.
constexpr int kManyRows = 24;

template <class T>
void outer_panel(const T* x, int ldx, int n, int k, const T* dy, int ldy, int vectors, T* g, int block,
                 const Listing* listing, int first_block) {
    const size_t ldg = vectors * kLanes<T>;
    if (n < kManyRows) {
        for (int first = 0, i = 0; first < n; first += block, ++i) {
            const int rows = std::min(block, n - first), count = listing ? listing->count(i) : -1;
            const OuterArgs<T> a{x + size_t(first) * ldx, dy + size_t(first) * ldy, g,
                                 size_t(ldx), size_t(ldy), ldg,
                                 count < 0 ? nullptr : listing->of(i), count < 0 ? k : count};
            kernels<T>.outers[vectors - 1][rows - 1][count >= 0](a);
        }
        return;
    }
    for (int first = 0, i = first_block; first < k; first += block, ++i) {
        const int rows = std::min(block, k - first), count = listing ? listing->count(i) : -1;
        T* at = g + size_t(first) * ldg;
        const ProductArgs<T> a{x + first, dy, at, at, 1, size_t(ldx), size_t(ldy), ldg, ldg,
                               count < 0 ? nullptr : listing->of(i), count < 0 ? n : count};
        kernels<T>.products[vectors - 1][rows - 1][count >= 0](a);
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
