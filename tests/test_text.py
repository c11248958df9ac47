import numpy as np

from glassnet.text import aligned, image_text, plain


def test_texts_start_on_the_left_and_numbers_end_on_the_right() -> None:
    table = aligned(["name", "n"], [["a", "1"], ["longer", "1,000"]])
    assert table.splitlines() == ["name        n", "a           1", "longer  1,000"]


def test_a_table_without_rows_is_its_header() -> None:
    assert aligned(["name", "n"], []) == "name  n"


def test_a_row_is_one_line_whatever_it_holds() -> None:
    assert aligned(["a", "b"], [["x\ny", "\x1b[2J"]]) == "a           b\nx\\ny  \\x1b[2J"


def test_letters_of_all_scripts_and_blanks_stay() -> None:
    for text in ("", "Größe 12\u00a0cm", "全角\u3000数字", "σ² ✓ 🌱"):
        assert plain(text) == text


def test_what_could_command_a_terminal_is_escaped() -> None:
    assert plain("a\x1b[2Jb\x9b\x07\u202e\u200b\ud800\t") == (
        r"a\x1b[2Jb\x9b\x07\u202e\u200b\ud800\t"
    )


def test_an_image_goes_from_blank_to_full() -> None:
    assert image_text(np.array([[0, 0.5], [1, 0]])) == "  ++\n@@"
