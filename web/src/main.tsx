/** The page of a service: ask what it has, with a token where it wants one, and show that. */

import "./style.css";

import { render } from "preact";

import { mount } from "./app";
import { Notice, TokenForm } from "./components/Entrance";
import { tokenOf } from "./token";
import { remote } from "./remote";
import { Refusal } from "./types";

async function start(root: Element, token: string): Promise<void> {
  const predictor = remote(token);
  try {
    const description = await predictor.describe();
    render(null, root);
    mount(root, description, predictor);
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal("failed", String(error));
    if (refusal.code === "unreachable" || refusal.retryAfter > 0) {
      render(<Notice refusal={refusal} />, root);
      setTimeout(() => void start(root, token), 1000 * refusal.retryAfter);
    } else if (refusal.status === 401) {
      const use = (given: string): void => {
        tokenOf.keep(given);
        void start(root, given);
      };
      render(<TokenForm onToken={use} />, root);
    } else {
      render(<Notice refusal={refusal} />, root);
    }
  }
}

const root = document.querySelector("#page");
if (root) void start(root, tokenOf.page());
