/** Strokes as lines on a canvas. */

import type { Stroke } from "../strokes";

/** What of a canvas's context is used here. */
export type Pen = Pick<
  CanvasRenderingContext2D,
  | "beginPath"
  | "moveTo"
  | "lineTo"
  | "stroke"
  | "lineCap"
  | "lineJoin"
  | "lineWidth"
  | "strokeStyle"
>;

/** Draw a stroke on a square of `side` pixels. */
export function drawStroke(
  pen: Pen,
  { points, thickness }: Stroke,
  side: number,
  colour: string,
): void {
  const [first, ...rest] = points;
  if (first === undefined) return;
  pen.lineCap = pen.lineJoin = "round";
  pen.lineWidth = thickness * side;
  pen.strokeStyle = colour;
  pen.beginPath();
  pen.moveTo(first.x * side, first.y * side);
  for (const point of rest.length > 0 ? rest : [first]) pen.lineTo(point.x * side, point.y * side);
  pen.stroke();
}
