import { describe, expect, it } from "vitest";
import { unpacked } from "../../src/network/arrays";
import { erf } from "../../src/network/erf";
import { general } from "../../src/network/general";
import { sigmoid, softmax, softplus } from "../../src/network/numbers";

describe("erf", () => {
  // To 16 digits: Abramowitz & Stegun, tables 7.1 and 7.3, and mpmath.
  it.each([
    [0, 0],
    [1e-10, 1.128379167095513e-10],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
    [5, 0.9999999999984626],
    [7, 1],
    [1e300, 1],
  ])("of %d", (x, y) => {
    expect(Math.abs(erf(x) - y)).toBeLessThanOrEqual(1e-15 * Math.max(1, Math.abs(y)));
    expect(erf(-x)).toBe(-erf(x));
  });
});

describe("numbers of any size", () => {
  it("softmax neither overflows nor loses its sum", () => {
    const p = softmax(Float64Array.of(-1e4, 0, 1e4));
    expect([...p]).toEqual([0, 0, 1]);
  });
  it("softplus and sigmoid stay finite", () => {
    expect([softplus(-1e4), softplus(1e4), sigmoid(-1e4), sigmoid(1e4)]).toEqual([0, 1e4, 0, 1]);
  });
});

describe("general", () => {
  it.each([
    [0, "0"],
    [-0, "-0"],
    [24.3, "24.3"],
    [130, "130"],
    [12346, "1.235e+04"],
    [99999, "1e+05"],
    [0.0001234567, "0.0001235"],
    [0.00001, "1e-05"],
    [-1.5e-7, "-1.5e-07"],
    [1e100, "1e+100"],
    [NaN, "nan"],
    [-Infinity, "-inf"],
  ])("writes %s as %s, which Python does", (value, text) => {
    expect(general(value, 4)).toBe(text);
  });
});

describe("unpacked", () => {
  const base64 = (bytes: readonly number[]) => btoa(String.fromCharCode(...bytes));
  it("reads float32 and float64, the least byte first", () => {
    expect([
      ...unpacked({ dtype: "float32", shape: [2], base64: base64([0, 0, 128, 63, 0, 0, 0, 192]) }),
    ]).toEqual([1, -2]);
    expect([
      ...unpacked({ dtype: "float64", shape: [1, 1], base64: base64([0, 0, 0, 0, 0, 0, 240, 63]) }),
    ]).toEqual([1]);
  });
  it("refuses an array that is cut short", () => {
    expect(() =>
      unpacked({ dtype: "float32", shape: [2], base64: base64([0, 0, 128, 63]) }),
    ).toThrow("4 bytes");
  });
});
