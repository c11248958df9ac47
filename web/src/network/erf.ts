/** The error function, to the last digits of a double. */

/**
 * erf x = 2/√π ∫₀ˣ e^(-t²) dt
 *
 *     erf x = 2/√π e^(-x²) Σₙ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n+1))
 *
 * No two terms differ in sign, so nothing cancels. From 6 on it is 1 but for 2e-17.
 * Source: Abramowitz & Stegun, Handbook of Mathematical Functions (1964), 7.1.6.
 */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
