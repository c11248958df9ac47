"""Draws the pictures to which the page's framing is held: web/tests/golden/*.json.

    python scripts/draw_golden.py [--check]

Each file holds a drawing's ink, the images it is framed for, and the row that
`glassnet.data.drawings.frame` makes of it. With --check nothing is written: exits with status 1
where a file is not what would be written.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.strokes import Drawing  # noqa: E402

from glassnet.data import Images  # noqa: E402
from glassnet.data.drawings import frame  # noqa: E402
from glassnet.types import Array  # noqa: E402

GOLDEN = ROOT / "web" / "tests" / "golden"

MASS = Images(28, 28, framing="mass")
BLOCKS = Images(8, 8, maximum=16, framing="blocks")
WHOLE = Images(28, 28)


def ink(digit: int, side: int = 48, variant: int = 0, **how: float | tuple[float, float]) -> Array:
    return Drawing(digit, variant, **how).ink(side)  # type: ignore[arg-type]


def dot() -> Array:
    picture = np.zeros((40, 40))
    picture[30:34, 3:7] = 1
    return picture


def hatched(side: int = 60) -> Array:
    """Fine lines with paper between: pale and even once it is small."""
    picture = np.zeros((side, side))
    picture[8:50, 10:45] = np.indices((42, 35)).sum(axis=0) % 3 == 0
    return picture


CASES: dict[str, tuple[Array, Images]] = {
    "thin": (ink(2, 64, size=0.8, thickness=0.02), MASS),
    "thick": (ink(3, thickness=0.13), MASS),
    "tiny": (ink(5, size=0.2, place=(0.3, 0.6), thickness=0.04), MASS),
    "huge": (ink(8, 80, size=0.95, thickness=0.07), MASS),
    "off-centre": (ink(6, size=0.5, place=(0.75, 0.3)), MASS),
    "slanted": (ink(7, size=0.7, variant=1, slant=0.4), MASS),
    "pale": (ink(4, variant=1).astype(np.float64) * 0.4, MASS),
    "narrow": (ink(1, 64, thickness=0.03), MASS),
    "dot": (dot(), MASS),
    "at-the-border": (np.pad(ink(9), ((0, 0), (0, 0)))[4:40, 14:34], MASS),
    "wide": (ink(0).T[::2], MASS),
    "hatched": (hatched(), MASS),
    "mnist-size": (ink(2, 28, thickness=0.1), MASS),
    "blocks": (ink(2, thickness=0.09), BLOCKS),
    "blocks-hatched": (hatched(), BLOCKS),
    "blocks-odd": (ink(6, 57, size=0.37, place=(0.4, 0.7), slant=0.3), BLOCKS),
    "blocks-thin": (ink(4, 64, size=0.5, slant=0.2, thickness=0.02), BLOCKS),
    "blocks-wide": (ink(0).T[::2], BLOCKS),
    "whole": (ink(7, 40, variant=2), WHOLE),
    "whole-smaller": (ink(5, 20, variant=1, thickness=0.1)[:17], WHOLE),
}


def document(drawing: Array, images: Images) -> str:
    """One case as JSON; what is framed is the ink as it is written."""
    values = np.round(drawing.astype(np.float64), 2)
    height, width = values.shape
    return json.dumps(
        {
            "ink": {"height": height, "width": width, "values": numbers(values)},
            "images": images.to_json(),
            "row": numbers(np.round(frame(values, images).astype(np.float64), 6)),
        },
        separators=(",", ":"),
    )


def numbers(array: Array) -> list[float | int]:
    return [int(value) if value == int(value) else value for value in array.reshape(-1).tolist()]


def main() -> None:
    stale = []
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, case in CASES.items():
        path, text = GOLDEN / f"{name}.json", document(*case) + "\n"
        if "--check" not in sys.argv:
            path.write_text(text, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            stale.append(name)
    if stale:
        sys.exit(f"Not as drawn now: {', '.join(stale)}. Run: python scripts/draw_golden.py")


if __name__ == "__main__":
    main()
