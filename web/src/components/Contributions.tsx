import { signed, plain, withUnit } from "../format";
import { useLanguage } from "../language";
import { largest, type Reasons, scaleOf } from "../reasons";
import type { Feature, Row } from "../types";
import { title } from "./SpokenPixels";

/** So many inputs are shown: those that count most. */
const MOST = 10;

interface Props {
  readonly features: readonly Feature[];
  readonly row: Row;
  readonly reasons: Reasons;
}

/** What each input adds to the answer: bars to the right for it, to the left against it. */
export function Contributions({ features, row, reasons }: Props) {
  const { language, texts } = useLanguage();
  const { answer, against, parts, exact, fromMean } = reasons;
  const scale = scaleOf(parts);
  const [less, more] =
    against === null ? [texts.lowers, texts.raises] : [texts.against(against), texts.for(answer)];
  return (
    <section class="contributions">
      <h2>{title(reasons, texts)}</h2>
      <p class="legend">
        <span class="against">{less}</span>
        <span class="for">{more}</span>
      </p>
      <ol>
        {largest(parts, MOST).map((i) => {
          const part = parts[i] ?? 0;
          const side = part > 0 ? "for" : "against";
          return (
            <li key={i}>
              <span class="label">
                {features[i]?.name}{" "}
                <small>{withUnit(plain(row[i] ?? 0), features[i]?.unit ?? "")}</small>
              </span>
              <span class="track">
                <span
                  class={`fill ${side}`}
                  style={{ transform: `scaleX(${Math.abs(part) / scale / 2})` }}
                />
              </span>
              <span class="figure">{signed(part, language)}</span>
            </li>
          );
        })}
      </ol>
      <p class="note">
        {[exact ? texts.exact : texts.approximate, ...(fromMean ? [texts.fromMean] : [])].join(
          texts.space,
        )}
      </p>
    </section>
  );
}
