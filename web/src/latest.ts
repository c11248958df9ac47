/** Ask about something that keeps changing: one question at a time, and then the newest. */

import { Refusal } from "./types";

export interface Line<Q> {
  /** Ask now, or once the question under way is answered, unless a newer one comes before that. */
  ask(question: Q): void;
  /** Drop what waits, and what is under way will not be told. */
  forget(): void;
}

/**
 * A line to someone who answers. Each answer is told with its question, and `tell` may give a
 * question to go on with, which any newer one goes before. Each error is told too, and a busy
 * service (a Refusal with `retryAfter`) is asked again, by then perhaps something newer.
 */
export function latest<Q, A>(
  answer: (question: Q) => Promise<A>,
  tell: (answer: A, question: Q) => Q | null,
  fail: (error: unknown, question: Q) => void,
  wait: (seconds: number) => Promise<void> = pause,
): Line<Q> {
  let waiting: { readonly question: Q } | null = null;
  let busy = false;
  let told = 0; // goes up with every forget(): what was asked before it is not told

  async function work(): Promise<void> {
    busy = true;
    while (waiting !== null) {
      const { question } = waiting;
      const asked = told;
      waiting = null;
      try {
        const given = await answer(question);
        const next = asked === told ? tell(given, question) : null;
        if (next !== null) waiting ??= { question: next };
      } catch (error) {
        if (asked !== told) continue;
        fail(error, question);
        if (error instanceof Refusal && error.retryAfter > 0) {
          await wait(error.retryAfter);
          if (asked === told) waiting ??= { question };
        }
      }
    }
    busy = false;
  }

  return {
    ask(question) {
      waiting = { question };
      if (!busy) void work();
    },
    forget() {
      waiting = null;
      told += 1;
    },
  };
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
