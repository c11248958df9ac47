/** The bends between two affine maps. */

import { erf } from "../erf";
import { elementwise, setting, single } from "../layer";
import { dot, sigmoid, softmax, softplus } from "../numbers";

/** y = x */
export const Identity = {
  ...single(
    (x) => x,
    (dy) => dy,
    { affine: true },
  ),
  elementwise: true,
};

/** y = 1 / (1 + e⁻ˣ)   y' = y (1 - y) */
export const Sigmoid = elementwise(sigmoid, (_, y) => y * (1 - y));

/** y = tanh x   y' = 1 - y² */
export const Tanh = elementwise(Math.tanh, (_, y) => 1 - y * y);

/** y = max(x, 0)   y' = 1 where x > 0, else 0 */
export const ReLU = elementwise(
  (x) => Math.max(x, 0),
  (x) => (x > 0 ? 1 : 0),
);

/** y = x where x > 0, else slope · x */
export const LeakyReLU = elementwise(
  (x, at) => (x > 0 ? x : setting(at, "slope") * x),
  (x, _, at) => (x > 0 ? 1 : setting(at, "slope")),
);

/** y = x where x > 0, else α (eˣ - 1)   y' = 1 where x > 0, else y + α */
export const ELU = elementwise(
  (x, at) => (x > 0 ? x : setting(at, "alpha") * Math.expm1(x)),
  (x, y, at) => (x > 0 ? 1 : y + setting(at, "alpha")),
);

/** y = x Φ(x)   y' = Φ(x) + x φ(x) */
export const GELU = elementwise(
  (x) => x * Φ(x),
  (x) => Φ(x) + x * Math.exp(-0.5 * x * x) * (1 / Math.sqrt(2 * Math.PI)),
);

/** y = x σ(x)   y' = s + x s (1 - s)   s = σ(x) */
export const SiLU = elementwise(
  (x) => x * sigmoid(x),
  (x) => sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x)),
);

/** y = ln(1 + eˣ)   y' = σ(x) */
export const Softplus = elementwise(softplus, sigmoid);

/** yᵢ = e^xᵢ / Σⱼ e^xⱼ along the last axis   dxᵢ = yᵢ (dyᵢ - Σⱼ dyⱼ yⱼ) */
export const Softmax = single(
  (x, at) => along(at.shape, (part) => softmax(x.subarray(...part))),
  (dy, y, _, at) =>
    along(at.shape, (part) => {
      const [d, shares] = [dy.subarray(...part), y.subarray(...part)];
      const mean = dot(d, shares);
      return shares.map((share, n) => share * ((d[n] ?? 0) - mean));
    }),
);

/** The chance that a normal draw lies below x. */
function Φ(x: number): number {
  return 0.5 * (1 + erf(x * Math.SQRT1_2));
}

/** Put together what comes of each stretch of the last axis, from its start to its end. */
function along(
  shape: readonly number[],
  of: (part: [number, number]) => Float64Array,
): Float64Array {
  const size = shape.reduce((a, b) => a * b, 1);
  const last = shape.at(-1) ?? 1;
  const all = new Float64Array(size);
  for (let start = 0; start < size; start += last) all.set(of([start, start + last]), start);
  return all;
}
