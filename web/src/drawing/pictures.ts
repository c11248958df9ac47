/** Small pictures as colours, one pixel of a canvas for one of the network's. */

import { scaleOf } from "../reasons";
import { between, type Colour, type Colours } from "./colours";

/** Red, green, blue and opacity of each pixel, as ImageData has them. */
export type Paint = Uint8ClampedArray<ArrayBuffer>;

/** The picture that the network sees: pixels in 0..1, from paper to ink. */
export function seen(picture: ArrayLike<number>, { paper, ink }: Colours): Paint {
  return paint(picture.length, (i) => between(paper, ink, picture[i] ?? 0));
}

/** How much of the ink shines through beneath the colours of the reasons. */
const FAINT = 0.2;

/** What each pixel added: towards one colour for the answer, towards the other against it. */
export function spoken(
  parts: readonly number[],
  picture: ArrayLike<number>,
  { paper, ink, ...sides }: Colours,
): Paint {
  const most = scaleOf(parts);
  return paint(parts.length, (i) => {
    const part = (parts[i] ?? 0) / most;
    const beneath = between(paper, ink, FAINT * (picture[i] ?? 0));
    return between(beneath, part > 0 ? sides.for : sides.against, Math.sqrt(Math.abs(part)));
  });
}

function paint(pixels: number, colourOf: (i: number) => Colour): Paint {
  const painted = new Uint8ClampedArray(4 * pixels);
  for (let i = 0; i < pixels; i++) {
    const { red, green, blue } = colourOf(i);
    painted.set([red, green, blue, 255], 4 * i);
  }
  return painted;
}
