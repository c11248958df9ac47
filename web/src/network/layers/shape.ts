/** Rows of any shape become rows of numbers. */

import { single } from "../layer";

/** The same numbers in the same order: a row is kept flat as it is. */
export const Flatten = single(
  (x) => x,
  (dy) => dy,
  { affine: true },
);
