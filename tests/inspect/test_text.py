import numpy as np

from glassnet.inspect.text import aligned, image_text


def test_texts_start_on_the_left_and_numbers_end_on_the_right() -> None:
    table = aligned(["name", "n"], [["a", "1"], ["longer", "1,000"]])
    assert table.splitlines() == ["name        n", "a           1", "longer  1,000"]


def test_a_table_without_rows_is_its_header() -> None:
    assert aligned(["name", "n"], []) == "name  n"


def test_an_image_goes_from_blank_to_full() -> None:
    assert image_text(np.array([[0, 0.5], [1, 0]])) == "  ++\n@@"
