import { useLanguage } from "../language";
import { number, percent, withUnit } from "../format";
import { type Language, LANGUAGES, type Texts } from "../texts";
import type { ModelDescription } from "../types";

interface Props {
  readonly models: readonly ModelDescription[];
  readonly model: ModelDescription | undefined;
  onModel(name: string): void;
  onLanguage(language: Language): void;
}

export function Header({ models, model, onModel, onLanguage }: Props) {
  const { language, texts } = useLanguage();
  return (
    <header class="top">
      <p class="brand">
        <Mark />
        Glassnet
      </p>
      <div class="title">
        {models.length > 1 ? (
          <h1>
            <label class="hidden" for="model">
              {texts.model}
            </label>
            <select
              id="model"
              value={model?.name}
              onChange={(event) => onModel(event.currentTarget.value)}
            >
              {models.map(({ name }) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </h1>
        ) : (
          <h1>{model?.name}</h1>
        )}
        {model && <p class="about">{about(model, texts, language).join(" · ")}</p>}
      </div>
      <div class="languages" role="group" aria-label={texts.language}>
        {(Object.entries(LANGUAGES) as [Language, string][]).map(([code, name]) => (
          <button
            key={code}
            type="button"
            lang={code === "zh" ? "zh-Hans" : code}
            aria-pressed={code === language}
            onClick={() => onLanguage(code)}
          >
            {name}
          </button>
        ))}
      </div>
    </header>
  );
}

/** What goes in and comes out, what it learnt from, and how good it is, as far as that is known. */
function about(
  { inputs, outputs, provenance }: ModelDescription,
  texts: Texts,
  language: string,
): string[] {
  const into =
    inputs.kind === "images"
      ? texts.pixels(inputs.height, inputs.width)
      : texts.features(inputs.features.length);
  const out =
    outputs.kind === "classes"
      ? texts.classes(outputs.labels.length)
      : texts.values(outputs.names.length);
  const { data, accuracy, mae } = provenance;
  const unit =
    outputs.kind === "values" && outputs.names.length === 1 ? outputs.units[0] : undefined;
  return [
    texts.madeOf(into, out),
    ...(typeof data === "string" && data ? [texts.learntFrom(data)] : []),
    ...(typeof accuracy === "number" ? [texts.right(percent(accuracy, language))] : []),
    ...(typeof mae === "number" && unit !== undefined
      ? [texts.off(withUnit(number(mae, language), unit))]
      : []),
  ];
}

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect x="1.5" y="1.5" width="29" height="29" rx="6" />
      <path d="M9 10 23 16 9 22" />
      <circle cx="9" cy="10" r="2.6" />
      <circle cx="9" cy="22" r="2.6" />
      <circle cx="23" cy="16" r="3.4" />
    </svg>
  );
}
