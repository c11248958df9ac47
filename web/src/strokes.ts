/** What was drawn, kept as lines: points in a unit square, x to the right and y down. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Stroke {
  /** The pen's diameter, as a part of the square's side. */
  readonly thickness: number;
  readonly points: readonly Point[];
}

export const THINNEST = 0.01;
export const THICKEST = 0.16;
export const USUAL = 0.07;

/** The strokes with one more point of the last of them. */
export function extended(strokes: readonly Stroke[], point: Point): readonly Stroke[] {
  const last = strokes.at(-1);
  if (last === undefined) return strokes;
  return [...strokes.slice(0, -1), { ...last, points: [...last.points, point] }];
}
