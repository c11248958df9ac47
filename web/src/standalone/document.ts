/** The document in a page that stands alone: what `glassnet export` writes into it. */

import type { Model, ModelDocument } from "../network/model";
import type { Description } from "../types";

export interface PageDocument {
  readonly format: "glassnet-page";
  readonly version: 1;
  /** Of the package that wrote it. */
  readonly glassnet: string;
  /** What a service would say of its models: one here, which learns nothing. */
  readonly description: Description;
  readonly model: ModelDocument;
}

/** What the network's program leaves for the page's, for whoever checks the file, and for the console. */
export interface Glassnet {
  /** Make the model of a document. */
  open(text: string): Model;
  /** The page's own, once it is there. */
  model?: Model;
}

declare global {
  var glassnet: Glassnet;
}
