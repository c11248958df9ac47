// Rows of pixels as a service is sent them, read without a Python number for each.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace glassnet {

// Reads {"rows": [0, 255, …]} and {"rows": [[…], …]}, JSON of whole numbers from 0 to a maximum of at most 255,
// the same number of them in each row. What is written in any other way it leaves to others, who say what is wrong
// with it if anything is.
class PixelText {
public:
    PixelText(const char* text, size_t size) : at_(text), end_(text + size) {}

    // Whether the text is nothing else; `pixels` then holds all rows, one after another.
    bool read(size_t width, int maximum, std::vector<uint8_t>& pixels) {
        if (!take('{') || !take('"') || !exactly("rows\"") || !take(':') || !take('[')) return false;
        if (next() != '[') return row(width, maximum, pixels) && take('}') && ended();
        do {
            if (!take('[') || !row(width, maximum, pixels)) return false;
        } while (take(','));
        return take(']') && take('}') && ended();
    }

private:
    // What comes behind the bracket, and the one that closes it.
    bool row(size_t width, int maximum, std::vector<uint8_t>& pixels) {
        for (size_t k = 0; k < width; ++k) {
            if (k && !take(',')) return false;
            const int value = number();
            if (value < 0 || value > maximum) return false;
            pixels.push_back(uint8_t(value));
        }
        return take(']');
    }
    // A whole number of one to three digits; -1 for all else. JSON has none that begin with a needless 0.
    int number() {
        if (!is_digit(next())) return -1;
        int value = *at_++ - '0';
        if (value == 0) return at_ != end_ && is_digit(*at_) ? -1 : 0;
        for (int k = 0; k < 3 && at_ != end_ && is_digit(*at_); ++k) value = 10 * value + (*at_++ - '0');
        return value;
    }
    // The next character that is no space, or 0 at the end.
    char next() {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
        return at_ == end_ ? '\0' : *at_;
    }
    bool take(char c) {
        if (next() != c || at_ == end_) return false;
        ++at_;
        return true;
    }
    bool exactly(const char* text) {
        for (; *text; ++text, ++at_)
            if (at_ == end_ || *at_ != *text) return false;
        return true;
    }
    bool ended() { return next() == '\0' && at_ == end_; }
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }

    const char* at_;
    const char* end_;
};

}  // namespace glassnet
