import { useMemo } from "preact/hooks";

import { spoken } from "../drawing/pictures";
import { useLanguage } from "../language";
import { type Reasons, region } from "../reasons";
import type { Texts } from "../texts";
import type { ImageInputs } from "../types";
import { Pixels } from "./Pixels";
import { useColours } from "./useColours";

interface Props {
  readonly inputs: ImageInputs;
  /** The pixels in 0..1. */
  readonly picture: readonly number[] | null;
  readonly reasons: Reasons | null;
}

/** Which pixels spoke for the answer, and which for the runner-up. */
export function SpokenPixels({ inputs, picture, reasons }: Props) {
  const { texts } = useLanguage();
  const colours = useColours();
  const paint = useMemo(
    () => reasons && picture && spoken(reasons.parts, picture, colours),
    [reasons, picture, colours],
  );
  const described = reasons ? places(reasons, inputs, texts) : "";
  return (
    <figure>
      <Pixels
        height={inputs.height}
        width={inputs.width}
        paint={paint}
        label={`${texts.why}. ${described}`}
      />
      <figcaption>
        <h2>{reasons ? title(reasons, texts) : texts.why}</h2>
        {reasons ? (
          <>
            <p class="legend">
              <span class="for">{texts.for(reasons.answer)}</span>
              {reasons.against !== null && (
                <span class="against">{texts.against(reasons.against)}</span>
              )}
            </p>
            <p>{described}</p>
          </>
        ) : (
          <p>{texts.whyLater}</p>
        )}
      </figcaption>
    </figure>
  );
}

export function title({ answer, against }: Reasons, texts: Texts): string {
  return against === null ? texts.whatMakes(answer) : texts.whyRather(answer, against);
}

/** In words: where most of what speaks for each side lies. */
function places(
  { answer, against, parts }: Reasons,
  { height, width }: ImageInputs,
  texts: Texts,
): string {
  const said = (name: string | null, sign: 1 | -1): string[] => {
    const place = region(parts, height, width, sign);
    return name === null || place === null ? [] : [texts.mostFor(name, texts.regions[place] ?? "")];
  };
  return [...said(answer, 1), ...said(against, -1)].join(texts.space);
}
