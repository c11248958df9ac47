// What a program can name. Each thing has the number of its place in a list here; the module tells
// Python the lists, in the names of its classes, and nobody writes a number down a second time.
#pragma once

namespace glassnet {

#define GLASSNET_ACTIVATIONS(X)                                                                        \
    X(identity, Identity) X(sigmoid, Sigmoid) X(tanh, Tanh) X(relu, ReLU) X(leaky_relu, LeakyReLU)     \
    X(elu, ELU) X(gelu, GELU) X(silu, SiLU) X(softplus, Softplus)
#define GLASSNET_KERNELS(X)                                                                            \
    X(dense, Dense) X(elementwise, Elementwise) X(softmax, Softmax) X(dropout, Dropout)                \
    X(batch_norm, BatchNorm) X(layer_norm, LayerNorm) X(standardize, Standardize) X(add, Add)          \
    X(concatenate, Concatenate)
#define GLASSNET_LOSSES(X)                                                                             \
    X(mean_squared, MeanSquaredError) X(half_squared, HalfSquaredError)                                \
    X(mean_absolute, MeanAbsoluteError) X(huber, Huber) X(sigmoid_ce, SigmoidCrossEntropy)             \
    X(softmax_ce, SoftmaxCrossEntropy)
#define GLASSNET_RULES(X)                                                                              \
    X(sgd, SGD) X(momentum, Momentum) X(nesterov, Nesterov) X(rmsprop, RMSprop) X(adagrad, Adagrad)    \
    X(adam, Adam) X(adamw, AdamW)
#define GLASSNET_PENALTIES(X) X(l1, L1) X(l2, L2) X(max_norm, MaxNorm)
#define GLASSNET_CLIPPINGS(X) X(none, NoneType) X(value, ClipValue) X(norm, ClipNorm)

// For each kind: its enum, how many there are, and their names.
template <class Kind> struct Codes;
#define GLASSNET_ENTRY(entry, name) entry,
#define GLASSNET_NAME(entry, name) #name,
#define GLASSNET_KIND(Kind, LIST)                                   \
    enum class Kind { LIST(GLASSNET_ENTRY) };                       \
    template <> struct Codes<Kind> {                                \
        static constexpr const char* names[] = {LIST(GLASSNET_NAME)}; \
        static constexpr int count = sizeof names / sizeof *names;  \
    };
GLASSNET_KIND(Activation, GLASSNET_ACTIVATIONS)
GLASSNET_KIND(Code, GLASSNET_KERNELS)
GLASSNET_KIND(LossKind, GLASSNET_LOSSES)
GLASSNET_KIND(RuleKind, GLASSNET_RULES)
GLASSNET_KIND(PenaltyKind, GLASSNET_PENALTIES)
GLASSNET_KIND(ClippingKind, GLASSNET_CLIPPINGS)
#undef GLASSNET_KIND
#undef GLASSNET_NAME
#undef GLASSNET_ENTRY

}  // namespace glassnet
