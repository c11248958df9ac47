import math

import pytest

from glassnet.explanations.formula import Formula, as_latex, column, written

WEIGHTED = Formula("‹x›·‹W› + ‹b›")


def test_letters_and_numbers() -> None:
    assert str(WEIGHTED) == "x·W + b"
    assert WEIGHTED.filled({"x": 0.5, "W": 2, "b": 1.23456}) == "0.5·2 + 1.235"


def test_a_minus_gets_brackets_where_it_follows_a_sign_or_is_squared() -> None:
    assert WEIGHTED.filled({"x": -1, "W": -2, "b": -3}) == "-1·(-2) + (-3)"
    assert Formula("‹z›²").filled({"z": -2}) == "(-2)²"
    assert Formula("max(‹z›, 0)").filled({"z": -2}) == "max(-2, 0)"


def test_what_is_almost_one_is_not_written_as_one() -> None:
    log = Formula("-1·ln(‹p›)")
    assert log.filled({"p": 1 - 5.96e-7}) == "-1·ln(0.999999404)"
    assert log.filled({"p": 1}) == "-1·ln(1)"


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("Σ_d x[d]·W[d,7] + b[7]", r"\sum_{d} x_{d}\cdot W_{d,7} + b_{7}"),
        ("∂L/∂a·a'(z)", r"\frac{∂L}{∂a}\cdot a'(z)"),
        ("∂L/∂W[d,0]", r"\frac{∂L}{∂W_{d,0}}"),
        ("max(z, 0)", r"\max (z, 0)"),
        ("1e-08", r"1\cdot 10^{-8}"),
        ("½·|y - t|²", r"\tfrac12 \cdot \vert y - t\vert ^2"),
        ("√(v) + ε", r"\sqrt{v} + ε"),
    ],
)
def test_latex(text: str, latex: str) -> None:
    assert as_latex(text) == latex


def test_zero_has_no_sign() -> None:
    assert written(-0.0) == "0"
    assert column([-0.0, 1]) == ["0.0000", "1.0000"]


def test_columns_have_as_many_decimals_each() -> None:
    assert column([1.5, -0.25]) == [" 1.5000", "-0.2500"]
    assert column([0.012343, -0.00025]) == [" 0.01234", "-0.00025"]
    assert column([1e-9, 2]) == ["0.0000", "2.0000"]
    assert column([1e-9, 2e-9]) == ["1.000e-09", "2.000e-09"]
    assert column([math.nan, 1]) == ["   nan", "1.0000"]
    assert column([]) == []
