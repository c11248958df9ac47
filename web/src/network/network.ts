/** A network: named nodes in the order they are computed, each row by itself. */

import type { Layer, Place } from "./layer";
import { LAYERS } from "./layers";
import type { Numbers, Shape, Vector } from "./numbers";

/** What `Network.config` of the Python package describes, and the shape of each node's output. */
export interface NetworkDocument {
  readonly inputs: Readonly<Record<string, Shape>>;
  readonly outputs: readonly string[];
  readonly layers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Each after those that feed it. */
  readonly nodes: readonly {
    readonly name: string;
    readonly layer: string;
    readonly inputs: readonly string[];
  }[];
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly dtype: "float32" | "float64";
}

export interface Node {
  readonly name: string;
  /** The layer's class. */
  readonly kind: string;
  readonly layer: Layer;
  readonly inputs: readonly string[];
  readonly at: Place;
}

export interface Network {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly Node[];
  readonly dtype: "float32" | "float64";
}

/** Rows, values or gradients by the name of the node or input. */
export type ByName = ReadonlyMap<string, Vector>;

/** Throws for a layer that is not known here, or a node that nothing feeds. */
export function networkOf(
  document: NetworkDocument,
  arrays: ReadonlyMap<string, Numbers>,
): Network {
  const shapes = new Map(Object.entries({ ...document.inputs, ...document.shapes }));
  const placed = new Set(Object.keys(document.inputs));
  const nodes = document.nodes.map(({ name, layer: owner, inputs }): Node => {
    const settings = document.layers[owner] ?? {};
    const kind = String(settings["class"]);
    const layer = LAYERS.get(kind);
    if (layer === undefined) throw new Error(`There is no layer ${kind} in this page.`);
    const from = inputs.map((feed) => {
      if (!placed.has(feed))
        throw new Error(`Nothing feeds ${name}: ${feed} is not computed before it.`);
      return shapes.get(feed) ?? [];
    });
    placed.add(name);
    const at = { settings, arrays: ownArrays(owner, arrays), shape: shapes.get(name) ?? [], from };
    return { name, kind, layer, inputs, at };
  });
  return {
    inputs: Object.keys(document.inputs),
    outputs: document.outputs,
    nodes,
    dtype: document.dtype,
  };
}

/** Every value, the inputs among them, from one row of each input. */
export function forward(network: Network, inputs: ByName): ByName {
  const values = new Map(inputs);
  for (const { name, layer, inputs: feeds, at } of network.nodes) {
    values.set(
      name,
      layer.forward(
        feeds.map((feed) => numbersOf(values, feed)),
        at,
      ),
    );
  }
  return values;
}

/**
 * The gradient of Σₘ cₘ yₘ with respect to every value that y, a node's output, depends on.
 *
 * A value that is used in several places gets the sum of the gradients from all of them.
 */
export function backward(network: Network, values: ByName, node: string, c: Vector): ByName {
  const gradients = new Map([[node, c]]);
  for (const { name, layer, inputs, at } of [...network.nodes].reverse()) {
    const dy = gradients.get(name);
    if (dy === undefined) continue;
    const xs = inputs.map((feed) => numbersOf(values, feed));
    layer.backward(dy, numbersOf(values, name), xs, at).forEach((dx, k) => {
      const feed = inputs[k] ?? "";
      const before = gradients.get(feed);
      gradients.set(feed, before ? before.map((v, n) => v + (dx[n] ?? NaN)) : dx);
    });
  }
  return gradients;
}

export function numbersOf(values: ByName, name: string): Vector {
  const found = values.get(name);
  if (found === undefined) throw new Error(`The network has no value ${name}.`);
  return found;
}

function ownArrays(
  owner: string,
  arrays: ReadonlyMap<string, Numbers>,
): Readonly<Record<string, Numbers>> {
  const before = `${owner}.`;
  const own = [...arrays].filter(([name]) => name.startsWith(before));
  return Object.fromEntries(own.map(([name, values]) => [name.slice(before.length), values]));
}
