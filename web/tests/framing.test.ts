import { describe, expect, test } from "vitest";

import { frame, penWidth, pixels } from "../src/framing";
import { blank } from "../src/ink";
import type { ImageInputs } from "../src/types";

interface Golden {
  readonly ink: { readonly height: number; readonly width: number; readonly values: number[] };
  readonly images: ImageInputs;
  readonly row: number[];
}

const golden = import.meta.glob<Golden>("./golden/*.json", { eager: true, import: "default" });
const DIGITS: ImageInputs = { kind: "images", height: 8, width: 8, maximum: 16, framing: "blocks" };

describe("a drawing becomes the row that Python makes of it", () => {
  test("there are pictures of every framing", () => {
    const framings = new Set(Object.values(golden).map(({ images }) => images.framing));
    expect(framings).toEqual(new Set(["mass", "blocks", ""]));
  });

  test.each(Object.entries(golden))("%s", (_, { ink, images, row }) => {
    const made = frame({ ...ink, values: Float32Array.from(ink.values) }, images);
    expect(made).toHaveLength(row.length);
    const off = row.map((value, i) => Math.abs(value - (made?.[i] ?? Number.NaN)));
    expect(Math.max(...off)).toBeLessThan(1e-6);
  });
});

test("what is empty has no picture", () => {
  expect(frame(blank(), DIGITS)).toBeNull();
  const faint = blank();
  faint.values.fill(0.03);
  expect(frame(faint, DIGITS)).toBeNull();
});

test("pixels are whole numbers up to the maximum", () => {
  expect(pixels(Float64Array.of(0, 0.03, 0.04, 1), DIGITS)).toEqual([0, 0, 1, 16]);
});

test("the pen's width is that of a bar, as seen from every direction", () => {
  const bar = new Float64Array(100 * 4).fill(1);
  expect(penWidth({ height: 100, width: 4, values: bar })).toBeCloseTo(
    (8 / Math.PI) * (400 / 208),
    9,
  );
});
