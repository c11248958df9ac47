/** The layers by the names that a model file calls them: the list of glassnet.nn.layers. */

import type { Layer } from "../layer";
import {
  ELU,
  GELU,
  Identity,
  LeakyReLU,
  ReLU,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Tanh,
} from "./activations";
import { Dense } from "./dense";
import { Dropout } from "./dropout";
import { Add, Concatenate } from "./merge";
import { BatchNorm, LayerNorm, Standardize } from "./norm";
import { Flatten } from "./shape";

export const LAYERS: ReadonlyMap<string, Layer> = new Map(
  Object.entries({
    Add,
    BatchNorm,
    Concatenate,
    Dense,
    Dropout,
    ELU,
    Flatten,
    GELU,
    Identity,
    LayerNorm,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Standardize,
    Tanh,
  }),
);
