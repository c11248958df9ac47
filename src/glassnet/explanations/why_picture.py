"""The reasons of an answer as a picture: what speaks for it is blue, what against it orange."""

from __future__ import annotations

from functools import partial
from textwrap import wrap

import numpy as np

from glassnet.data.meaning import Images
from glassnet.explanations.step import largest
from glassnet.explanations.why_data import WhyData
from glassnet.explanations.why_text import answered, trust
from glassnet.plots.picture import BLUE, GREY, ORANGE, Canvas, Picture

BARS, BAR_HEIGHT, TITLE = 12, 0.32, 75


def picture_of(why: WhyData) -> Picture:
    """Draw an image beside its pixels' contributions, or the features' contributions as bars."""
    if isinstance(why.inputs, Images):
        return Picture(7.2, 4.0, partial(_images, why=why, images=why.inputs))
    bars = min(BARS, why.inputs.size)
    height = (1.4 + BAR_HEIGHT * bars) * len(why.questions)
    return Picture(8.0, height, partial(_bars, why=why))


def _images(canvas: Canvas, why: WhyData, images: Images) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    shape, question = (images.height, images.width), why.questions[0]
    parts = question.views[-1].of.parts.reshape(shape)
    most = float(np.abs(parts).max()) or 1.0
    canvas.suptitle(_title(why), x=0.02, ha="left", fontsize=11, fontweight="bold")
    left, right = canvas.subplots(1, 2)
    left.imshow(why.x.reshape(shape), cmap="gray_r", vmin=0, vmax=1)
    left.set_title("the image", fontsize=10)
    colors = LinearSegmentedColormap.from_list("contributions", [ORANGE, "white", BLUE])
    drawn = right.imshow(parts, cmap=colors, vmin=-most, vmax=most)
    right.set_title(str(question), fontsize=10)
    for axes in (left, right):
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_color(GREY)
    bar = canvas.colorbar(drawn, ax=right, shrink=0.75, ticks=[-most, 0, most])
    bar.ax.set_yticklabels([f"for {question.against}", "0", f"for {question.answer}"])
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)
    right.set_xlabel(trust(question.views[-1]), fontsize=8, color=GREY)


def _bars(canvas: Canvas, why: WhyData) -> None:
    canvas.suptitle(_title(why), x=0.02, ha="left", fontsize=11, fontweight="bold")
    panels = canvas.subplots(len(why.questions), 1, squeeze=False)[:, 0]
    for axes, question in zip(panels, why.questions, strict=True):
        view = question.views[-1]
        chosen = largest(view.of.parts, BARS)[::-1]
        parts = view.of.parts[chosen]
        axes.barh(
            [view.names[i] for i in chosen],
            parts,
            color=[BLUE if part > 0 else ORANGE for part in parts],
        )
        axes.axvline(0, color=GREY, lw=0.8)
        axes.set_title(f"{question}  S = {question.score:.4g}", loc="left", fontsize=10)
        axes.set_xlabel(trust(view), fontsize=8, color=GREY)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)


def _title(why: WhyData) -> str:
    return "\n".join(wrap(answered(why), TITLE))
