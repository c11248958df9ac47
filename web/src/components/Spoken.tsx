import { useEffect, useState } from "preact/hooks";

/** Milliseconds that a text has to last before it is read out. */
const REST = 700;

/** Text for screen readers only, once it has stopped changing. */
export function Spoken({ text }: { readonly text: string }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    const later = setTimeout(() => setSaid(text), REST);
    return () => clearTimeout(later);
  }, [text]);
  return (
    <p class="hidden" role="status" aria-live="polite">
      {said}
    </p>
  );
}
