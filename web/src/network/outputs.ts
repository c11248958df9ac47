/** What a network's outputs say: probabilities of classes, or values in their units. */

import type { Classes, Values } from "./meaning";
import { softmax, softplus, type Vector } from "./numbers";

/**
 * The probability of each class, by the link that the classes name.
 *
 * Under "identity", outputs of which none is above 0 leave all classes equally likely.
 */
export function probabilities(y: Vector, { link }: Classes): Vector {
  if (link === "identity") {
    const e = y.map((v) => Math.max(v, 0));
    const total = e.reduce((a, b) => a + b, 0);
    return e.map((v) => (total > 0 ? v / total : 1 / y.length));
  }
  if (link === "softmax") return softmax(y);
  const z = y[0] ?? NaN;
  const both = y.length === 1 ? Float64Array.of(-z, z) : y;
  return softmax(both.map((v) => -softplus(-v))); // log σ, whose softmax is σ / Σ σ without underflow
}

/** The index of the answer: the first of the largest outputs; under one logit, its sign. */
export function chosen(y: Vector): number {
  const [z = NaN] = y;
  return y.length === 1 ? Number(z > 0) : y.indexOf(y.reduce((a, b) => Math.max(a, b), -Infinity));
}

/** y · std + mean */
export function inUnits(y: Vector, { mean, std }: Values): Vector {
  return y.map((v, m) => v * (std[m] ?? 1) + (mean[m] ?? 0));
}
