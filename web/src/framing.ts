/**
 * From a drawing to a row, as the pictures were made that a network learnt from.
 *
 * This repeats src/glassnet/data/drawings.py step by step, and its names: what each step is for is
 * said there. tests/golden holds both to the same rows, to 1e-6.
 */

import type { Ink } from "./ink";
import type { ImageInputs } from "./types";

const EMPTY = 1 / 32;
const FAINT = 1 / 32;
const TINY = 1e-6;

interface Style {
  readonly height: number;
  readonly width: number;
  readonly squeezed: boolean;
  readonly byMass: boolean;
  readonly pen: number;
  readonly level: number;
}

const STYLES: Record<"mass" | "blocks", Style> = {
  mass: { height: 20 / 28, width: 20 / 28, squeezed: false, byMass: true, pen: 1.6, level: 0.75 },
  blocks: { height: 1, width: 0.75, squeezed: true, byMass: false, pen: 1.4, level: 0.7 },
};

/** A table of numbers, row by row. */
interface Grid {
  readonly height: number;
  readonly width: number;
  readonly values: Float64Array;
}

/** Where squares along an axis begin and end. */
interface Spans {
  readonly from: Float64Array;
  readonly until: Float64Array;
}

/** The picture that the network sees: pixels in 0..1, row by row; null where there is no ink. */
export function frame(ink: Ink, images: ImageInputs): Float64Array | null {
  const drawing: Grid = { ...ink, values: new Float64Array(ink.values) };
  const darkest = drawing.values.reduce((most, value) => Math.max(most, value), 0);
  if (darkest < EMPTY) return null;
  const picture =
    images.framing === ""
      ? whole(drawing, images)
      : framed(
          mapped(drawing, (value) => value / darkest),
          images,
          STYLES[images.framing],
        );
  return picture.values.map((value) => Math.min(1, Math.max(0, value)));
}

/** The same as whole numbers 0..maximum, as the training data has them. */
export function pixels(picture: Float64Array, { maximum }: ImageInputs): number[] {
  return Array.from(picture, (value) => Math.round(value * maximum));
}

function whole(drawing: Grid, { height, width }: ImageInputs): Grid {
  return means(
    drawing,
    squares(drawing.height, height / drawing.height, 1, height),
    squares(drawing.width, width / drawing.width, 1, width),
  );
}

function framed(drawing: Grid, images: ImageInputs, style: Style): Grid {
  const [rows, columns] = profiles(mapped(drawing, (value) => (value > FAINT ? 1 : 0)));
  const box = cut(drawing, ends(rows, 0), ends(columns, 0));

  const [height, width] = [style.height * images.height, style.width * images.width];
  const [tall, broad] = scale(box, height, width, style);
  const thin = style.pen - penWidth(box) * Math.sqrt(tall * broad);
  const b = 1 + Math.max(0, Math.min(thin, 1, height / 2, width / 2));
  const [down, across] = scale(box, height - b + 1, width - b + 1, style);

  const picture = means(
    box,
    squares(box.height, down, b, images.height, style.byMass),
    squares(box.width, across, b, images.width, style.byMass),
  );
  const level = sum(picture.values.map((v) => v * v)) / sum(picture.values);
  const darkest = picture.values.reduce((a, b) => Math.max(a, b), 0);
  const factor = Math.max(style.level / level, 1 / darkest);
  const raised = level < style.level ? mapped(picture, (v) => Math.min(v * factor, 1)) : picture;
  return style.byMass ? centred(raised) : raised;
}

/** The mean width of strokes in pixels: 8/π · (inked pixels) / (edges between inked and bare). */
export function penWidth(box: Grid): number {
  const inked = (y: number, x: number): boolean =>
    y >= 0 && y < box.height && x >= 0 && x < box.width && at(box.values, y * box.width + x) > 0.5;
  let [area, edges] = [0, 0];
  for (let y = 0; y <= box.height; y++) {
    for (let x = 0; x <= box.width; x++) {
      const here = inked(y, x);
      area += Number(here);
      edges += Number(here !== inked(y - 1, x)) + Number(here !== inked(y, x - 1));
    }
  }
  return ((8 / Math.PI) * area) / edges;
}

