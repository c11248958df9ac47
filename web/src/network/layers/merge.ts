/** Where branches of a network meet. */

import type { Layer, Place } from "../layer";
import { type Vector, zeros } from "../numbers";

/** y = Σₖ xₖ   dxₖ = dy */
export const Add: Layer = {
  forward: ([first = zeros(0), ...others]) =>
    others.reduce((sum, x) => sum.map((v, n) => v + (x[n] ?? NaN)), first),
  backward: (dy, _, xs) => xs.map(() => dy),
  affine: true,
  elementwise: false,
};

/** y = [x₁ x₂ … x_K] along the last axis */
export const Concatenate: Layer = {
  forward: (xs, at) => {
    const y = zeros(at.shape.reduce((a, b) => a * b, 1));
    for (const { part, to } of stretches(xs, at)) y.set(part, to);
    return y;
  },
  backward: (dy, _, xs, at) => {
    const dxs = xs.map((x) => zeros(x.length));
    for (const { k, part, from, to } of stretches(xs, at))
      dxs[k]?.set(dy.subarray(to, to + part.length), from);
    return dxs;
  },
  affine: true,
  elementwise: false,
};

interface Stretch {
  readonly k: number;
  readonly part: Vector;
  readonly from: number;
  readonly to: number;
}

/** Each stretch of an input's last axis: of which input it is, and where it begins in that and in y. */
function* stretches(xs: readonly Vector[], at: Place): Generator<Stretch> {
  const width = at.shape.at(-1) ?? 1;
  let before = 0;
  for (const [k, x] of xs.entries()) {
    const own = at.from[k]?.at(-1) ?? 1;
    for (let from = 0, to = before; from < x.length; from += own, to += width) {
      yield { k, part: x.subarray(from, from + own), from, to };
    }
    before += own;
  }
}
