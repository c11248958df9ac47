import { describe, expect, it } from "vitest";
import { unpackedAll } from "../../src/network/arrays";
import { LAYERS } from "../../src/network/layers";
import { backward, forward, networkOf, numbersOf } from "../../src/network/network";
import { expectSame, type LayerCase, layerCases } from "./golden";

const row = (rows: readonly number[][] | undefined, n: number) =>
  Float64Array.from(rows?.[n] ?? []);

/** Run one row forward, and what the golden dy says back. */
function run({ network: document, arrays, x, dy }: LayerCase, n: number) {
  const network = networkOf(document, unpackedAll(arrays));
  const values = forward(network, new Map(network.inputs.map((name, k) => [name, row(x[k], n)])));
  const gradients = backward(network, values, "y", row(dy, n));
  return {
    y: numbersOf(values, "y"),
    dx: network.inputs.map((name) => numbersOf(gradients, name)),
  };
}

describe.each(layerCases)("$name", (golden) => {
  it("goes forward as in Python", () => {
    golden.y.forEach((y, n) => expectSame(Array.from(run(golden, n).y), y));
  });

  it("goes back as in Python", () => {
    golden.dx.forEach((dxs, k) =>
      dxs.forEach((dx, n) => expectSame(Array.from(run(golden, n).dx[k] ?? []), dx)),
    );
  });

  it("says of itself what Python's says", () => {
    const layer = LAYERS.get(String(golden.network.layers["y"]?.["class"]));
    expect(layer?.affine).toBe(golden.affine);
    expect(layer?.elementwise).toBe(golden.elementwise);
  });

  it("is elementwise where it says so", () => {
    const { layers } = golden.network;
    const layer = LAYERS.get(String(layers["y"]?.["class"]));
    if (!layer?.elementwise) return;
    const x = row(golden.x[0], 0);
    const whole = run(golden, 0).y;
    const at = { settings: layers["y"] ?? {}, arrays: {}, shape: [1], from: [[1]] };
    x.forEach((v, i) => expect(layer.forward([Float64Array.of(v)], at)[0]).toBe(whole[i]));
  });

  it("is affine where it says so, and only there", () => {
    const layer = LAYERS.get(String(golden.network.layers["y"]?.["class"]));
    const middle = golden.x.map((xs) => [
      (xs[0] ?? []).map((v, i) => (v + (xs[1]?.[i] ?? NaN)) / 2),
    ]);
    const y = run({ ...golden, x: middle }, 0).y;
    const expected = Array.from(
      y,
      (_, i) => ((golden.y[0]?.[i] ?? NaN) + (golden.y[1]?.[i] ?? NaN)) / 2,
    );
    const far = Math.max(...expected.map((v, i) => Math.abs(v - (y[i] ?? NaN))));
    expect(far < 1e-9).toBe(layer?.affine);
  });
});

it("has no layer that the goldens lack", () => {
  const known = new Set(layerCases.map((golden) => golden.network.layers["y"]?.["class"]));
  expect([...LAYERS.keys()].filter((name) => !known.has(name))).toEqual([]);
});

it("names a layer that it does not know", () => {
  const [golden] = layerCases;
  const network = { ...golden!.network, layers: { y: { class: "constructor" } } };
  expect(() => networkOf(network, new Map())).toThrow("no layer constructor");
});
