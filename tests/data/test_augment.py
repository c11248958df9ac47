"""Augment: pictures drawn otherwise, the same whenever they are asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

import glassnet as gn
from glassnet.data import augment as augment_module
from glassnet.data.augment import LIMITS, Augment, _Brush, from_config
from glassnet.types import Array

NOTHING = Augment(shift=0, turn=0, scale=0, slant=0, stroke=0, elastic=0)
SQUARE = gn.Images(28, 28)


def blobs(count: int = 150, images: gn.Images = SQUARE, seed: int = 0) -> gn.Pixels:
    """Draw pictures of soft spots, with paper around them."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: images.height, : images.width]
    height, width = images.height, images.width
    spots = [
        np.exp(-((y - rng.uniform(0.3, 0.7) * height) ** 2) / (height / 8) ** 2)
        * np.exp(-((x - rng.uniform(0.3, 0.7) * width) ** 2) / (width / 8) ** 2)
        for _ in range(count)
    ]
    return gn.Pixels(np.rint(255 * np.stack(spots)).astype(np.uint8).reshape(count, -1))


def centre(pixels: gn.Pixels) -> Array:
    """Return the centre of mass of each picture: (N, 2)."""
    x = np.asarray(pixels).reshape(-1, 28, 28)
    place = np.arange(28) - 13.5
    mass = x.sum(axis=(1, 2))
    return np.stack([(x.sum(axis=2) @ place) / mass, (x.sum(axis=1) @ place) / mass], axis=1)


def test_nothing_changes_nothing() -> None:
    x = blobs()
    np.testing.assert_array_equal(NOTHING(x).bytes, x.bytes)


def test_the_given_pictures_stay_as_they_are() -> None:
    x = blobs()
    before = x.bytes.copy()
    x.bytes.flags.writeable = False
    assert not np.shares_memory(Augment()(x).bytes, x.bytes)
    np.testing.assert_array_equal(x.bytes, before)


def test_it_is_the_same_for_a_seed_and_an_epoch_and_another_for_others() -> None:
    x = blobs()
    one = Augment()(x, seed=3, epoch=5).bytes
    np.testing.assert_array_equal(one, Augment()(x, seed=3, epoch=5).bytes)
    for seed, epoch in ((3, 6), (4, 5), (5, 3)):
        assert (Augment()(x, seed=seed, epoch=epoch).bytes != one).any(axis=1).all()


def test_a_row_s_picture_depends_on_nothing_but_seed_epoch_and_row() -> None:
    x = blobs()
    whole = Augment()(x, seed=1, epoch=2).bytes
    np.testing.assert_array_equal(Augment()(x.rows(slice(97)), seed=1, epoch=2).bytes, whole[:97])
    others = gn.Pixels(blobs(seed=9).bytes.copy())
    others.bytes[120] = x.bytes[120]
    np.testing.assert_array_equal(Augment()(others, seed=1, epoch=2).bytes[120], whole[120])


def test_rows_of_the_same_picture_become_different_ones() -> None:
    same = gn.Pixels(np.repeat(blobs(1).bytes, 300, axis=0))
    assert len(np.unique(Augment()(same).bytes, axis=0)) == 300


