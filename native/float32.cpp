#include "program.hpp"

std::unique_ptr<glassnet::AnyProgram> glassnet::make_float32(Reader& in) { return std::make_unique<Program<float>>(in); }
