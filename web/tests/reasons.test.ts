import { expect, test } from "vitest";

import { largest, reasonsOf, region, scaleOf } from "../src/reasons";

const view = { exact: true, from_mean: false, names: ["a", "b"], values: [1, 2], rest: 0 };

test("the reasons are those of the inputs, the last of the views", () => {
  const question = { answer: "3", against: "8", score: 1 };
  const hidden = { ...view, node: "relu_1", parts: [9, 9] };
  const first = { ...view, node: "input_1", parts: [0.5, null] };
  const [reasons, ...more] = reasonsOf({ questions: [{ ...question, views: [hidden, first] }] });
  expect(reasons).toEqual({
    answer: "3",
    against: "8",
    parts: [0.5, 0],
    exact: true,
    fromMean: false,
  });
  expect(more).toEqual([]);
  expect(reasonsOf({ questions: [{ ...question, views: [] }] })).toEqual([]);
});

test("standardised inputs count from their means, whatever their layer is called", () => {
  const seen = { ...view, from_mean: true, node: "scaler", parts: [1, 2] };
  const named = { ...view, node: "standardize_1", parts: [1, 2] };
  const fromMean = [seen, named].map((one) => {
    const questions = [{ answer: "y", against: null, score: 1, views: [one] }];
    return reasonsOf({ questions })[0]?.fromMean;
  });
  expect(fromMean).toEqual([true, false]);
});

test("the largest parts come first, by size, and nothing that is nothing", () => {
  expect(largest([1, -3, 0, 2], 9)).toEqual([1, 3, 0]);
  expect(largest([1, -3, 0, 2], 2)).toEqual([1, 3]);
});

test("the scale is the largest size", () => {
  expect(scaleOf([1, -3])).toBe(3);
  expect(scaleOf([0, 0])).toBe(1);
});

test("the place of what speaks for, and against, by thirds", () => {
  const parts = new Array<number>(36).fill(0);
  parts[0 * 6 + 5] = 2; // upper right
  parts[3 * 6 + 2] = -1; // the middle
  expect(region(parts, 6, 6, 1)).toBe(2);
  expect(region(parts, 6, 6, -1)).toBe(4);
  expect(region(parts.map(Math.abs), 6, 6, -1)).toBeNull();
});
