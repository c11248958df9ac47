"""Files that every version before this one wrote still say what they said when they were kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import glassnet as gn
from glassnet.nn import layers
from glassnet.nn.losses import LOSSES

from .asking import ANSWERS, GALLERY, answers

VERSIONS = sorted(path.parent for path in GALLERY.glob(f"*/{ANSWERS}"))


@pytest.mark.parametrize("folder", VERSIONS, ids=lambda folder: folder.name)
def test_what_was_kept_says_what_it_said(folder: Path) -> None:
    assert_alike(answers(folder), json.loads((folder / ANSWERS).read_text()), folder.name)


def assert_alike(found: Any, kept: Any, where: str) -> None:
    """Compare JSON; another machine may sum in another order, so that numbers are only near."""
    if isinstance(kept, dict):
        assert found.keys() >= kept.keys(), where
        for name, part in kept.items():
            assert_alike(found[name], part, f"{where}/{name}")
    elif isinstance(kept, list):
        assert len(found) == len(kept), where
        for n, part in enumerate(kept):
            assert_alike(found[n], part, f"{where}/{n}")
    elif isinstance(kept, float):
        assert found == pytest.approx(kept, rel=1e-4, abs=1e-6), where
    else:
        assert found == kept, where


def test_there_is_one_of_every_layer_and_of_every_loss() -> None:
    seen, learnt_by = set(), set()
    for path in GALLERY.glob("*/models/*.safetensors"):
        model = gn.load(path)
        seen |= {type(layer).__name__ for layer in model.network.layers.values()}
        losses = model.provenance.get("settings", {}).get("losses", {})
        learnt_by |= {loss["class"] for loss in losses.values()}
    assert seen == set(layers.__all__)
    assert learnt_by == set(LOSSES)
