import { useState } from "preact/hooks";

import { useLanguage } from "../language";
import { Refusal } from "../types";
import { troubleText } from "./Entrance";

interface Props {
  readonly labels: readonly string[];
  /** Keep the picture with its right label. */
  learn(label: string): Promise<string>;
}

type State =
  | { readonly is: "open" | "keeping" }
  | { readonly is: "kept"; readonly label: string }
  | { readonly is: "refused"; readonly why: Refusal };

/** "Wrong? Tell me": the reader says what is right, and the service keeps it to learn from. */
export function Correction({ labels, learn }: Props) {
  const { texts } = useLanguage();
  const [state, setState] = useState<State>({ is: "open" });

  async function tell(label: string): Promise<void> {
    setState({ is: "keeping" });
    try {
      await learn(label);
      setState({ is: "kept", label });
    } catch (error) {
      setState({
        is: "refused",
        why: error instanceof Refusal ? error : new Refusal("failed", String(error)),
      });
    }
  }

  return (
    <section class="correction" aria-labelledby="wrong">
      <h2 id="wrong">{texts.wrong}</h2>
      <div role="status">
        {state.is === "kept" ? (
          <>
            <p>
              <strong>{texts.thanks(state.label)}</strong>
            </p>
            <p>{texts.thanksText}</p>
            <p>
              <code>{texts.trainOn}</code>
            </p>
          </>
        ) : (
          <p>{state.is === "keeping" ? texts.keeping : texts.wrongText}</p>
        )}
        {state.is === "refused" && <p class="trouble">{troubleText(state.why, texts)}</p>}
      </div>
      {state.is !== "kept" && (
        <div class="choices" role="group" aria-label={texts.wrongText}>
          {labels.map((label) => (
            <button
              key={label}
              type="button"
              disabled={state.is === "keeping"}
              onClick={() => void tell(label)}
            >
              {label}
            </button>
          ))}
        </div>
      )}
    </section>
  );
}
