/** What the numbers of a network mean, as a model file says it. */

export interface Images {
  readonly kind: "images";
  readonly height: number;
  readonly width: number;
  readonly maximum: number;
}

export interface Features {
  readonly kind: "features";
  readonly names: readonly string[];
  readonly units: readonly string[];
}

export interface Classes {
  readonly kind: "classes";
  readonly labels: readonly string[];
  readonly link: "softmax" | "sigmoid" | "identity";
}

export interface Values {
  readonly kind: "values";
  readonly names: readonly string[];
  readonly units: readonly string[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export type Inputs = Images | Features;
export type Outputs = Classes | Values;
