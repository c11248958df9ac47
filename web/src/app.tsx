/** The page: which network, in which language, and the page of its kind. */

import { render } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { DrawingPage } from "./components/DrawingPage";
import { Footer } from "./components/Footer";
import { FormPage } from "./components/FormPage";
import { Header } from "./components/Header";
import { kept, LanguageContext } from "./language";
import { firstLanguage, TEXTS } from "./texts";
import type {
  Description,
  FeatureInputs,
  ImageInputs,
  Options,
  PageProps,
  Predictor,
} from "./types";

/** Show the page of these models in an element; the predictor answers what is asked on it. */
export function mount(
  root: Element,
  description: Description,
  predictor: Predictor,
  options: Options = {},
): void {
  render(<App description={description} predictor={predictor} options={options} />, root);
}

interface AppProps {
  readonly description: Description;
  readonly predictor: Predictor;
  readonly options: Options;
}

function App({ description, predictor, options }: AppProps) {
  const [language, setLanguage] = useState(() =>
    firstLanguage(kept.read("language"), navigator.languages),
  );
  const [{ models, learns }, setDescription] = useState(description);
  const [name, setName] = useState(() => new URLSearchParams(location.search).get("model"));
  const model = models.find((one) => one.name === name) ?? models[0];
  const texts = TEXTS[language];

  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
    if (model) document.title = texts.documentTitle(model.name);
  }, [language, texts, model]);

  const replacedBy = useRef("");
  const describeAnew = useCallback(
    (hash: string) => {
      if (replacedBy.current === hash) return; // asked already, whatever came of it
      replacedBy.current = hash;
      predictor.describe?.().then(setDescription, () => undefined);
    },
    [predictor],
  );

  return (
    <LanguageContext.Provider value={language}>
      <a class="skip" href="#answer">
        {texts.skip}
      </a>
      <Header
        models={models}
        model={model}
        onModel={(chosen) => {
          setName(chosen);
          const address = new URL(location.href);
          address.searchParams.set("model", chosen);
          history.replaceState(null, "", address);
        }}
        onLanguage={(chosen) => {
          setLanguage(chosen);
          kept.write("language", chosen);
        }}
      />
      {model ? (
        <ModelPage
          key={model.name + JSON.stringify(model.inputs)}
          model={model}
          predictor={predictor}
          learns={learns && predictor.learn !== undefined}
          onReplaced={describeAnew}
        />
      ) : (
        <main class="notice">{texts.noModels}</main>
      )}
      <Footer standalone={options.standalone ?? false} hash={model?.hash ?? ""} />
    </LanguageContext.Provider>
  );
}

function ModelPage(props: Omit<PageProps<never>, "inputs">) {
  const inputs: ImageInputs | FeatureInputs = props.model.inputs;
  return inputs.kind === "images" ? (
    <DrawingPage {...props} inputs={inputs} />
  ) : (
    <FormPage {...props} inputs={inputs} />
  );
}
