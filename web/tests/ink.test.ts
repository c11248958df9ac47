import { describe, expect, test } from "vitest";

import { blank, follower, type Ink, inkOf } from "../src/ink";
import { extended, type Stroke } from "../src/strokes";

const at = (ink: Ink, x: number, y: number): number => ink.values[y * ink.width + x] ?? Number.NaN;
const total = (ink: Ink): number => ink.values.reduce((sum, value) => sum + value, 0);

const LINE: Stroke = {
  thickness: 0.1,
  points: [
    { x: 0.2, y: 0.5 },
    { x: 0.8, y: 0.5 },
  ],
};
const DOT: Stroke = { thickness: 0.2, points: [{ x: 0.5, y: 0.5 }] };

describe("a round pen", () => {
  test("covers what is within its radius, and half of what its edge crosses", () => {
    const ink = inkOf([LINE], 100); // the pen's edge lies between rows 44 and 45, 54 and 55
    expect([44, 45, 50, 54, 55].map((y) => at(ink, 50, y))).toEqual([0, 1, 1, 1, 0]);
    const half = inkOf([{ ...LINE, thickness: 0.11 }], 100);
    expect(at(half, 50, 44)).toBeCloseTo(0.5, 6);
  });

  test("has the area of a line with round ends", () => {
    expect(total(inkOf([LINE], 200)) / 200 ** 2).toBeCloseTo(0.6 * 0.1 + Math.PI * 0.05 ** 2, 3);
  });

  test("makes a dot where it is put down", () => {
    expect(total(inkOf([DOT], 200)) / 200 ** 2).toBeCloseTo(Math.PI * 0.1 ** 2, 3);
  });

  test("does not blacken where it crosses itself", () => {
    const twice = [LINE, LINE].map((stroke) => ({ ...stroke, thickness: 0.11 }));
    expect(inkOf(twice, 100)).toEqual(inkOf(twice.slice(1), 100));
  });

  test("may leave the square", () => {
    const out: Stroke = {
      thickness: 0.1,
      points: [
        { x: -0.5, y: 0.5 },
        { x: 1.5, y: 0.5 },
      ],
    };
    expect(total(inkOf([out], 100))).toBeCloseTo(1000, 6);
  });

  test("draws the same at every size, but for the steps", () => {
    const share = (side: number): number => total(inkOf([LINE], side)) / side ** 2;
    expect(share(64)).toBeCloseTo(share(256), 3);
  });
});

describe("ink that follows", () => {
  const steps: (readonly Stroke[])[] = [[{ ...LINE, points: LINE.points.slice(0, 1) }]];
  for (const x of [0.3, 0.5, 0.9]) steps.push(extended(steps.at(-1) ?? [], { x, y: 2 * x - 0.5 }));
  steps.push([...(steps.at(-1) ?? []), DOT]);

  test("is what it would be if drawn at once, point by point", () => {
    const follow = follower(80);
    for (const strokes of steps) expect(follow(strokes)).toEqual(inkOf(strokes, 80));
  });

  test("starts anew when a stroke is taken back, changed, or all is cleared", () => {
    const follow = follower(80);
    const moved = [{ ...DOT, points: [{ x: 0.1, y: 0.1 }] }];
    for (const strokes of [steps[4], steps[2], [DOT], moved, [{ ...DOT, thickness: 0.05 }], []]) {
      expect(follow(strokes ?? [])).toEqual(inkOf(strokes ?? [], 80));
    }
    expect(follow([])).toEqual(blank(80));
  });
});

test("a point extends the last stroke, and there has to be one", () => {
  const point = { x: 1, y: 1 };
  expect(extended([DOT, LINE], point)).toEqual([DOT, { ...LINE, points: [...LINE.points, point] }]);
  expect(extended([], point)).toEqual([]);
});