@pytest.mark.parametrize("images", [SQUARE, gn.Images(20, 31), gn.Images(8, 8, 16)])
def test_the_one_look_up_is_that_of_scipy_at_the_place_of_the_formula(images: gn.Images) -> None:
    augment = Augment(stroke=0, shift=0.1, turn=30, scale=0.4, slant=25)
    x = blobs(5, images)
    if images.maximum < 255:
        x = gn.Pixels((x.bytes // 16).astype(np.uint8), images.maximum)
    brush = _Brush(augment, images)
    chance = brush.chance([1, 2], 0).astype(float)[:5]
    made = augment(x, images, seed=1, epoch=2).bytes.reshape(5, images.height, images.width)
    for n in range(5):
        looked = map_coordinates(
            x.bytes[n].reshape(images.height, images.width).astype(float),
            places(augment, images, chance[n]), order=1, mode="grid-constant",
        )  # fmt: skip
        assert abs(made[n] - looked).max() < 0.55  # of rounding to bytes


def places(augment: Augment, images: gn.Images, chance: Array) -> Array:
    """Where each pixel looks, written down as in the docstring: (2, height, width)."""
    _, turn, slant, high, wide, down, across, bend = chance[:8]
    side = max(images.height, images.width)
    θ, k = np.radians(augment.turn * turn), np.tan(np.radians(augment.slant * slant))
    scale = np.diag([(1 + augment.scale) ** -high, (1 + augment.scale) ** -wide])
    A = scale @ [[1, 0], [-k, 1]] @ [[np.cos(θ), np.sin(θ)], [-np.sin(θ), np.cos(θ)]]
    c = (np.array([images.height, images.width]) - 1) / 2
    t = augment.shift * side * np.array([down, across])
    p = np.mgrid[: images.height, : images.width].astype(float)
    q = np.einsum("ab,bij->aij", A, p - (c + t)[:, None, None]) + c[:, None, None]
    σ = augment.smooth * side
    g = [
        np.exp(-((np.arange(n)[:, None] - (n - 1) / 2 - reach(n, σ)) ** 2) / (2 * σ**2))
        for n in (images.height, images.width)
    ]
    noise = chance[8:].reshape(2, g[0].shape[1], g[1].shape[1])
    α = augment.elastic * side * abs(bend) / np.sqrt(np.pi / 3)
    e = np.einsum("ik,akl,jl->aij", g[0], noise, g[1])
    looks: Array = q + α * e
    return looks


def reach(length: int, σ: float) -> Array:
    most = int(np.ceil((length - 1) / 2 / σ)) + 2
    return np.arange(-most, most + 1) * σ


def test_elastic_displacements_are_those_of_noise_smoothed_by_a_gaussian() -> None:
    """In spread and in covariance, at the middle and at the edge."""
    augment = replace(NOTHING, elastic=0.05, smooth=1 / 7)
    brush = _Brush(augment, SQUARE)
    chance = np.concatenate([brush.chance([0, 0], block) for block in range(60)])
    chance[:, 7] = 1
    qy, qx = brush._looks(chance)
    pixels = np.mgrid[:28, :28] + 1
    for e in (qy - pixels[0], qx - pixels[1]):
        assert e.std(axis=0) == pytest.approx(0.05 * 28, rel=0.06)
        for at in (14, 0):
            alike = (e[:, at, :1] * e[:, at]).mean(axis=0) / 1.4**2
            np.testing.assert_allclose(alike, np.exp(-(np.arange(28) ** 2) / 4**2 / 4), atol=0.06)


def test_a_shift_moves_the_centre_by_at_most_so_much() -> None:
    x = blobs(400)
    moved = centre(replace(NOTHING, shift=0.1)(x)) - centre(x)
    assert 2.5 < abs(moved).max() < 2.9
    assert abs(moved.mean(axis=0)).max() < 0.25
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.2


def test_a_stroke_gets_thicker_or_thinner() -> None:
    bars = np.zeros((400, 28, 28), np.uint8)
    bars[:, 6:22, 12:16] = 255
    x = gn.Pixels(bars.reshape(400, -1))
    ink = np.asarray(replace(NOTHING, stroke=1.5 / 28)(x)).reshape(-1, 28, 28)[:, 14].sum(axis=1)
    assert 6.6 < ink.max() <= 7
    assert 1 <= ink.min() < 1.4
    assert abs(ink.mean() - 4) < 0.3


@pytest.mark.parametrize("setting", [name for name in LIMITS if name != "smooth"])
def test_every_setting_does_something_by_itself(setting: str) -> None:
    x = blobs()
    amount: Any = {"turn": 15, "slant": 15}.get(setting, 0.1)
    made = replace(NOTHING, **{setting: amount})(x)
    assert 0.002 < abs(np.asarray(made) - np.asarray(x)).mean() < 0.1


@pytest.mark.parametrize("setting", LIMITS)
@pytest.mark.parametrize("wrong", [-0.1, 181, np.nan, "1", None])
def test_a_setting_out_of_its_range_is_refused(setting: str, wrong: Any) -> None:
    with pytest.raises(gn.SettingError, match=f"Augment expects {setting} in"):
        replace(NOTHING, **{setting: wrong})


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(gn.DataError, match=r"as bytes, got floats. Give them as"):
        Augment()(np.zeros((3, 784)))  # type: ignore[arg-type]
    odd = gn.Pixels(np.zeros((3, 600), np.uint8))
    with pytest.raises(gn.DataError, match="600 pixels are no square"):
        Augment()(odd)
    with pytest.raises(gn.DataError, match="expects pictures of 28 x 28 pixels, got rows of 600"):
        Augment()(odd, SQUARE)
    assert Augment(images=gn.Images(20, 30))(odd).shape == (3, 600)
    with pytest.raises(gn.SettingError, match="images expects"):
        Augment(images=(28, 28))  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 2**63}, {"epoch": -1}, {"epoch": 0.5}])
def test_what_is_no_seed_or_epoch_is_refused(wrong: Any) -> None:
    with pytest.raises(gn.SettingError):
        Augment()(blobs(2), **wrong)


def test_its_description_gives_it_back() -> None:
    augment = Augment(turn=3, images=SQUARE)
    assert from_config(augment.config()) == replace(augment, images=None)
    for wrong in ({"bend": 1}, {"turn": 999}, None, [1], {"images": None}):
        with pytest.raises(gn.SettingError):
            from_config(wrong)


def test_pictures_too_many_for_float32_to_count_are_looked_up_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = blobs()
    small = Augment()(x).bytes
    monkeypatch.setattr(augment_module, "COUNTED", 1000)
    assert _Brush(NOTHING, SQUARE).dtype == np.float64
    assert abs(Augment()(x).bytes.astype(int) - small).max() <= 1
