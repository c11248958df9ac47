/** The service as a Predictor: JSON over HTTP, to where the page came from. */

import { type Answers, type Description, type Predictor, Refusal, type Row } from "./types";

/** `token`: what the service asks for as a bearer token; empty where it asks for none. */
export function remote(
  token: string,
  ask: typeof fetch = (...given) => fetch(...given),
): Required<Predictor> {
  async function call(path: string, body?: unknown): Promise<unknown> {
    const headers = new Headers({ Accept: "application/json" });
    if (token) headers.set("Authorization", `Bearer ${token}`);
    const init: RequestInit = {
      headers,
      credentials: "same-origin",
      referrerPolicy: "no-referrer",
    };
    if (body !== undefined) {
      headers.set("Content-Type", "application/json");
      Object.assign(init, { method: "POST", body: JSON.stringify(body) });
    }
    let response: Response;
    try {
      response = await ask(path, init);
    } catch {
      throw new Refusal("unreachable", "The service does not answer.", 2);
    }
    const said: unknown = await response.json().catch(() => null);
    if (!response.ok) throw refusal(response, said);
    return said;
  }

  const at = (path: string, model: string) => `.${path}?model=${encodeURIComponent(model)}`;
  return {
    describe: async () => (await call("./models")) as Description,
    predict: async (model: string, rows: readonly Row[], explain: boolean) =>
      (await call(at("/predict", model), { rows, explain })) as Answers,
    learn: async (model: string, pixels: Row, label: string) =>
      ((await call(at("/learn", model), { pixels, label })) as { kept: string }).kept,
  };
}

/** Read {"error": {"code", "message"}}; some proxy in between may have answered something else. */
function refusal(response: Response, said: unknown): Refusal {
  const { code, message } =
    (said as { error?: { code?: string; message?: string } } | null)?.error ?? {};
  const busy = response.status === 429 || response.status >= 502;
  const seconds = Number(response.headers.get("Retry-After") ?? 1);
  return new Refusal(
    code ?? `status-${response.status}`,
    message ?? `The service answered with status ${response.status}.`,
    busy ? Math.min(30, Math.max(0.2, Number.isFinite(seconds) ? seconds : 1)) : 0,
    response.status,
  );
}