/** The mean ink of rectangles, by the exact overlap with each pixel; outside there is none. */
function means(drawing: Grid, rows: Spans, columns: Spans): Grid {
  return meansDown(transposed(meansDown(transposed(drawing), columns)), rows);
}

/** The mean over spans of the rows: differences of the running sum between pixels. */
function meansDown(grid: Grid, { from, until }: Spans): Grid {
  const { height, width, values } = grid;
  const sums = new Float64Array((height + 1) * width);
  for (let i = 0; i < values.length; i++) sums[i + width] = at(sums, i) + at(values, i);
  const sumUntil = (place: number, x: number): number => {
    const inside = Math.min(height, Math.max(0, place));
    const row = Math.min(height - 1, Math.floor(inside));
    return at(sums, row * width + x) + (inside - row) * at(values, row * width + x);
  };
  const result = new Float64Array(from.length * width);
  from.forEach((start, y) => {
    const end = at(until, y);
    for (let x = 0; x < width; x++) {
      result[y * width + x] = (sumUntil(end, x) - sumUntil(start, x)) / (end - start);
    }
  });
  return { height: from.length, width, values: result };
}

/** Pixels of the picture in one of the drawing, down and across. */
function scale(box: Grid, height: number, width: number, style: Style): [number, number] {
  const [down, across] = [height / box.height, width / box.width];
  const least = Math.min(down, across);
  return style.squeezed ? [down, least] : [least, least];
}

/** Where `count` squares of side `b` begin and end, in pixels of a box in the picture's middle. */
function squares(length: number, by: number, b: number, count: number, whole = false): Spans {
  const middle = (count - length * by) / 2;
  const start = whole ? Math.floor(middle + TINY) : middle;
  const centres = Float64Array.from({ length: count }, (_, i) => i + 0.5 - start);
  return {
    from: centres.map((centre) => (centre - b / 2) / by),
    until: centres.map((centre) => (centre + b / 2) / by),
  };
}

/** The picture, moved by whole pixels towards its centre of mass, losing nothing. */
function centred(picture: Grid): Grid {
  const [rows, columns] = profiles(picture);
  const [down, right] = [move(rows), move(columns)];
  const { height, width, values } = picture;
  const moved = new Float64Array(values.length);
  values.forEach((value, i) => {
    const y = (Math.floor(i / width) + down + height) % height;
    const x = ((i % width) + right + width) % width;
    moved[y * width + x] = value;
  });
  return { height, width, values: moved };
}

function move(profile: Float64Array): number {
  const side = profile.length;
  const centre = sum(profile.map((value, i) => value * (i + 0.5))) / sum(profile);
  const [first, end] = ends(profile, TINY);
  return Math.max(-first, Math.min(side - end, Math.floor(side / 2) - Math.floor(centre + TINY)));
}

/** The sum of each row, and of each column. */
function profiles({ height, width, values }: Grid): [Float64Array, Float64Array] {
  const [rows, columns] = [new Float64Array(height), new Float64Array(width)];
  values.forEach((value, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    rows[y] = at(rows, y) + value;
    columns[x] = at(columns, x) + value;
  });
  return [rows, columns];
}

/** From where to where a profile is above a limit. */
function ends(profile: Float64Array, limit: number): [number, number] {
  const above = (value: number): boolean => value > limit;
  return [profile.findIndex(above), profile.findLastIndex(above) + 1];
}

function cut(grid: Grid, [top, bottom]: [number, number], [left, right]: [number, number]): Grid {
  const values = new Float64Array((bottom - top) * (right - left));
  for (let y = top; y < bottom; y++) {
    const row = grid.values.subarray(y * grid.width + left, y * grid.width + right);
    values.set(row, (y - top) * (right - left));
  }
  return { height: bottom - top, width: right - left, values };
}

function transposed({ height, width, values }: Grid): Grid {
  const turned = new Float64Array(values.length);
  values.forEach((value, i) => {
    turned[(i % width) * height + Math.floor(i / width)] = value;
  });
  return { height: width, width: height, values: turned };
}

function mapped(grid: Grid, change: (value: number) => number): Grid {
  return { ...grid, values: grid.values.map(change) };
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function at(values: Float64Array, i: number): number {
  return values[i] ?? 0;
}
