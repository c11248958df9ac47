from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from glassnet.data import datasets
from glassnet.data.download import VARIABLE
from glassnet.errors import DataError, MissingExtraError
from glassnet.recipes.datasets import all_rows, boston_or_patients, mnist_or_digits


@pytest.mark.usefixtures("embedded")
def test_what_is_not_here_is_named_and_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    assert mnist_or_digits(download=False).name == "digits"
    patients = boston_or_patients(download=False)
    out = capsys.readouterr().out
    assert "MNIST is not on this machine, so this uses the 1,797 digits" in out
    assert "Boston housing is not on this machine, so this uses 442 patients" in out
    assert out.count(f"Set {VARIABLE}") == 2
    x, t = all_rows(patients)
    assert x.shape == t.shape == (442, 1)
    assert (x.min().round(1), x.max().round(1)) == (3.3, 6.1)
    assert np.array_equal((t.min(), t.max()), (2.5, 34.6))


@pytest.mark.usefixtures("embedded")
def test_without_pooch_there_is_no_cache_to_look_into(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(name: str) -> Path:
        raise MissingExtraError(name)

    monkeypatch.setattr("glassnet.recipes.datasets.cache_folder", lacking)
    assert mnist_or_digits(download=False).name == "digits"


@pytest.mark.usefixtures("embedded")
def test_a_folder_that_lacks_files_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mnist").mkdir()
    (tmp_path / "boston").mkdir()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert mnist_or_digits(download=False).name == "digits"
    assert boston_or_patients(download=False).name == "diabetes"


def test_a_warning_is_filled(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = replace(datasets.load("diabetes"), description="Prices.", warning="Much to say. " * 20)
    monkeypatch.setattr("glassnet.recipes.datasets.datasets.load", lambda _: told)
    boston_or_patients(download=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("Warning: Much to say.")
    assert max(map(len, lines)) <= 100


def test_another_table_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "boston").mkdir()
    (tmp_path / "boston/BostonHousing.csv").write_text("rm,medv\n6,20\n")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(DataError, match="not the Boston housing table"):
        boston_or_patients(download=False)


@pytest.mark.data("mnist", "boston/BostonHousing.csv")
def test_real_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(mnist_or_digits(download=False).train) == 50_000
    assert len(all_rows(boston_or_patients(download=False))[0]) == 506
    assert "Warning: Boston housing carries" in capsys.readouterr().out
