"""The same computation with the arrays of another library.

array_api_strict allows nothing but the array API standard, which NumPy, CuPy and others follow. JAX
traces what is computed, which fails where a number itself is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

from glassnet.nn.frame import SPECIAL

NAMESPACES = (
    "array_api_strict",
    # JAX has threads of its own, beside which no other test may fork.
    pytest.param("jax.numpy", marks=[pytest.mark.alone, pytest.mark.jax]),
)
PRECISIONS = {"float64": 1e-12, "float32": 1e-5}

by_namespace = pytest.mark.parametrize("namespace", NAMESPACES)
by_precision = pytest.mark.parametrize("dtype", PRECISIONS)


def computed(namespace: str, function: Callable[..., Any], *given: Any) -> Any:
    """Return function(xp, *given), with the arrays of that namespace on the way, as NumPy's.

    given, result   arrays and numbers, also in lists, tuples and dicts
    """
    if namespace == "jax.numpy":
        jax = pytest.importorskip("jax", reason="needs JAX: pip install 'glassnet[jax]'")
        with jax.enable_x64(True):
            traced = jax.jit(lambda *arrays: function(jax.numpy, *arrays))
            return jax.tree.map(np.asarray, traced(*given))
    xp = pytest.importorskip(namespace, reason="needs array-api-strict: pip install '.[test]'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SPECIAL, namespace, __name__)
        result = function(xp, *mapped(np.ndarray, xp.asarray, given))
    return mapped(type(xp.asarray(0)), np.from_dlpack, result)


def mapped(kind: type, function: Callable[[Any], Any], tree: Any) -> Any:
    """Return the same lists, tuples and dicts around what a function makes of things of a kind."""
    if isinstance(tree, dict):
        return {name: mapped(kind, function, value) for name, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(mapped(kind, function, value) for value in tree)
    return function(tree) if isinstance(tree, kind) else tree


def erf(x: Any) -> Any:
    """Return SciPy's erf for arrays of array_api_strict, which has no special functions."""
    return x.__array_namespace__().asarray(scipy.special.erf(np.from_dlpack(x)))


def in_dtype(dtype: str, tree: Any) -> Any:
    """Return the same with all floats in arrays of one precision."""
    return mapped(np.ndarray, lambda a: a.astype(dtype) if a.dtype.kind == "f" else a, tree)


def expect_alike(found: Any, wanted: Any, dtype: str) -> None:
    """Compare lists, tuples and dicts of arrays: names, shapes, precision, and numbers."""
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys()
        for name, value in wanted.items():
            expect_alike(found[name], value, dtype)
    elif isinstance(wanted, list | tuple):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            expect_alike(one, other, dtype)
    else:
        assert found.dtype == wanted.dtype == dtype
        assert found.shape == wanted.shape
        size = max(1.0, float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0)))
        np.testing.assert_allclose(found, wanted, rtol=0, atol=PRECISIONS[dtype] * size)
