/** Golden numbers that Python computed: tests/export/golden.py wrote them. */

import { expect } from "vitest";
import type { PackedArray } from "../../src/network/arrays";
import type { ModelDocument } from "../../src/network/model";
import type { NetworkDocument } from "../../src/network/network";
import layers from "./golden/layers.json";
import models from "./golden/models.json";

/** A layer as a network of one node, y: values forward and back, a list for each input. */
export interface LayerCase {
  readonly name: string;
  readonly affine: boolean;
  readonly elementwise: boolean;
  readonly network: NetworkDocument;
  readonly arrays: Readonly<Record<string, PackedArray>>;
  readonly x: readonly (readonly number[][])[];
  readonly y: readonly number[][];
  readonly dy: readonly number[][];
  readonly dx: readonly (readonly number[][])[];
}

/** A model, and what it answers to rows. */
export interface ModelCase {
  readonly name: string;
  readonly model: ModelDocument;
  readonly rows: readonly (readonly number[])[];
  readonly answers: readonly unknown[];
}

export const layerCases = layers as unknown as readonly LayerCase[];
export const modelCases = models as unknown as readonly ModelCase[];

/** Expect the same texts and shapes, and numbers that differ in their last digits only. */
export function expectSame(found: unknown, expected: unknown, where = ""): void {
  if (typeof expected === "number" && typeof found === "number") {
    const far = Math.abs(found - expected) / Math.max(1, Math.abs(expected));
    expect(far, `${where}: ${found} instead of ${expected}`).toBeLessThan(1e-11);
  } else if (typeof expected === "object" && expected !== null) {
    expect(Object.keys(found as object).sort(), where).toEqual(Object.keys(expected).sort());
    for (const [key, value] of Object.entries(expected)) {
      expectSame((found as Record<string, unknown>)[key], value, `${where}.${key}`);
    }
  } else {
    expect(found, where).toBe(expected);
  }
}
