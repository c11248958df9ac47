/** What is shown before there is a model to show: that it is not there, or asks for a token. */

import type { ComponentChildren } from "preact";

import { kept } from "../language";
import { firstLanguage, TEXTS, type Texts } from "../texts";
import type { Refusal } from "../types";

export function Notice({ refusal }: { readonly refusal: Refusal }) {
  return <Entrance>{(texts) => <p role="alert">{troubleText(refusal, texts)}</p>}</Entrance>;
}

/** What a refusal means, in the page's words where it has any. */
export function troubleText(refusal: Refusal, texts: Texts): string {
  if (refusal.code === "unreachable") return texts.unreachable;
  if (refusal.retryAfter > 0) return texts.busy;
  return texts.failed(refusal.message);
}

export function TokenForm({ onToken }: { onToken(token: string): void }) {
  return (
    <Entrance>
      {(texts) => (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const given = new FormData(event.currentTarget).get("token");
            if (typeof given === "string" && given) onToken(given);
          }}
        >
          <p>{texts.tokenText}</p>
          <label for="token">{texts.token}</label>
          <input id="token" name="token" type="password" autocomplete="off" required />
          <button type="submit">{texts.tokenUse}</button>
        </form>
      )}
    </Entrance>
  );
}

function Entrance({ children }: { children(texts: Texts): ComponentChildren }) {
  const language = firstLanguage(kept.read("language"), navigator.languages);
  return (
    <main class="notice" lang={language === "zh" ? "zh-Hans" : "en"}>
      {children(TEXTS[language])}
    </main>
  );
}
