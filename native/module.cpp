// The Python module: what it offers, through the limited API.

#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#include "pixels.hpp"
#include "program.hpp"

using namespace glassnet;

namespace {

// ---- buffers ------------------------------------------------------------------------------------

// The memory of a NumPy array, held for as long as this lives.
class Memory {
public:
    Memory(PyObject* object, bool writable) {
        if (PyObject_GetBuffer(object, &view_, writable ? PyBUF_WRITABLE : PyBUF_SIMPLE)) throw Raised();
    }
    Memory(const Memory&) = delete;
    Memory(Memory&& other) noexcept : view_(other.view_) { other.view_.obj = nullptr; }
    ~Memory() { if (view_.obj) PyBuffer_Release(&view_); }

    struct Raised {};  // a Python error is set
    void* get() const { return view_.buf; }
    template <class N> const N* as() const { return static_cast<const N*>(view_.buf); }
    size_t bytes() const { return size_t(view_.len); }

private:
    Py_buffer view_;
};

std::vector<Memory> memories(PyObject* tuple, bool writable) {
    std::vector<Memory> all;
    const Py_ssize_t count = PyTuple_Size(tuple);
    if (count < 0) throw Memory::Raised();
    for (Py_ssize_t i = 0; i < count; ++i) all.emplace_back(PyTuple_GetItem(tuple, i), writable);
    return all;
}

void expect(bool holds, const char* message) {
    if (!holds) throw std::invalid_argument(message);
}

// C++ stops here: what was thrown becomes a Python error.
template <class Work> PyObject* answer(const Work& work) {
    try {
        return work();
    } catch (const Memory::Raised&) {
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_ValueError, error.what());
    }
    return nullptr;
}

// ---- programs -----------------------------------------------------------------------------------

constexpr const char* NAME = "glassnet program";

// A program and the arrays that it reads and writes.
struct Held {
    std::unique_ptr<AnyProgram> program;
    std::vector<Memory> arrays;
};

AnyProgram& program_of(PyObject* capsule) {
    void* held = PyCapsule_GetPointer(capsule, NAME);
    if (!held) throw Memory::Raised();
    return *static_cast<Held*>(held)->program;
}
void let_go(PyObject* capsule) { delete static_cast<Held*>(PyCapsule_GetPointer(capsule, NAME)); }

// program(words, numbers, arrays): words are int64, the first the size of a number in bytes.
PyObject* program(PyObject*, PyObject* args) {
    return answer([&]() -> PyObject* {
        PyObject *words_object, *numbers_object, *arrays_object;
        if (!PyArg_ParseTuple(args, "OOO", &words_object, &numbers_object, &arrays_object)) return nullptr;
        const Memory words(words_object, false), numbers(numbers_object, false);
        Reader in(words.as<int64_t>(), words.bytes() / 8, numbers.as<double>(), numbers.bytes() / 8);
        auto held = std::make_unique<Held>();
        held->program = in.word() == 4 ? make_float32(in) : make_float64(in);
        const bool trains = !held->program->target_widths().empty();
        held->arrays = memories(arrays_object, trains);
        const std::vector<size_t> sizes = held->program->array_sizes();
        expect(sizes.size() == held->arrays.size(), "a program got another number of arrays than it names");
        std::vector<void*> arrays;
        for (size_t i = 0; i < sizes.size(); ++i) {
            expect(held->arrays[i].bytes() == sizes[i] * held->program->item_size(), "a program got an array of another size");
            arrays.push_back(held->arrays[i].get());
        }
        held->program->attach(arrays);
        PyObject* capsule = PyCapsule_New(held.get(), NAME, let_go);
        if (capsule) held.release();
        return capsule;
    });
}

// Inputs as a tuple of (array, unit): unit is what a byte 1 is worth, or 0 for numbers. All have the
// same number of rows, which is returned.
int64_t read_inputs(PyObject* tuple, const AnyProgram& program, std::vector<Memory>& held, std::vector<Rows>& inputs) {
    const auto& widths = program.input_widths();
    expect(PyTuple_Size(tuple) == Py_ssize_t(widths.size()), "a program got another number of inputs than it has");
    int64_t rows = -1;
    for (size_t i = 0; i < widths.size(); ++i) {
        PyObject* array;
        double unit;
        if (!PyArg_ParseTuple(PyTuple_GetItem(tuple, Py_ssize_t(i)), "Od", &array, &unit)) throw Memory::Raised();
        held.emplace_back(array, false);
        inputs.push_back({held.back().get(), unit});
        const size_t row = size_t(widths[i]) * (unit ? 1 : program.item_size());
        expect(held.back().bytes() % row == 0, "an input has rows of another width");
        const int64_t count = int64_t(held.back().bytes() / row);
        expect(rows < 0 || rows == count, "the inputs have different numbers of rows");
        rows = count;
    }
    return rows;
}

