/** The network's program, which knows nothing of the page: it runs in a browser and under Node alike. */

import { Model } from "../network/model";
import type { PageDocument } from "./document";

globalThis.glassnet = {
  open: (text) => new Model((JSON.parse(text) as PageDocument).model),
};
