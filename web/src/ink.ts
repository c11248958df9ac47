/** Strokes as ink: how much of each pixel a round pen covered. */

import type { Point, Stroke } from "./strokes";

/** Grey values in 0..1, row by row; 1 is ink. */
export interface Ink {
  readonly height: number;
  readonly width: number;
  readonly values: Float32Array;
}

/** Pixels along the side of a drawing. Pictures of 28 pixels are made of it, so 8 to each. */
export const SIDE = 224;

export function blank(side = SIDE): Ink {
  return { height: side, width: side, values: new Float32Array(side * side) };
}

export function inkOf(strokes: readonly Stroke[], side = SIDE): Ink {
  const ink = blank(side);
  for (const stroke of strokes) addStroke(ink, stroke);
  return ink;
}

/** Add a stroke, or what of it begins with the point `from`, to ink that is changed in place. */
export function addStroke(ink: Ink, { points, thickness }: Stroke, from = 0): void {
  const radius = (thickness * ink.width) / 2;
  points.slice(from).forEach((point, i) => {
    addSegment(ink, points[from + i - 1] ?? point, point, radius);
  });
}

/**
 * Cover what lies within `radius` pixels of the line from a to b.
 *
 * A pixel whose centre is d from the line is covered by radius + ½ - d, cut off at 0 and 1. Where
 * ink is already, the darker stays: a pen does not blacken its own line by crossing it.
 */
function addSegment(ink: Ink, a: Point, b: Point, radius: number): void {
  const [ax, ay] = [a.x * ink.width - 0.5, a.y * ink.height - 0.5];
  const [bx, by] = [b.x * ink.width - 0.5, b.y * ink.height - 0.5];
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const reach = radius + 0.5;
  const top = Math.max(0, Math.ceil(Math.min(ay, by) - reach));
  const bottom = Math.min(ink.height - 1, Math.floor(Math.max(ay, by) + reach));
  const left = Math.max(0, Math.ceil(Math.min(ax, bx) - reach));
  const right = Math.min(ink.width - 1, Math.floor(Math.max(ax, bx) + reach));
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const along = length === 0 ? 0 : ((x - ax) * dx + (y - ay) * dy) / length;
      const t = Math.min(1, Math.max(0, along));
      const distance = Math.hypot(x - ax - t * dx, y - ay - t * dy);
      const covered = Math.min(1, reach - distance);
      const at = y * ink.width + x;
      if (covered > (ink.values[at] ?? 0)) ink.values[at] = covered;
    }
  }
}

/** Ink that follows strokes as they grow: only what is new is added. What it gives changes later. */
export function follower(side = SIDE): (strokes: readonly Stroke[]) => Ink {
  let ink = blank(side);
  let drawn: readonly Stroke[] = [];
  return (strokes) => {
    if (!drawn.every((stroke, i) => begins(stroke, strokes[i]))) {
      ink = blank(side);
      drawn = [];
    }
    strokes.forEach((stroke, i) => {
      addStroke(ink, stroke, drawn[i]?.points.length ?? 0);
    });
    drawn = strokes;
    return ink;
  };
}

/** Whether the points of one stroke are the first of another, which may go on. */
function begins(stroke: Stroke, longer: Stroke | undefined): boolean {
  const { points, thickness } = stroke;
  if (longer === undefined || longer.thickness !== thickness) return false;
  return points[0] === longer.points[0] && points.at(-1) === longer.points[points.length - 1];
}
