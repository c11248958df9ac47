import { useState } from "preact/hooks";

import { percent } from "../format";
import { useLanguage } from "../language";

/** So many bars are shown before the reader asks for all. */
const MOST = 12;

interface Props {
  /** The labels, in their order. */
  readonly labels: readonly string[];
  readonly probabilities: Readonly<Record<string, number>> | null;
  /** The label of the answer. */
  readonly chosen: string;
}

/** The probability of each class as a bar; of many classes, the most probable first. */
export function Bars({ labels, probabilities, chosen }: Props) {
  const { language, texts } = useLanguage();
  const [all, setAll] = useState(false);
  const many = labels.length > MOST;
  const of = (label: string): number => probabilities?.[label] ?? 0;
  const ordered = many ? labels.toSorted((a, b) => of(b) - of(a)) : labels;
  const shown = all ? ordered : ordered.slice(0, MOST);
  return (
    <section class="bars" aria-label={texts.probabilities}>
      <ol data-empty={probabilities === null}>
        {shown.map((label) => (
          <li key={label} data-chosen={label === chosen}>
            <span class="label">{label}</span>
            <span class="track">
              <span class="fill" style={{ transform: `scaleX(${of(label)})` }} />
            </span>
            <span class="figure">{probabilities ? percent(of(label), language) : ""}</span>
          </li>
        ))}
      </ol>
      {many && !all && (
        <button type="button" class="quiet" onClick={() => setAll(true)}>
          {texts.showAll(labels.length)}
        </button>
      )}
    </section>
  );
}
