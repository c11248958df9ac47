/** Model: a network with what its numbers mean; it answers as the model file's own does. */

import type { Answer, Row } from "../types";
import { type PackedArray, unpackedAll } from "./arrays";
import {
  doubts,
  type Experience,
  type ExperienceDocument,
  experienceOf,
  unlikeness,
} from "./experience";
import type { Inputs, Outputs } from "./meaning";
import {
  type ByName,
  forward,
  type Network,
  type NetworkDocument,
  networkOf,
  numbersOf,
} from "./network";
import type { Vector } from "./numbers";
import { chosen, inUnits, probabilities } from "./outputs";
import { why } from "./why";

/** What `glassnet export` packs of a model. */
export interface ModelDocument {
  readonly network: NetworkDocument;
  readonly arrays: Readonly<Record<string, PackedArray>>;
  readonly inputs: Inputs;
  readonly outputs: Outputs;
  readonly experience: ExperienceDocument | null;
}

export class Model {
  readonly inputs: Inputs;
  readonly outputs: Outputs;
  private readonly network: Network;
  private readonly experience: Experience | null;

  constructor({ network, arrays, inputs, outputs, experience }: ModelDocument) {
    this.network = networkOf(network, unpackedAll(arrays));
    this.inputs = inputs;
    this.outputs = outputs;
    this.experience = experience && experienceOf(experience);
  }

  /** Answer one row, as the service would. Throws a RangeError for a row that it cannot answer. */
  answer(row: Row, explain = false): Answer {
    const { given, values, y, told } = this.run(row);
    const { outputs } = this;
    const best = chosen(y);
    const probability = outputs.kind === "classes" ? (told[best] ?? NaN) : null;
    const because = this.experience && doubts(this.experience, this.inputs, given, probability);
    const judged = {
      sure: because && because.length === 0,
      unsure_because: because ?? [],
      ...(explain
        ? { explanation: why(this.network, this.inputs, outputs, values, told, best) }
        : {}),
    };
    if (outputs.kind === "classes") {
      const named = Object.fromEntries(outputs.labels.map((label, k) => [label, told[k] ?? NaN]));
      return {
        class: outputs.labels[best] ?? "",
        probability: probability ?? NaN,
        probabilities: named,
        ...judged,
      };
    }
    const named = outputs.names.map((name, m) => [
      name,
      { value: told[m] ?? NaN, unit: outputs.units[m] ?? "" },
    ]);
    return {
      values: Object.fromEntries(named) as Record<string, { value: number; unit: string }>,
      ...judged,
    };
  }

  /** The answer in numbers: the probabilities or values, then how unlike the training rows it is, if known. */
  figures(row: Row): number[] {
    const { given, told } = this.run(row);
    return [...told, ...(this.experience ? [unlikeness(this.experience, given)] : [])];
  }

  private run(row: Row): { given: Vector; values: ByName; y: Vector; told: Vector } {
    const { given, x } = this.read(row);
    const values = forward(this.network, new Map([[this.network.inputs[0] ?? "", x]]));
    const y = numbersOf(values, this.network.outputs[0] ?? "");
    if (!y.every(Number.isFinite)) {
      throw new RangeError(
        "The network's answer is no finite number: the row is too large to compute with.",
      );
    }
    const told =
      this.outputs.kind === "classes" ? probabilities(y, this.outputs) : inUnits(y, this.outputs);
    return { given, values, y, told };
  }

  /** The numbers as they are given, pixels as floats 0..1, and as the network takes them: rounded as there. */
  private read(row: Row): { given: Vector; x: Vector } {
    const { inputs } = this;
    const size = inputs.kind === "images" ? inputs.height * inputs.width : inputs.names.length;
    if (row.length !== size || !row.every(Number.isFinite)) {
      throw new RangeError(`Expected a row of ${size} numbers, got ${row.length}.`);
    }
    const single = this.network.dtype === "float32";
    const numbers = Float64Array.from(row);
    if (inputs.kind === "features")
      return { given: numbers, x: single ? numbers.map(Math.fround) : numbers };
    const { maximum } = inputs;
    if (!row.every((v) => Number.isInteger(v) && v >= 0 && v <= maximum)) {
      throw new RangeError(`Expected pixels as whole numbers from 0 to ${maximum}.`);
    }
    const scale = Math.fround(1 / maximum);
    const given = numbers.map((v) => Math.fround(v * scale));
    return { given, x: single ? given : numbers.map((v) => v * (1 / maximum)) };
  }
}