// train(program, inputs, targets, weights, order, batch, rates, step, seed, losses) -> batches done;
// targets as a tuple of (array, whether they are class indices)
PyObject* train(PyObject*, PyObject* args) {
    return answer([&]() -> PyObject* {
        PyObject *capsule, *inputs_object, *targets_object, *weights_object, *order_object, *rates_object, *losses_object;
        long long batch, step;
        unsigned long long seed;
        if (!PyArg_ParseTuple(args, "OO!O!OOLOLKO", &capsule, &PyTuple_Type, &inputs_object, &PyTuple_Type,
                              &targets_object, &weights_object, &order_object, &batch, &rates_object, &step, &seed, &losses_object))
            return nullptr;
        AnyProgram& program = program_of(capsule);
        Training t;
        std::vector<Memory> held;
        const int64_t rows = read_inputs(inputs_object, program, held, t.inputs);
        const auto& widths = program.target_widths();
        expect(!widths.empty(), "a program without losses has nothing to learn");
        expect(PyTuple_Size(targets_object) == Py_ssize_t(widths.size()), "a program got another number of targets than it has losses");
        for (size_t i = 0; i < widths.size(); ++i) {
            PyObject* array;
            int classes;
            if (!PyArg_ParseTuple(PyTuple_GetItem(targets_object, Py_ssize_t(i)), "Op", &array, &classes)) return nullptr;
            held.emplace_back(array, false);
            const size_t row = classes ? 8 : size_t(widths[i]) * program.item_size();
            expect(held.back().bytes() >= size_t(rows) * row, "there are fewer targets than rows");
            if (classes) {
                bool known = true;
                const int64_t* labels = held.back().as<int64_t>();
                for (int64_t r = 0; r < rows; ++r) known &= labels[r] >= 0 && labels[r] < widths[i];
                expect(known, "a target is a class that the network does not have");
            }
            t.targets.push_back(held.back().get());
            t.classes.push_back(classes);
        }
        t.weights = nullptr;
        if (weights_object != Py_None) {
            held.emplace_back(weights_object, false);
            expect(held.back().bytes() >= size_t(rows) * program.item_size(), "there are fewer weights than rows");
            t.weights = held.back().get();
        }
        const Memory order(order_object, false), rates(rates_object, false), losses(losses_object, true);
        t.order = order.as<int64_t>(), t.rows = int64_t(order.bytes() / 8);
        for (int64_t i = 0; i < t.rows; ++i) expect(t.order[i] >= 0 && t.order[i] < rows, "a batch names a row that is not there");
        expect(batch > 0, "a batch has one row or more");
        batch = std::min<long long>(batch, std::max<int64_t>(t.rows, 1));
        const size_t batches = size_t((t.rows + batch - 1) / batch);
        expect(rates.bytes() >= 8 * batches && losses.bytes() >= 8 * batches, "there are fewer rates or losses than batches");
        t.batch = batch, t.step = step, t.seed = seed, t.rates = rates.as<double>(), t.losses = static_cast<double*>(losses.get());
        int64_t done = 0;
        std::exception_ptr thrown;
        Py_BEGIN_ALLOW_THREADS
        try { done = program.train(t); } catch (...) { thrown = std::current_exception(); }
        Py_END_ALLOW_THREADS
        if (thrown) std::rethrow_exception(thrown);
        return PyLong_FromLongLong(done);
    });
}

// infer(program, inputs, outputs): whether all that was written is finite
PyObject* infer(PyObject*, PyObject* args) {
    return answer([&]() -> PyObject* {
        PyObject *capsule, *inputs_object, *outputs_object;
        if (!PyArg_ParseTuple(args, "OO!O!", &capsule, &PyTuple_Type, &inputs_object, &PyTuple_Type, &outputs_object))
            return nullptr;
        AnyProgram& program = program_of(capsule);
        std::vector<Rows> inputs;
        std::vector<Memory> held;
        const int64_t rows = read_inputs(inputs_object, program, held, inputs);
        const std::vector<Memory> outputs = memories(outputs_object, true);
        const auto& widths = program.output_widths();
        expect(outputs.size() == widths.size(), "a program got another number of outputs than it has");
        std::vector<void*> to;
        for (size_t i = 0; i < widths.size(); ++i) {
            expect(outputs[i].bytes() == size_t(rows) * widths[i] * program.item_size(), "an output has another size");
            to.push_back(outputs[i].get());
        }
        std::exception_ptr thrown;
        bool finite = true;
        Py_BEGIN_ALLOW_THREADS
        try { finite = program.infer(inputs, rows, to); } catch (...) { thrown = std::current_exception(); }
        Py_END_ALLOW_THREADS
        if (thrown) std::rethrow_exception(thrown);
        return PyBool_FromLong(finite);
    });
}

