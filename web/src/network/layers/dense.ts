/** Every output sees every input. */

import { array, single } from "../layer";
import { zeros } from "../numbers";

/** yₘ = Σ_d x_d W_dₘ + bₘ   dx_d = Σₘ dyₘ W_dₘ      W: (D, M), row by row */
export const Dense = single(
  (x, at) => {
    const W = array(at, "W");
    const M = at.shape[0] ?? 0;
    const b = at.arrays["b"];
    const y = b ? Float64Array.from(b) : zeros(M);
    for (let d = 0; d < x.length; d++) {
      const v = x[d] ?? 0;
      if (v === 0) continue; // most of a picture is paper
      for (let m = 0, k = d * M; m < M; m++, k++) y[m] = (y[m] ?? 0) + v * (W[k] ?? 0);
    }
    return y;
  },
  (dy, _, x, at) => {
    const W = array(at, "W");
    const M = dy.length;
    return x.map((_, d) => {
      let sum = 0;
      for (let m = 0, k = d * M; m < M; m++, k++) sum += (dy[m] ?? 0) * (W[k] ?? 0);
      return sum;
    });
  },
  { affine: true },
);
