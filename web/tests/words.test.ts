import { describe, expect, test } from "vitest";

import { read } from "../src/components/FormPage";
import { number, percent, plain, signed, step, withUnit } from "../src/format";
import { firstLanguage, TEXTS } from "../src/texts";

describe("numbers", () => {
  test.each([
    [0, "0%"],
    [0.0004, "< 0.1%"],
    [0.5, "50%"],
    [0.1234, "12.3%"],
    [0.9996, "> 99.9%"],
    [1, "100%"],
  ] as const)("a probability of %d is %s", (probability, text) => {
    expect(percent(probability, "en")).toBe(text);
  });

  test("four digits count, three beside a sign", () => {
    expect(number(24.31867, "en")).toBe("24.32");
    expect(signed(-0.073351, "en")).toBe("−0.0734");
    expect(signed(8.1123, "en")).toBe("+8.11");
    expect(withUnit("3", "")).toBe("3");
    expect(withUnit("3", "cm")).toBe("3 cm");
  });

  test("a field holds what people would write", () => {
    expect(plain(4.300000190734863)).toBe("4.3");
    expect(plain(1e-7)).toBe("1e-7");
    expect(plain(20260101)).toBe("20260101");
    expect(plain(1700047873.25)).toBe("1700047873.25");
  });

  test.each([
    [4.3, 7.7, 0.02],
    [0, 100, 1],
    [19, 79, 0.5],
    [0, 1, 0.01],
    [0, 20_000, 200],
    [3, 3, 1],
    [1, 0, 1],
  ] as const)("from %d to %d a slider goes by %d", (low, high, by) => {
    expect(step(low, high)).toBe(by);
  });

  test.each([
    ["5.1", 5.1],
    [" 5,1 ", 5.1],
    ["-0,5", -0.5],
    ["1e3", 1000],
    ["0", 0],
    ["", null],
    [" ", null],
    ["abc", null],
    ["1,000,000", null],
    ["Infinity", null],
  ] as const)("%j is read as %j", (text, value) => {
    expect(read(text)).toBe(value);
  });
});

describe("languages", () => {
  test("what was chosen goes before what the browser has, and English after both", () => {
    expect(firstLanguage("en", ["zh-CN"])).toBe("en");
    expect(firstLanguage(null, ["fr-FR", "zh-Hant-TW", "en"])).toBe("zh");
    expect(firstLanguage("xx", ["fr"])).toBe("en");
  });

  test("every doubt and every place has words in each", () => {
    const [first, ...others] = Object.values(TEXTS);
    for (const texts of others) {
      expect(Object.keys(texts.because)).toEqual(Object.keys(first?.because ?? {}));
      expect(texts.regions).toHaveLength(9);
    }
  });
});
