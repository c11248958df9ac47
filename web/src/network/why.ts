/** What made a network give its answer to one row, in the words of its inputs and outputs. */

import type { Explanation, Question, View } from "../types";
import { contributions, type Contributions } from "./contributions";
import { general } from "./general";
import type { Classes, Inputs, Outputs, Values } from "./meaning";
import type { ByName, Network } from "./network";
import { type Vector, zeros } from "./numbers";

/** glassnet.explanations's Why as JSON, all of it. */
export interface Why extends Explanation {
  readonly format: "glassnet-why";
  readonly version: 1;
  readonly answer: string;
  readonly truth: null;
  readonly probabilities: Readonly<Record<string, number>>;
}

/**
 * Explain the answer to one row; a class is compared with the runner-up.
 *
 * values  of all nodes, the row among them
 * told    the probabilities, or the values in their units
 * win     the class that is the answer
 */
export function why(
  network: Network,
  inputs: Inputs,
  outputs: Outputs,
  values: ByName,
  told: Vector,
  win: number,
): Why {
  const ask = (
    answer: string,
    against: string | null,
    formula: string,
    c: Vector,
    offset = 0,
  ): Question => {
    const { score, views } = contributions(network, values, c, offset);
    return {
      answer,
      against,
      formula,
      score,
      views: named(network, inputs, values, views),
    } as Question;
  };
  const classes = outputs.kind === "classes";
  const questions = classes ? [ofClasses(outputs, told, win, ask)] : ofValues(outputs, ask);
  const probabilities = classes ? outputs.labels.map((label, k) => [label, told[k] ?? NaN]) : [];
  return {
    format: "glassnet-why",
    version: 1,
    answer: classes ? saidOfClasses(outputs, told, win) : saidOfValues(outputs, told),
    truth: null,
    probabilities: Object.fromEntries(probabilities) as Record<string, number>,
    questions,
  };
}

type Ask = (
  answer: string,
  against: string | null,
  formula: string,
  c: Vector,
  offset?: number,
) => Question;

/** Compare the outputs of two classes; under one logit the second class is z, the first -z. */
function ofClasses({ labels, link }: Classes, p: Vector, win: number, ask: Ask): Question {
  const others = [...p.keys()].filter((k) => k !== win);
  const [other = 0] = others.sort((a, b) => (p[b] ?? 0) - (p[a] ?? 0) || a - b);
  const [answer, against] = [labels[win] ?? "", labels[other] ?? ""];
  if (link === "sigmoid" && labels.length === 2) {
    return ask(answer, against, win ? "z[0]" : "-z[0]", Float64Array.of(win ? 1 : -1));
  }
  const c = zeros(labels.length);
  c[win] = 1;
  c[other] = -1;
  return ask(answer, against, `z[${win}] - z[${other}]`, c);
}

/** Take each quantity, in its unit. */
function ofValues({ names, mean, std }: Values, ask: Ask): Question[] {
  return names.map((name, m) => {
    const c = zeros(names.length);
    const spread = std[m];
    c[m] = spread ?? 1;
    const formula =
      spread === undefined
        ? `z[${m}]`
        : `${general(spread, 4)}·z[${m}] + ${general(mean[m] ?? 0, 4)}`;
    return ask(name, null, formula, c, mean[m] ?? 0);
  });
}

/** Name the numbers of each layer: the last are the inputs, the others units of the network. */
function named(
  network: Network,
  inputs: Inputs,
  values: ByName,
  found: readonly Contributions[],
): View[] {
  const x = values.get(network.inputs[0] ?? "") ?? zeros(0);
  return found.map(({ node, exact, fromMean, values: v, slopes, parts, rest }, n) => {
    const hidden = n < found.length - 1;
    const names = Array.from(v, (_, i) => (hidden ? `${node}:${i}` : nameOf(inputs, x, i)));
    const numbers = { values: finiteOnes(v), slopes: finiteOnes(slopes), parts: finiteOnes(parts) };
    return { node, exact, from_mean: fromMean, names, ...numbers, rest: finite(rest) };
  });
}

function nameOf(inputs: Inputs, x: Vector, i: number): string {
  if (inputs.kind === "images") return `pixel ${Math.floor(i / inputs.width)},${i % inputs.width}`;
  return `${inputs.names[i] ?? ""} ${general(x[i] ?? NaN, 4)} ${inputs.units[i] ?? ""}`.trimEnd();
}

function saidOfClasses({ labels }: Classes, p: Vector, win: number): string {
  return `${labels[win] ?? ""}, with ${(100 * (p[win] ?? NaN)).toFixed(1)} %`;
}

function saidOfValues({ names, units }: Values, values: Vector): string {
  const told = names.map((name, m) =>
    `${names.length > 1 ? `${name} ` : ""}${general(values[m] ?? NaN, 4)} ${units[m] ?? ""}`.trimEnd(),
  );
  return told.join(", ");
}

function finiteOnes(values: Vector): (number | null)[] {
  return Array.from(values, finite);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
