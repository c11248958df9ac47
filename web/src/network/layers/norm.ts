/** Numbers brought to mean 0 and spread 1: by running statistics, by row, or by what the data was. */

import { array, single, setting } from "../layer";
import type { Numbers, Vector } from "../numbers";

/** z = (x - μ) / √(var + ε)   y = γ z + β      μ, var: the running statistics */
export const BatchNorm = single(
  (x, at) => {
    const [γ, β] = [array(at, "gamma"), array(at, "beta")];
    const [μ, var_, ε] = [
      array(at, "running_mean"),
      array(at, "running_var"),
      setting(at, "epsilon"),
    ];
    return x.map((v, n) => (of(γ, n) * (v - of(μ, n))) / Math.sqrt(of(var_, n) + ε) + of(β, n));
  },
  (dy, _, _x, at) => {
    const [γ, var_, ε] = [array(at, "gamma"), array(at, "running_var"), setting(at, "epsilon")];
    return dy.map((d, n) => (d * of(γ, n)) / Math.sqrt(of(var_, n) + ε));
  },
  { affine: true },
);

/**
 * z = (x - μ) / σ   y = γ z + β      μ, σ: of the row
 * dx = (g - mean g - z · mean(g z)) / σ      g = γ dy
 */
export const LayerNorm = single(
  (x, at) => {
    const [γ, β] = [array(at, "gamma"), array(at, "beta")];
    return standard(x, setting(at, "epsilon")).z.map((v, n) => of(γ, n) * v + of(β, n));
  },
  (dy, _, x, at) => {
    const { z, σ } = standard(x, setting(at, "epsilon"));
    const γ = array(at, "gamma");
    const g = dy.map((d, n) => d * of(γ, n));
    const through = mean(g.map((v, n) => v * of(z, n)));
    const along = mean(g);
    return g.map((v, n) => (v - along - of(z, n) * through) / σ);
  },
);

/** y = (x - mean) / std */
export const Standardize = single(
  (x, at) => {
    const [μ, σ] = [array(at, "mean"), array(at, "std")];
    return x.map((v, n) => (v - of(μ, n)) / of(σ, n));
  },
  (dy, _, _x, at) => {
    const σ = array(at, "std");
    return dy.map((d, n) => d / of(σ, n));
  },
  { affine: true },
);

function standard(x: Vector, ε: number): { z: Vector; σ: number } {
  const μ = mean(x);
  const σ = Math.sqrt(mean(x.map((v) => (v - μ) ** 2)) + ε);
  return { z: x.map((v) => (v - μ) / σ), σ };
}

function mean(x: Vector): number {
  return x.reduce((a, b) => a + b, 0) / x.length;
}

function of(values: Numbers, n: number): number {
  return values[n] ?? NaN;
}
