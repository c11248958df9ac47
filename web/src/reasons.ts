/** What an explanation says of the inputs, ready to be shown. */

import type { Explanation, Question, View } from "./types";

/** A question with what the inputs add to its answer. */
export interface Reasons {
  readonly answer: string;
  readonly against: string | null;
  /** One an input; positive speaks for the answer. */
  readonly parts: readonly number[];
  /** Whether the parts and a constant add up to the score. */
  readonly exact: boolean;
  /** Whether the inputs count from their means: the network standardises them first. */
  readonly fromMean: boolean;
}

export function reasonsOf({ questions }: Explanation): readonly Reasons[] {
  return questions.flatMap((question) => {
    const view = question.views.at(-1);
    return view === undefined ? [] : [ofInputs(question, view)];
  });
}

function ofInputs({ answer, against }: Question, view: View): Reasons {
  const parts = view.parts.map((part) => part ?? 0);
  return {
    answer,
    against,
    parts,
    exact: view.exact,
    fromMean: view.from_mean,
  };
}

/** The indices of the `most` largest parts, by size, the largest first; none that is 0. */
export function largest(parts: readonly number[], most: number): readonly number[] {
  return parts
    .map((part, i) => [Math.abs(part), i] as const)
    .filter(([size]) => size > 0)
    .sort(([a], [b]) => b - a)
    .slice(0, most)
    .map(([, i]) => i);
}

/** The largest size of a part; 1 where all are 0. */
export function scaleOf(parts: readonly number[]): number {
  return parts.reduce((most, part) => Math.max(most, Math.abs(part)), 0) || 1;
}

/** Where in the picture most of what speaks for (sign 1) or against (-1) lies: 0..8, by thirds, row by row. */
export function region(
  parts: readonly number[],
  height: number,
  width: number,
  sign: 1 | -1,
): number | null {
  const sums = new Array<number>(9).fill(0);
  parts.forEach((part, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    const place = 3 * Math.floor((3 * y) / height) + Math.floor((3 * x) / width);
    sums[place] = (sums[place] ?? 0) + Math.max(0, sign * part);
  });
  const most = Math.max(...sums);
  return most > 0 ? sums.indexOf(most) : null;
}
