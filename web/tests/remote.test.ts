import { expect, test } from "vitest";

import { remote } from "../src/remote";
import { Refusal } from "../src/types";

type Answer = Response | Error;

function service(answer: Answer, token = "") {
  const asked: { url: string; init: RequestInit }[] = [];
  const predictor = remote(token, (url, init) => {
    asked.push({ url: String(url), init: init ?? {} });
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
  return { predictor, asked };
}

async function refusal(answer: Answer): Promise<Refusal> {
  const error: unknown = await service(answer)
    .predictor.predict("m", [[1]], false)
    .catch((why: unknown) => why);
  if (!(error instanceof Refusal)) throw new Error("not refused");
  return error;
}

test("rows go to the model by name", async () => {
  const { predictor, asked } = service(Response.json({ answers: [] }));
  expect(await predictor.predict("a b&c", [[1, 2]], true)).toEqual({ answers: [] });
  expect(asked[0]?.url).toBe("./predict?model=a%20b%26c");
  expect(asked[0]?.init.method).toBe("POST");
  expect(JSON.parse(String(asked[0]?.init.body))).toEqual({ rows: [[1, 2]], explain: true });
});

test("a token goes along where there is one", async () => {
  for (const [token, header] of [
    ["", null],
    ["secret", "Bearer secret"],
  ] as const) {
    const { predictor, asked } = service(Response.json({ models: [] }), token);
    await predictor.describe();
    expect(new Headers(asked[0]?.init.headers).get("Authorization")).toBe(header);
    expect(asked[0]?.init.method).toBeUndefined();
  }
});

test("a corrected picture is kept under a name", async () => {
  const { predictor, asked } = service(Response.json({ kept: "7/x.png" }, { status: 201 }));
  expect(await predictor.learn("digits", [0, 16], "7")).toBe("7/x.png");
  expect(JSON.parse(String(asked[0]?.init.body))).toEqual({ pixels: [0, 16], label: "7" });
});

test("a refusal has the service's code and words", async () => {
  const error = { error: { code: "wrong-shape", message: "64 numbers are expected." } };
  const told = await refusal(Response.json(error, { status: 422 }));
  expect([told.code, told.message, told.status, told.retryAfter]).toEqual([
    "wrong-shape",
    "64 numbers are expected.",
    422,
    0,
  ]);
});

test("who is busy says when to ask again", async () => {
  const busy = (status: number, after?: string): Response =>
    new Response("busy", { status, headers: after === undefined ? {} : { "Retry-After": after } });
  expect((await refusal(busy(503, "3"))).retryAfter).toBe(3);
  expect((await refusal(busy(429, "0"))).retryAfter).toBe(0.2);
  expect((await refusal(busy(503, "3600"))).retryAfter).toBe(30);
  expect((await refusal(busy(503, "Fri, 31 Dec 1999"))).retryAfter).toBe(1);
  expect((await refusal(busy(502))).retryAfter).toBe(1);
  expect((await refusal(busy(500))).retryAfter).toBe(0);
});

test("an answer of something in between, and none at all", async () => {
  expect((await refusal(new Response("<html>", { status: 404 }))).code).toBe("status-404");
  const gone = await refusal(new TypeError("failed to fetch"));
  expect([gone.code, gone.retryAfter]).toEqual(["unreachable", 2]);
});
