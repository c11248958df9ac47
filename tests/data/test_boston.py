from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from glassnet.data.boston import FILE, boston, fetch_boston
from glassnet.data.download import VARIABLE
from glassnet.errors import DataError, DownloadError, FileError

ROOMS = 6.2846 + np.linspace(-1, 1, 506)
PRICES = 22.5328 + 9 * np.linspace(-1, 1, 506)


def csv(rooms: Any = ROOMS, prices: Any = PRICES, header: str = '"rm","b","medv"') -> str:
    lines = [f"{rm},396.9,{medv}" for rm, medv in zip(rooms, prices, strict=True)]
    return "\n".join([header, *lines])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / FILE
    path.write_text(csv())
    return path


def test_only_rooms_and_prices_are_read_and_the_warning_is_there(file: Path) -> None:
    data = boston(file)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [354, 76, 76]
    assert (data.inputs.size, data.outputs.size) == (1, 1)
    np.testing.assert_allclose(data.train.t - 22.5328, 9 * (np.asarray(data.train.x) - 6.2846))
    assert data.warning is not None
    assert "racist" in data.warning


def test_the_own_folder_comes_before_openml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "boston").mkdir()
    (tmp_path / "boston" / FILE).write_text(csv())
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert fetch_boston() == tmp_path / "boston" / FILE
    assert len(boston().train) == 354


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (csv(header="rooms,b,medv"), "columns rm and medv: KeyError"),
        (csv(rooms=["six"] * 506), "columns rm and medv: ValueError"),
        ("rm,b,medv\n6.1", "columns rm and medv: TypeError"),
        (csv(ROOMS[1:], PRICES[1:]), "not the Boston housing table.* got 505 rows"),
        (csv(PRICES, ROOMS), "not the Boston housing table"),
        ("", "not the Boston housing table.* got 0 rows"),
        ("rm,b,medv\n\xff", "columns rm and medv"),
    ],
)
def test_another_table_is_refused(file: Path, content: str, message: str) -> None:
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError, match=message):
        boston(file)


def test_a_missing_file_is_a_file_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"Cannot read .*none\.csv"):
        boston(tmp_path / "none.csv")


def test_openml_is_asked_for_its_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fetch_openml(**asked: object) -> SimpleNamespace:
        assert asked["data_id"] == 531
        columns = np.column_stack([ROOMS * 0, ROOMS]).astype(object)
        return SimpleNamespace(data=columns, target=PRICES, feature_names=["B", "RM"])

    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch_openml)
    assert boston().inputs.size == 1
    assert fetch_boston() == tmp_path


@pytest.mark.parametrize("error", [OSError("no network"), ValueError("md5 checksum")])
def test_openml_out_of_reach_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fetch_openml(**_: object) -> None:
        raise error

    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch_openml)
    with pytest.raises(DownloadError, match=rf"{error}\. Put {FILE} .* set {VARIABLE}"):
        boston()


@pytest.mark.data("boston/BostonHousing.csv")
def test_the_real_table_is_the_published_one(real_data: Path) -> None:
    data = boston(real_data / "boston" / FILE)
    t = np.concatenate([data.train.t, data.validation.t, data.test.t])
    assert t.mean() == pytest.approx(22.5328, abs=1e-4)
