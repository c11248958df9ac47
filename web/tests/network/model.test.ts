import { describe, expect, it } from "vitest";
import { local } from "../../src/network/local";
import { Model } from "../../src/network/model";
import type { ClassAnswer } from "../../src/types";
import { expectSame, modelCases } from "./golden";

describe.each(modelCases)("$name", ({ model: document, rows, answers }) => {
  const model = new Model(document);

  it("answers as the model in Python, and says why", () => {
    rows.forEach((row, n) => expectSame(model.answer(row, true), answers[n]));
  });

  it("says why only where that is asked", () => {
    expect(model.answer(rows[0] ?? [])).not.toHaveProperty("explanation");
  });

  it("says in numbers what it says in words", () => {
    const [row = []] = rows;
    const told = model.answer(row);
    const numbers =
      "class" in told
        ? Object.values(told.probabilities)
        : Object.values(told.values).map(({ value }) => value);
    expect(model.figures(row).slice(0, numbers.length)).toEqual(numbers);
    expect(model.figures(row)).toHaveLength(numbers.length + 1);
  });

  it("refuses rows of another length, and what is no number", async () => {
    const [row = []] = rows;
    for (const wrong of [
      [],
      row.slice(1),
      [...row, 1],
      [NaN, ...row.slice(1)],
      [Infinity, ...row.slice(1)],
    ]) {
      const asked = local(model, "m", "").predict("m", [wrong], false);
      await expect(asked).rejects.toMatchObject({ code: "unusable-rows" });
    }
  });
});

it("goldens hold every kind of doubt, and rows without any", () => {
  const codes = modelCases.flatMap(({ answers }) =>
    answers.flatMap((answer) =>
      (answer as { unsure_because: { code: string }[] }).unsure_because.map((d) => d.code),
    ),
  );
  expect(new Set(codes)).toEqual(new Set(["unlike-training", "not-probable", "outside-range"]));
  expect(
    modelCases.some(({ answers }) => answers.some((answer) => (answer as { sure: boolean }).sure)),
  ).toBe(true);
});

describe("a model without experience", () => {
  const [first] = modelCases;
  const model = new Model({ ...first!.model, experience: null });

  it("does not know whether it is sure", () => {
    expect(model.answer(first!.rows[0] ?? [])).toMatchObject({ sure: null, unsure_because: [] });
  });
});

describe("labels that are names of JavaScript's own", () => {
  const found = modelCases.find(({ name }) => name === "softmax")!;
  const labels = ["__proto__", "constructor", "</script>"];
  const model = new Model({
    ...found.model,
    outputs: { kind: "classes", labels, link: "softmax" },
  });

  it("are labels like others", () => {
    expect(Object.keys((model.answer(found.rows[0] ?? []) as ClassAnswer).probabilities)).toEqual(
      labels,
    );
  });
});

it("answers under the name it was given", async () => {
  const { model, rows } = modelCases[0]!;
  const said = await local(new Model(model), "mine", "sha256:1").predict("mine", rows, false);
  expect(said.model).toEqual({ name: "mine", hash: "sha256:1" });
  expect(said.answers).toHaveLength(rows.length);
});

it("refuses pixels that are no whole numbers up to the maximum", () => {
  const found = modelCases.find(({ name }) => name === "images")!;
  const model = new Model(found.model);
  const [row = []] = found.rows;
  for (const pixel of [-1, 0.5, 17])
    expect(() => model.answer([pixel, ...row.slice(1)])).toThrow("whole numbers");
});
