/** What a layer is, as it answers: what it does only while it learns is left out. */

import type { Numbers, Shape, Vector } from "./numbers";

/** A layer's place in a network. */
export interface Place {
  /** Its hyper-parameters, as the model file has them. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly arrays: Readonly<Record<string, Numbers>>;
  /** Of its output. */
  readonly shape: Shape;
  /** Of each of its inputs. */
  readonly from: readonly Shape[];
}

/** The mathematics of one class of layers, row by row. The letters are those of the Python docstrings. */
export interface Layer {
  /** y of its inputs. */
  forward(xs: readonly Vector[], at: Place): Vector;
  /** dx of each input, from dy and what went forward. */
  backward(dy: Vector, y: Vector, xs: readonly Vector[], at: Place): readonly Vector[];
  /** Whether y is a weighted sum of x and a constant. */
  readonly affine: boolean;
  /** Whether each number of y depends on the same number of x alone. */
  readonly elementwise: boolean;
}

/** A layer of one input. */
export function single(
  forward: (x: Vector, at: Place) => Vector,
  backward: (dy: Vector, y: Vector, x: Vector, at: Place) => Vector,
  { affine = false, elementwise = false } = {},
): Layer {
  return {
    forward: (xs, at) => forward(only(xs), at),
    backward: (dy, y, xs, at) => [backward(dy, y, only(xs), at)],
    affine,
    elementwise,
  };
}

/** A layer that works number by number: y(x) and its slope y'(x), for which y may be of use. */
export function elementwise(
  value: (x: number, at: Place) => number,
  slope: (x: number, y: number, at: Place) => number,
): Layer {
  return single(
    (x, at) => x.map((v) => value(v, at)),
    (dy, y, x, at) => dy.map((d, n) => d * slope(x[n] ?? 0, y[n] ?? 0, at)),
    { elementwise: true },
  );
}

/** A hyper-parameter that is a number. */
export function setting(at: Place, name: string): number {
  const value = at.settings[name];
  if (typeof value !== "number") throw new Error(`The layer lacks its setting ${name}.`);
  return value;
}

/** An array of the layer's own. */
export function array(at: Place, name: string): Numbers {
  const values = at.arrays[name];
  if (values === undefined) throw new Error(`The layer lacks its array ${name}.`);
  return values;
}

function only<T>(all: readonly T[]): T {
  const [one] = all;
  if (one === undefined || all.length > 1)
    throw new Error(`The layer takes one input, got ${all.length}.`);
  return one;
}
