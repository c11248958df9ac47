/** Learning with units missing: of it, nothing is left in answering. */

import { single } from "../layer";

/** y = x */
export const Dropout = single(
  (x) => x,
  (dy) => dy,
  { affine: true },
);
