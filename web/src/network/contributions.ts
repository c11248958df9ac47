/** Contributions: what each number of a layer adds to a score, through the score's own gradient. */

import { backward, type ByName, type Network, type Node, numbersOf } from "./network";
import { dot, type Vector } from "./numbers";

/**
 * What each number v of a node adds to a score S: its value times its slope, v · ∂S/∂v.
 *
 * Where S is no affine function of them, ∂S/∂v holds near v only: gradient × input, a first-order
 * approximation. Source: Ancona et al., Towards Better Understanding of Gradient-Based Attribution
 * Methods for Deep Neural Networks (2018).
 */
export interface Contributions {
  readonly node: string;
  readonly values: Vector;
  readonly slopes: Vector;
  readonly parts: Vector;
  /** S less all parts: the biases, and, unless exact, what no straight line has. */
  readonly rest: number;
  /** Whether S is an affine function of these numbers. */
  readonly exact: boolean;
  /** Whether they are inputs that the network standardised first, so that 0 is their mean. */
  readonly fromMean: boolean;
}

export interface Score {
  readonly score: number;
  /** Of the numbers that the last weighted sum adds up, then of the inputs; of one where they are the same. */
  readonly views: readonly Contributions[];
}

/** What makes up S = Σₘ cₘ zₘ + offset, z being the outputs before their last activation. */
export function contributions(network: Network, values: ByName, c: Vector, offset = 0): Score {
  const node = summed(network);
  const score = dot(c, numbersOf(values, node.name)) + offset;
  const gradients = backward(network, values, node.name, c);
  const entrance = entranceOf(network);
  const last = node.kind === "Dense" ? (node.inputs[0] ?? entrance) : entrance;
  const views = [...new Set([last, entrance])].map((from): Contributions => {
    const [v, slopes] = [numbersOf(values, from), numbersOf(gradients, from)];
    const parts = v.map((value, n) => value * (slopes[n] ?? NaN));
    const rest = score - parts.reduce((a, b) => a + b, 0);
    return {
      node: from,
      values: v,
      slopes,
      parts,
      rest,
      exact: isAffine(network, from, gradients),
      fromMean: network.nodes.some(({ name, kind }) => name === from && kind === "Standardize"),
    };
  });
  return { score, views };
}

/** The node whose numbers the answer is made of: the output, before its last activation. */
export function summed(network: Network): Node {
  const nodes = new Map(network.nodes.map((node) => [node.name, node]));
  let node = nodes.get(network.outputs[0] ?? "");
  if (node === undefined) throw new Error("The network's output is no node of it.");
  while (node.layer.elementwise || node.kind === "Softmax") {
    const before = nodes.get(node.inputs[0] ?? "");
    if (before === undefined) break;
    node = before;
  }
  return node;
}

/** The inputs, or what Standardize makes of them: then 0 is the mean of the training data. */
function entranceOf(network: Network): string {
  const name = network.inputs[0] ?? "";
  const readers = network.nodes.filter((node) => node.inputs.includes(name));
  const [reader] = readers;
  return readers.length === 1 && reader?.kind === "Standardize" ? reader.name : name;
}

/** Whether only affine maps lie between a node's numbers and the score. */
function isAffine(network: Network, from: string, gradients: ByName): boolean {
  const after = new Set([from]);
  const reached = network.nodes.filter(({ name, inputs }) => {
    const counts = gradients.has(name) && inputs.some((feed) => after.has(feed));
    if (counts) after.add(name);
    return counts;
  });
  return reached.every((node) => node.layer.affine);
}
