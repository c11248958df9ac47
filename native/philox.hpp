// Random numbers by address: the Philox 4x64-10 generator and the floats that NumPy makes of it.
//
// Source: Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (2011).
#pragma once

#include <cstdint>

namespace glassnet {

// The stream of uniform float32 numbers in [0, 1) of numpy.random.Generator(Philox(key, counter)),
// at any place: each block of the counter gives eight numbers.
class Philox {
public:
    Philox(uint64_t seed, uint64_t node, uint64_t step) : key_{seed, node}, step_(step) {}

    // Call use(i, u) for the `count` numbers from number `first` on.
    template <class Use> void each(uint64_t first, int count, const Use& use) const {
        uint64_t block = first / 8;
        int skip = int(first % 8);
        for (int i = 0; i < count; ++block, skip = 0) {
            uint64_t x[4];
            draw(block + 1, x);  // NumPy counts up before it draws
            for (int j = skip; j < 8 && i < count; ++j, ++i)
                use(i, float(uint32_t(x[j / 2] >> (j % 2 * 32)) >> 8) * 0x1p-24f);
        }
    }

private:
    void draw(uint64_t block, uint64_t (&x)[4]) const {
        x[0] = block, x[1] = 0, x[2] = step_, x[3] = 1;
        uint64_t k0 = key_[0], k1 = key_[1];
        for (int round = 0; round < 10; ++round) {
            const auto a = (unsigned __int128)(x[0]) * 0xD2E7470EE14C6C93u;
            const auto b = (unsigned __int128)(x[2]) * 0xCA5A826395121157u;
            const uint64_t y0 = uint64_t(b >> 64) ^ x[1] ^ k0, y2 = uint64_t(a >> 64) ^ x[3] ^ k1;
            x[1] = uint64_t(b), x[3] = uint64_t(a), x[0] = y0, x[2] = y2;
            k0 += 0x9E3779B97F4A7C15u, k1 += 0xBB67AE8584CAA73Bu;
        }
    }
    uint64_t key_[2], step_;
};

}  // namespace glassnet
