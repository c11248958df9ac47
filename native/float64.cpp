#include "program.hpp"

std::unique_ptr<glassnet::AnyProgram> glassnet::make_float64(Reader& in) { return std::make_unique<Program<double>>(in); }
