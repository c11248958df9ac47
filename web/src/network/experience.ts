/** Experience: what the rows that a network learnt from were like, and where the known ends. */

import type { Doubt } from "../types";
import { type PackedArray, unpacked } from "./arrays";
import { general } from "./general";
import type { Inputs } from "./meaning";
import { dot, type Numbers, type Vector } from "./numbers";

/** What `Experience.to_file` of the Python package gives, the arrays in base64. */
export interface ExperienceDocument {
  readonly noise: number;
  readonly most_unlike: number;
  readonly most_outside: number;
  readonly least_probability: number;
  readonly arrays: Readonly<Record<ArrayName, PackedArray>>;
}

type ArrayName = "low" | "high" | "center" | "scale" | "axes" | "variances";

export interface Experience extends Omit<ExperienceDocument, "arrays"> {
  readonly low: Numbers;
  readonly high: Numbers;
  readonly center: Numbers;
  readonly scale: Numbers;
  /** (K, D), row by row. */
  readonly axes: Numbers;
  readonly variances: Numbers;
}

/** So many features of a row are named at most for being outside their range. */
const MOST_OUTSIDE = 10;

export function experienceOf({ arrays, ...limits }: ExperienceDocument): Experience {
  return {
    ...limits,
    low: unpacked(arrays.low),
    high: unpacked(arrays.high),
    center: unpacked(arrays.center),
    scale: unpacked(arrays.scale),
    axes: unpacked(arrays.axes),
    variances: unpacked(arrays.variances),
  };
}

/**
 * How unlike the training rows a row is; about 1 for rows like them.
 *
 * z = (x - center) / scale        uₖ = axesₖ · z
 * unlikeness = (|z|² / σ² - Σₖ uₖ² (1 / σ² - 1 / variancesₖ)) / D
 *
 * It is infinite for what is too large to compute with.
 */
export function unlikeness(experience: Experience, x: Vector): number {
  const { center, scale, axes, variances, noise } = experience;
  const D = x.length;
  const z = x.map((v, d) => (v - (center[d] ?? NaN)) / (scale[d] ?? NaN));
  let sum = dot(z, z) / noise;
  variances.forEach((variance, k) => {
    const u = dot(z, axes.subarray(k * D, (k + 1) * D));
    sum -= u * u * (1 / noise - 1 / variance);
  });
  const score = sum / D;
  return score < Infinity ? Math.max(score, 0) : Infinity;
}

/**
 * Why the answer to a row is not to be relied on; empty where it is.
 *
 * x            the row in its units, pixels as 0..1
 * probability  of the answer; null for values
 */
export function doubts(
  experience: Experience,
  inputs: Inputs,
  x: Vector,
  probability: number | null,
): Doubt[] {
  const { most_unlike: most, least_probability: least } = experience;
  const score = unlikeness(experience, x);
  const found: Doubt[] = [];
  if (score > most) {
    const what = inputs.kind === "images" ? "the image is" : "the values, taken together, are";
    const limits = `unlikeness ${general(score, 3)}, the limit is ${general(most, 3)}`;
    found.push({
      code: "unlike-training",
      message: `${what} unlike what the network learnt from (${limits})`,
    });
  }
  if (probability !== null && probability < least) {
    const shares = `${percent(probability)} (the limit is ${percent(least)})`;
    found.push({ code: "not-probable", message: `the likeliest class has only ${shares}` });
  }
  return inputs.kind === "images" ? found : [...found, ...outside(experience, inputs.names, x)];
}

/** Each feature that is further outside the range of the training rows than their own spread explains. */
function outside(
  { low, high, scale, most_outside }: Experience,
  names: readonly string[],
  x: Vector,
): Doubt[] {
  const found: Doubt[] = [];
  x.forEach((v, d) => {
    const [least, most] = [low[d] ?? NaN, high[d] ?? NaN];
    const slack = most_outside * (scale[d] ?? NaN);
    if (v >= least - slack && v <= most + slack) return;
    const name = names[d] ?? "";
    const range = `${general(least, 12)}..${general(most, 12)}`;
    const message = `${name} ${general(v, 12)} is outside ${range}, which is what the network learnt from`;
    found.push({ code: "outside-range", input: name, message });
  });
  return found.slice(0, MOST_OUTSIDE);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
