/** A component's line to the predictor: the newest answer to what changes, and what went wrong. */

import { useCallback, useEffect, useMemo, useState } from "preact/hooks";

import { latest } from "./latest";
import { type Reasons, reasonsOf } from "./reasons";
import {
  type Answer,
  type Answers,
  type ModelDescription,
  type Predictor,
  Refusal,
  type Row,
} from "./types";

/** An answer and the row that it is about. */
export interface Answered {
  readonly row: Row;
  readonly answer: Answer;
}

/** The reasons of an answer, with the row that they are about. */
export interface Explained extends Answered {
  readonly reasons: readonly Reasons[];
}

export interface Asking {
  readonly answered: Answered | null;
  readonly explained: Explained | null;
  readonly trouble: Refusal | null;
  /** Ask about a row; null where there is nothing to ask about. */
  ask(row: Row | null, reasons: When): void;
}

/** When reasons are asked for: with the answer, after it if nothing newer comes, or not. */
export type When = "now" | "after" | "never";

interface Asked {
  readonly row: Row;
  readonly explain: boolean;
  readonly then: boolean;
}

/** `onReplaced` is called once an answer comes from another file than the description does. */
export function useAsking(
  predictor: Predictor,
  model: ModelDescription,
  onReplaced: (hash: string) => void,
): Asking {
  const [answered, setAnswered] = useState<Answered | null>(null);
  const [explained, setExplained] = useState<Explained | null>(null);
  const [trouble, setTrouble] = useState<Refusal | null>(null);

  const line = useMemo(() => {
    const tell = ({ answers: [answer], model: from }: Answers, asked: Asked): Asked | null => {
      if (answer === undefined) return null;
      const told = { row: asked.row, answer };
      setAnswered(told);
      setTrouble(null);
      if (answer.explanation) setExplained({ ...told, reasons: reasonsOf(answer.explanation) });
      if (from.hash !== model.hash) onReplaced(from.hash);
      return asked.then ? { ...asked, explain: true, then: false } : null;
    };
    const fail = (error: unknown): void => {
      setTrouble(error instanceof Refusal ? error : new Refusal("failed", String(error)));
    };
    const answer = ({ row, explain }: Asked): Promise<Answers> =>
      predictor.predict(model.name, [row], explain);
    return latest(answer, tell, fail);
  }, [predictor, model, onReplaced]);

  useEffect(() => line.forget, [line]);

  const ask = useCallback(
    (row: Row | null, reasons: When): void => {
      if (row !== null) {
        line.ask({ row, explain: reasons === "now", then: reasons === "after" });
        return;
      }
      line.forget();
      setAnswered(null);
      setExplained(null);
      setTrouble(null);
    },
    [line],
  );

  return { answered, explained, trouble, ask };
}
