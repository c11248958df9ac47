import { number, percent, withUnit } from "../format";
import { useLanguage } from "../language";
import type { Texts } from "../texts";
import type { Answer, Doubt, FeatureInputs, Refusal } from "../types";
import { Spoken } from "./Spoken";
import { troubleText } from "./Entrance";

interface Props {
  readonly answer: Answer | null;
  readonly trouble: Refusal | null;
  /** What is said while there is no answer. */
  readonly empty: string;
  readonly features?: FeatureInputs;
  /** An answer to compare this one with, in words. */
  readonly beside?: string;
}

/** The answer in large letters, how probable it is, and whether to rely on it. */
export function Verdict({ answer, trouble, empty, features, beside }: Props) {
  const { language, texts } = useLanguage();
  const doubts =
    answer?.unsure_because.map((doubt) => doubtText(doubt, features, texts, language)) ?? [];
  return (
    <section
      class="verdict"
      id="answer"
      tabIndex={-1}
      aria-label={texts.answer}
      data-sure={String(answer?.sure ?? null)}
    >
      {answer ? <Said answer={answer} /> : <p class="nothing">{empty}</p>}
      {answer?.sure === true && (
        <p class="sure">
          <Sign sure />
          {texts.sure}
        </p>
      )}
      {answer?.sure === false && (
        <div class="unsure">
          <p>
            <Sign sure={false} />
            <strong>{texts.unsure}</strong>
          </p>
          <ul>
            {doubts.map((doubt) => (
              <li key={doubt}>{doubt}</li>
            ))}
          </ul>
        </div>
      )}
      {beside && <p class="beside">{beside}</p>}
      {trouble && (
        <p class="trouble" role="alert">
          {troubleText(trouble, texts)}
        </p>
      )}
      <Spoken text={answer ? spokenText(answer, doubts, texts, language) : ""} />
    </section>
  );
}

function Said({ answer }: { readonly answer: Answer }) {
  const { language } = useLanguage();
  if ("class" in answer) {
    return (
      <p class="said" data-long={answer.class.length > 3}>
        <b class="name">{answer.class}</b>
        <span class="how">{percent(answer.probability, language)}</span>
      </p>
    );
  }
  const values = Object.entries(answer.values);
  return (
    <dl class="said values">
      {values.map(([name, { value, unit }]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <b class="name">{number(value, language)}</b> <span class="how">{unit}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** An answer in a few words. */
export function answerText(answer: Answer, texts: Texts, language: string): string {
  if ("class" in answer) return texts.spoken(answer.class, percent(answer.probability, language));
  return Object.values(answer.values)
    .map(({ value, unit }) => withUnit(number(value, language), unit))
    .join(", ");
}

function spokenText(
  answer: Answer,
  doubts: readonly string[],
  texts: Texts,
  language: string,
): string {
  const said = answerText(answer, texts, language);
  const sentences = [`${said}${texts.stop}`, texts.spokenUnsure, ...doubts];
  return answer.sure === false ? sentences.join(texts.space) : said;
}

/** A doubt in the page's language, where it has words for it. */
function doubtText(
  { code, input, message }: Doubt,
  inputs: FeatureInputs | undefined,
  texts: Texts,
  language: string,
): string {
  const feature = inputs?.features.find(({ name }) => name === input);
  if (code === "outside-range" && feature && feature.low !== null && feature.high !== null) {
    const high = withUnit(number(feature.high, language), feature.unit);
    return texts.outside(feature.name, number(feature.low, language), high);
  }
  return texts.because[code] ?? message;
}

function Sign({ sure }: { readonly sure: boolean }) {
  return (
    <svg class="sign" viewBox="0 0 16 16" aria-hidden="true">
      {sure ? <path d="M3 8.5 6.5 12 13 4.5" /> : <path d="M8 2 15 14H1ZM8 6.5v3.5M8 12v.4" />}
    </svg>
  );
}
