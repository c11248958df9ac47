import { useEffect, useState } from "preact/hooks";

import { type Colours, coloursOf } from "../drawing/colours";

/** The page's colours, and again whenever the system goes from light to dark or back. */
export function useColours(): Colours {
  const [colours, setColours] = useState(() => coloursOf(document.documentElement));
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const read = (): void => setColours(coloursOf(document.documentElement));
    read();
    dark.addEventListener("change", read);
    return () => dark.removeEventListener("change", read);
  }, []);
  return colours;
}
