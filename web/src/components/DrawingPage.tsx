import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { type When, useAsking } from "../asking";
import { seen } from "../drawing/pictures";
import { frame, pixels } from "../framing";
import { follower, type Ink } from "../ink";
import { useLanguage } from "../language";
import { inkOfFile } from "../picture_file";
import { type Stroke, THICKEST, THINNEST, USUAL } from "../strokes";
import type { ImageInputs, PageProps } from "../types";
import { Bars } from "./Bars";
import { Correction } from "./Correction";
import { Pad } from "./Pad";
import { Pixels } from "./Pixels";
import { SpokenPixels } from "./SpokenPixels";
import { useColours } from "./useColours";
import { Verdict } from "./Verdict";

/** What is on the pad: strokes, or a picture from a file. */
interface Drawing {
  readonly strokes: readonly Stroke[];
  readonly picture: Ink | null;
  readonly lifted: boolean;
}

const EMPTY: Drawing = { strokes: [], picture: null, lifted: true };

/** The page of a network that takes pictures. */
export function DrawingPage({
  model,
  inputs,
  predictor,
  learns,
  onReplaced,
}: PageProps<ImageInputs>) {
  const { texts } = useLanguage();
  const colours = useColours();
  const [{ strokes, picture, lifted }, setDrawing] = useState(EMPTY);
  const [thickness, setThickness] = useState(USUAL);
  const [unreadable, setUnreadable] = useState("");
  const inkOf = useRef(follower());
  const { answered, explained, trouble, ask } = useAsking(predictor, model, onReplaced);

  const row = useMemo(() => {
    const framed = frame(picture ?? inkOf.current(strokes), inputs);
    return framed && pixels(framed, inputs);
  }, [strokes, picture, inputs]);
  const when: When = lifted ? "after" : "never";
  useLayoutEffect(() => ask(row, when), [ask, row, when]);

  const labels = model.outputs.kind === "classes" ? model.outputs.labels : [];
  const hint =
    labels.length > 0 && labels.every((label) => /^\d$/.test(label)) ? texts.drawDigit : texts.draw;
  const answer = answered?.answer ?? null;
  const shades = useMemo(() => row && row.map((value) => value / inputs.maximum), [row, inputs]);
  const paint = useMemo(() => shades && seen(shades, colours), [shades, colours]);
  const settled = explained?.row === row ? explained : null;

  function clear(): void {
    setDrawing(EMPTY);
    setUnreadable("");
  }

  async function open(file: File): Promise<void> {
    try {
      const ink = await inkOfFile(file);
      setUnreadable(frame(ink, inputs) ? "" : texts.nothingInPicture);
      setDrawing({ strokes: [], picture: ink, lifted: true });
    } catch {
      setUnreadable(texts.unreadable);
    }
  }

  return (
    <main class="drawing">
      <section class="sheet" aria-label={texts.pad}>
        <Pad
          strokes={strokes}
          picture={picture}
          thickness={thickness}
          hint={hint}
          onStrokes={(drawn, up) => setDrawing({ strokes: drawn, picture: null, lifted: up })}
          onUndo={() => setDrawing({ strokes: strokes.slice(0, -1), picture: null, lifted: true })}
          onClear={clear}
        />
        <div class="tools">
          <label class="thickness">
            <span>{texts.pen}</span>
            <input
              type="range"
              min={THINNEST}
              max={THICKEST}
              step={0.001}
              value={thickness}
              aria-valuetext={`${Math.round(100 * thickness)} %`}
              onInput={(event) => setThickness(event.currentTarget.valueAsNumber)}
            />
          </label>
          <button
            type="button"
            disabled={strokes.length === 0}
            onClick={() =>
              setDrawing({ strokes: strokes.slice(0, -1), picture: null, lifted: true })
            }
          >
            {texts.undo}
          </button>
          <button type="button" disabled={strokes.length === 0 && !picture} onClick={clear}>
            {texts.clear}
          </button>
          <label class="file">
            <input
              type="file"
              accept="image/png,image/jpeg"
              onChange={(event) => {
                const [file] = event.currentTarget.files ?? [];
                if (file) void open(file);
                event.currentTarget.value = "";
              }}
            />
            <span>{texts.open}</span>
          </label>
        </div>
        {unreadable && (
          <p class="trouble" role="alert">
            {unreadable}
          </p>
        )}
      </section>

      <div class="answer">
        <Verdict answer={answer} trouble={trouble} empty={texts.nothingYet} />
        {labels.length > 0 && (
          <Bars
            labels={labels}
            probabilities={answer && "class" in answer ? answer.probabilities : null}
            chosen={answer && "class" in answer ? answer.class : ""}
          />
        )}
      </div>

      <div class="inside">
        <figure>
          <Pixels height={inputs.height} width={inputs.width} paint={paint} label={texts.seen} />
          <figcaption>
            <h2>{texts.seen}</h2>
            <p>{texts.seenText(inputs.height, inputs.width)}</p>
          </figcaption>
        </figure>
        <SpokenPixels inputs={inputs} picture={shades} reasons={settled?.reasons[0] ?? null} />
      </div>

      {learns && row && labels.length > 0 && (
        <Correction
          key={JSON.stringify(row)}
          labels={labels}
          learn={(label) => predictor.learn?.(model.name, row, label) ?? Promise.resolve("")}
        />
      )}
    </main>
  );
}
