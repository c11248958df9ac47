import { useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";

import { useAsking } from "../asking";
import { plain } from "../format";
import { useLanguage } from "../language";
import type { Answer, FeatureInputs, PageProps } from "../types";
import { Bars } from "./Bars";
import { Contributions } from "./Contributions";
import { Field } from "./Field";
import { answerText, Verdict } from "./Verdict";

/** The page of a network that takes the columns of a table. */
export function FormPage({ model, inputs, predictor, onReplaced }: PageProps<FeatureInputs>) {
  const { language, texts } = useLanguage();
  const typical = useMemo(
    () => inputs.features.map((one) => (one.typical === null ? "" : plain(one.typical))),
    [inputs],
  );
  const [entered, setEntered] = useState<readonly string[]>(typical);
  const [usual, setUsual] = useState<Answer | null>(null);
  const { answered, explained, trouble, ask } = useAsking(predictor, model, onReplaced);

  const row = useMemo(() => {
    const numbers = entered.map(read);
    return numbers.includes(null) ? null : (numbers as number[]);
  }, [entered]);
  useLayoutEffect(() => ask(row, "now"), [ask, row]);

  const isTypical = entered === typical;
  const answer = answered?.answer ?? null;
  useEffect(() => {
    if (isTypical && answered?.row === row) setUsual(answered?.answer ?? null);
  }, [isTypical, answered, row]);

  return (
    <main class="form">
      <form aria-labelledby="asked" onSubmit={(event) => event.preventDefault()}>
        <div class="heading">
          <h2 id="asked">{texts.inputs}</h2>
          <button
            type="button"
            class="quiet"
            disabled={isTypical}
            onClick={() => setEntered(typical)}
          >
            {texts.reset}
          </button>
        </div>
        <p class="lead">{texts.inputsText}</p>
        <div class="fields">
          {inputs.features.map((feature, i) => (
            <Field
              key={feature.name}
              feature={feature}
              entered={entered[i] ?? ""}
              missing={read(entered[i] ?? "") === null}
              onEntered={(text) => setEntered(entered.with(i, text))}
            />
          ))}
        </div>
      </form>

      <div class="answer">
        <Verdict
          answer={answer}
          trouble={trouble}
          empty={texts.waitingForNumbers}
          features={inputs}
          beside={
            answer && usual && !isTypical ? texts.typically(answerText(usual, texts, language)) : ""
          }
        />
        {model.outputs.kind === "classes" && (
          <Bars
            labels={model.outputs.labels}
            probabilities={answer && "class" in answer ? answer.probabilities : null}
            chosen={answer && "class" in answer ? answer.class : ""}
          />
        )}
        {explained?.reasons.map((reasons) => (
          <Contributions
            key={reasons.answer}
            features={inputs.features}
            row={explained.row}
            reasons={reasons}
          />
        ))}
      </div>
    </main>
  );
}

/** The number that was entered, also with a decimal comma; null where there is none. */
export function read(text: string): number | null {
  const value = Number(text.trim().replace(/^([+-]?\d*),(\d+)$/, "$1.$2") || Number.NaN);
  return Number.isFinite(value) ? value : null;
}