// pixels(text, width, maximum): rows of so many pixels as bytes, or None where the text is not just that
PyObject* pixels(PyObject*, PyObject* args) {
    return answer([&]() -> PyObject* {
        PyObject* text_object;
        Py_ssize_t width;
        int maximum;
        if (!PyArg_ParseTuple(args, "Oni", &text_object, &width, &maximum)) return nullptr;
        expect(width > 0 && maximum >= 0 && maximum <= 255, "pixels are bytes, one or more a row");
        const Memory text(text_object, false);
        std::vector<uint8_t> found;
        found.reserve(std::min(text.bytes() / 2, size_t(width)));
        if (!PixelText(text.as<char>(), text.bytes()).read(size_t(width), maximum, found)) Py_RETURN_NONE;
        return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(found.data()), Py_ssize_t(found.size()));
    });
}

// ---- the module ---------------------------------------------------------------------------------

// The instruction sets among ours that this processor has (and the system lets us use), best first.
// The levels are those of the x86-64 psABI: x86-64-v3 for avx2, x86-64-v4 for avx512.
PyObject* supported(PyObject*, PyObject*) {
    bool avx2 = false, avx512 = false;
#if defined(__x86_64__)
    __builtin_cpu_init();
    avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
           __builtin_cpu_supports("lzcnt") && __builtin_cpu_supports("movbe") && __builtin_cpu_supports("f16c");
    avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl");
#endif
    if (avx512) return Py_BuildValue("(sss)", "avx512", "avx2", "portable");
    if (avx2) return Py_BuildValue("(ss)", "avx2", "portable");
    return Py_BuildValue("(s)", "portable");
}

#if defined(__clang__)
constexpr const char* COMPILER = __VERSION__;  // "Clang 17.0.1", "Apple LLVM 15.0.0 …"
#else
constexpr const char* COMPILER = "GCC " __VERSION__;
#endif

// The names of a kind, in the order of their numbers; null where that fails.
template <class Kind> PyObject* names() {
    PyObject* all = PyTuple_New(Codes<Kind>::count);
    for (Py_ssize_t i = 0; all && i < Codes<Kind>::count; ++i) {
        PyObject* name = PyUnicode_FromString(Codes<Kind>::names[i]);
        if (!name || PyTuple_SetItem(all, i, name)) Py_CLEAR(all);
    }
    return all;
}

int fill(PyObject* module) {
    PyObject* codes = Py_BuildValue(
        "{sNsNsNsNsNsN}", "activations", names<Activation>(), "kernels", names<Code>(), "losses", names<LossKind>(),
        "rules", names<RuleKind>(), "penalties", names<PenaltyKind>(), "clippings", names<ClippingKind>());
    const int failed = codes ? PyModule_AddObjectRef(module, "codes", codes) : -1;
    Py_XDECREF(codes);
    return failed ? failed : PyModule_AddStringConstant(module, "compiler", COMPILER);
}

PyMethodDef methods[] = {
    {"supported", supported, METH_NOARGS, "The instruction sets of this processor, best first."},
    {"program", program, METH_VARARGS, "Make a program: words, numbers, arrays."},
    {"train", train, METH_VARARGS, "Train on batches; return how many were done."},
    {"infer", infer, METH_VARARGS, "Write the outputs for rows; return whether all are finite."},
    {"pixels", pixels, METH_VARARGS, "Read rows of pixels from their JSON."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef_Slot slots[] = {
    {Py_mod_exec, reinterpret_cast<void*>(fill)},
    {0, nullptr},
};

#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)
PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, TEXT(GLASSNET_MODULE), nullptr, 0, methods, slots, nullptr, nullptr, nullptr,
};

}  // namespace

#define INIT_OF(name) PyInit_##name
#define INIT(name) INIT_OF(name)
PyMODINIT_FUNC INIT(GLASSNET_MODULE)() { return PyModuleDef_Init(&definition); }
