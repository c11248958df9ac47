import { expect, test, vi } from "vitest";

import { latest } from "../src/latest";
import { Refusal } from "../src/types";

/** A line whose questions are answered when the test says so, in the order in which they come. */
function line(next: (question: number) => number | null = () => null) {
  const open: { question: number; resolve(answer: string): void; reject(error: unknown): void }[] =
    [];
  const told: string[] = [];
  const failed: unknown[] = [];
  const waits: number[] = [];
  const asked = latest<number, string>(
    (question) => new Promise((resolve, reject) => open.push({ question, resolve, reject })),
    (answer, question) => {
      told.push(`${question}: ${answer}`);
      return next(question);
    },
    (error) => failed.push(error),
    (seconds) => {
      waits.push(seconds);
      return Promise.resolve();
    },
  );
  const settle = async (act: (first: (typeof open)[number]) => void): Promise<void> => {
    const first = open.shift();
    if (first) act(first);
    await new Promise((resolve) => setTimeout(resolve));
  };
  return {
    ...asked,
    open,
    told,
    failed,
    waits,
    answer: () => settle((one) => one.resolve("yes")),
    fail: (error: unknown) => settle((one) => one.reject(error)),
  };
}

test("one question is under way, and then the newest", async () => {
  const { ask, open, told, answer } = line();
  for (const question of [1, 2, 3, 4]) ask(question);
  expect(open.map(({ question }) => question)).toEqual([1]);
  await answer();
  expect(open.map(({ question }) => question)).toEqual([4]);
  await answer();
  expect(open).toEqual([]);
  expect(told).toEqual(["1: yes", "4: yes"]);
  ask(5);
  expect(open).toHaveLength(1);
});

test("what is forgotten is not told, nor asked again", async () => {
  const { ask, forget, open, told, answer } = line();
  ask(1);
  ask(2);
  forget();
  await answer();
  expect([open, told]).toEqual([[], []]);
  ask(1);
  forget();
  ask(3);
  await answer();
  await answer();
  expect(told).toEqual(["3: yes"]);
});

test("a question goes on to another, unless a newer one waits", async () => {
  const { ask, told, answer } = line((question) => (question < 10 ? 10 * question : null));
  ask(1);
  await answer();
  await answer();
  expect(told).toEqual(["1: yes", "10: yes"]);
  ask(2);
  ask(33);
  await answer();
  await answer();
  expect(told.slice(2)).toEqual(["2: yes", "33: yes"]);
});

test("a busy service is asked again after the time it says; others are not", async () => {
  const { ask, open, told, failed, waits, answer, fail } = line();
  const busy = new Refusal("overloaded", "busy", 3);
  ask(1);
  await fail(busy);
  expect([waits, open.map(({ question }) => question)]).toEqual([[3], [1]]);
  ask(2);
  await fail(busy);
  expect(open.map(({ question }) => question)).toEqual([2]);
  await fail(new Refusal("wrong-shape", "no"));
  expect(open).toEqual([]);
  ask(4);
  await answer();
  expect(told).toEqual(["4: yes"]);
  expect(failed).toHaveLength(3);
});

test("the error of what was forgotten is not told", async () => {
  const { ask, forget, open, failed, fail } = line();
  ask(1);
  forget();
  await fail(new Refusal("overloaded", "busy", 1));
  expect([failed, open]).toEqual([[], []]);
});

test("it waits by the clock unless told otherwise", async () => {
  vi.useFakeTimers();
  let asked = 0;
  const { ask } = latest<number, string>(
    () => {
      asked += 1;
      return Promise.reject(new Refusal("overloaded", "busy", 2));
    },
    () => null,
    () => undefined,
  );
  ask(1);
  await vi.advanceTimersByTimeAsync(1900);
  expect(asked).toBe(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(asked).toBe(2);
  vi.useRealTimers();
});
