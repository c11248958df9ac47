/** The language of the page, for every component. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";

import { type Language, TEXTS, type Texts } from "./texts";

export const LanguageContext = createContext<Language>("en");

export function useLanguage(): { readonly language: Language; readonly texts: Texts } {
  const language = useContext(LanguageContext);
  return { language, texts: TEXTS[language] };
}

/** What the browser keeps for next time; where it may keep nothing, nothing is kept. */
export const kept = {
  read(name: string): string | null {
    try {
      return localStorage.getItem(`glassnet.${name}`);
    } catch {
      return null;
    }
  },
  write(name: string, value: string): void {
    try {
      localStorage.setItem(`glassnet.${name}`, value);
    } catch {
      // Cookies and the like are switched off: the choice lasts as long as the page.
    }
  },
};
