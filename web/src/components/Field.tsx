import { useId } from "preact/hooks";

import { number, plain, step, withUnit } from "../format";
import { useLanguage } from "../language";
import type { Feature } from "../types";

/** So many choices are buttons side by side; more are a list to open. */
const BUTTONS = 4;

interface Props {
  readonly feature: Feature;
  readonly entered: string;
  /** Whether what is entered is no number. */
  readonly missing: boolean;
  onEntered(text: string): void;
}

/** One of a model's inputs: a number with its slider, or a choice. */
export function Field(props: Props) {
  const { choices } = props.feature;
  if (choices.length === 0) return <NumberField {...props} />;
  return choices.length <= BUTTONS ? <ButtonsField {...props} /> : <ListField {...props} />;
}

function Name({ feature }: { readonly feature: Feature }) {
  return (
    <>
      {feature.name}
      {feature.unit && <span class="unit">{feature.unit}</span>}
    </>
  );
}

function NumberField({ feature, entered, missing, onEntered }: Props) {
  const { language, texts } = useLanguage();
  const id = useId();
  const { low, high, typical } = feature;
  return (
    <div class="field">
      <label for={id}>
        <Name feature={feature} />
      </label>
      <input
        id={id}
        class="number"
        type="text"
        inputMode="decimal"
        autocomplete="off"
        value={entered}
        aria-invalid={missing}
        aria-describedby={`${id}-range`}
        onInput={(event) => onEntered(event.currentTarget.value)}
      />
      {low !== null && high !== null && high > low && (
        <input
          type="range"
          min={low}
          max={high}
          step={step(low, high)}
          value={missing ? (typical ?? low) : entered.replace(",", ".")}
          aria-label={texts.slide(feature.name)}
          aria-valuetext={withUnit(entered, feature.unit)}
          onInput={(event) => onEntered(plain(event.currentTarget.valueAsNumber))}
        />
      )}
      <p id={`${id}-range`} class="range">
        {missing ? (
          <span class="trouble">{texts.missing}</span>
        ) : (
          low !== null &&
          high !== null &&
          texts.range(number(low, language), number(high, language))
        )}
      </p>
    </div>
  );
}

function ButtonsField({ feature, entered, onEntered }: Props) {
  const { language } = useLanguage();
  const id = useId();
  return (
    <fieldset class="field">
      <legend>
        <Name feature={feature} />
      </legend>
      <div class="buttons">
        {feature.choices.map((choice) => (
          <label key={choice}>
            <input
              type="radio"
              name={id}
              checked={Number(entered) === choice}
              onChange={() => onEntered(plain(choice))}
            />
            <span>{number(choice, language, 12)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function ListField({ feature, entered, onEntered }: Props) {
  const { language } = useLanguage();
  const id = useId();
  return (
    <div class="field">
      <label for={id}>
        <Name feature={feature} />
      </label>
      <select id={id} value={entered} onChange={(event) => onEntered(event.currentTarget.value)}>
        {feature.choices.map((choice) => (
          <option key={choice} value={plain(choice)}>
            {number(choice, language, 12)}
          </option>
        ))}
      </select>
    </div>
  );
}
