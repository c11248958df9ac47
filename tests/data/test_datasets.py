import subprocess
import sys
from pathlib import Path

import pytest

from glassnet.data import datasets, mnist
from glassnet.data.dataset import Dataset
from glassnet.errors import SettingError

FETCHED = ["mnist", "fashion-mnist", "boston"]
AT_HAND = [name for name in datasets.names() if name not in FETCHED]


@pytest.mark.parametrize("name", AT_HAND)
def test_what_is_at_hand_loads_under_its_name(name: str) -> None:
    data = datasets.load(name)
    assert isinstance(data, Dataset)
    assert data.name == name
    assert data.description == datasets.describe(name)
    assert data.warning is None
    assert datasets.fetch(name) is None


@pytest.mark.parametrize("name", datasets.names())
def test_a_description_is_one_line(name: str) -> None:
    assert 10 < len(datasets.describe(name)) <= 80
    assert "\n" not in datasets.describe(name)


def test_options_reach_the_data_set() -> None:
    assert len(datasets.load("moons", rows=12, noise=0, seed=1).train) == 12


@pytest.mark.parametrize("call", [datasets.load, datasets.describe, datasets.fetch])
def test_an_unknown_name_gets_a_hint(call: object) -> None:
    with pytest.raises(SettingError, match=r"no data set 'mnits'\. Did you mean 'mnist'"):
        call("mnits")  # type: ignore[operator]


def test_a_list_is_no_name() -> None:
    with pytest.raises(SettingError, match=r"no data set \['iris'\]\. Did you mean 'iris'"):
        datasets.load(["iris"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "message"), [("moons", "Did you mean 'noise'"), ("digits", "Known: none")]
)
def test_an_unknown_option_gets_a_hint(name: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        datasets.load(name, nois=1)


def test_fetch_answers_where_the_files_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mnist").mkdir()
    for file in mnist.MNIST.sha256:
        (tmp_path / "mnist" / file).touch()
    monkeypatch.setenv("GLASSNET_DATA", str(tmp_path))
    assert datasets.fetch("mnist") == tmp_path / "mnist"


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = "{'sklearn', 'scipy', 'pooch', 'requests', 'pandas', 'safetensors'}"
    script = f"import sys, glassnet.data; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
