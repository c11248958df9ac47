/** The page that stands alone: the same as a service's, answered by the network in it. */

import "../style.css";

import { mount } from "../app";
import { local } from "../network/local";
import type { PageDocument } from "./document";

const text = document.getElementById("model")?.textContent ?? "";
const { description } = JSON.parse(text) as PageDocument;
const [described] = description.models;
const root = document.getElementById("page");
if (root && described) {
  globalThis.glassnet.model = globalThis.glassnet.open(text);
  const predictor = local(globalThis.glassnet.model, described.name, described.hash);
  mount(root, description, predictor, { standalone: true });
}
