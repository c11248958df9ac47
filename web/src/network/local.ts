/** A Predictor without a service: the network itself, in the page. */

import { type Predictor, Refusal } from "../types";
import type { Model } from "./model";

export function local(model: Model, name: string, hash: string): Predictor {
  return {
    predict: (_, rows, explain) =>
      new Promise((answer, refuse) => {
        try {
          answer({ model: { name, hash }, answers: rows.map((row) => model.answer(row, explain)) });
        } catch (error) {
          refuse(error instanceof RangeError ? new Refusal("unusable-rows", error.message) : error);
        }
      }),
  };
}
