/** The numbers that a network computes with. */

/** One row of a value, its last axis running fastest. */
export type Vector = Float64Array;

/** What a model keeps: in the precision that it has them. */
export type Numbers = Float32Array | Float64Array;

/** Of one row, without the axis of the batch. */
export type Shape = readonly number[];

export function zeros(size: number): Vector {
  return new Float64Array(size);
}

/** Σₙ aₙ bₙ */
export function dot(a: Vector | Numbers, b: Vector | Numbers): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += (a[n] ?? 0) * (b[n] ?? 0);
  return sum;
}

/** e^x / Σ e^x; the largest x is taken off first, so that nothing overflows. */
export function softmax(x: Vector): Vector {
  const largest = x.reduce((a, b) => Math.max(a, b), -Infinity);
  const e = x.map((v) => Math.exp(v - largest));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / total);
}

/** 1 / (1 + e⁻ˣ) */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** ln(1 + eˣ), for numbers of any size. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
