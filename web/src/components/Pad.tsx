import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { css } from "../drawing/colours";
import { drawStroke } from "../drawing/lines";
import { seen } from "../drawing/pictures";
import type { Ink } from "../ink";
import { useLanguage } from "../language";
import { extended, type Point, type Stroke } from "../strokes";
import { useColours } from "./useColours";
import { Spoken } from "./Spoken";

/** How far an arrow key moves the pen, as a part of the side; with Shift a quarter of it. */
const PACE = 0.04;

interface Props {
  readonly strokes: readonly Stroke[];
  /** A picture from a file, in the strokes' place. */
  readonly picture: Ink | null;
  readonly thickness: number;
  readonly hint: string;
  /** The strokes as they are now, and whether the pen is lifted. */
  onStrokes(strokes: readonly Stroke[], lifted: boolean): void;
  onUndo(): void;
  onClear(): void;
}

interface KeyPen extends Point {
  readonly down: boolean;
}

/** A square to draw on, with a mouse, a pen, a finger or the arrow keys. */
export function Pad({ strokes, picture, thickness, hint, onStrokes, onUndo, onClear }: Props) {
  const { texts } = useLanguage();
  const colours = useColours();
  const canvas = useRef<HTMLCanvasElement>(null);
  const side = useSide(canvas);
  const drawing = useRef<{ pointer: number; strokes: readonly Stroke[] } | null>(null);
  const [pen, setPen] = useState<KeyPen | null>(null);

  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, side, side);
    if (picture) drawPicture(context, picture, side, seen(picture.values, colours));
    for (const stroke of strokes) drawStroke(context, stroke, side, css(colours.ink));
  }, [strokes, picture, side, colours]);

  function pointOf(event: PointerEvent, box: DOMRect): Point {
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  }

  function onPointerDown(event: PointerEvent): void {
    if (drawing.current || event.button !== 0 || !canvas.current) return;
    canvas.current.setPointerCapture(event.pointerId);
    setPen(null);
    const point = pointOf(event, canvas.current.getBoundingClientRect());
    drawing.current = {
      pointer: event.pointerId,
      strokes: [...strokes, { thickness, points: [point] }],
    };
    onStrokes(drawing.current.strokes, false);
  }

  function onPointerMove(event: PointerEvent): void {
    const now = drawing.current;
    if (now?.pointer !== event.pointerId || !canvas.current) return;
    const box = canvas.current.getBoundingClientRect();
    const events = event.getCoalescedEvents();
    for (const one of events.length > 0 ? events : [event])
      now.strokes = extended(now.strokes, pointOf(one, box));
    onStrokes(now.strokes, false);
  }

  function onPointerEnd(event: PointerEvent): void {
    if (drawing.current?.pointer !== event.pointerId) return;
    onStrokes(drawing.current.strokes, true);
    drawing.current = null;
  }

  function onKeyDown(event: KeyboardEvent): void {
    const by = event.shiftKey ? PACE / 4 : PACE;
    const move = {
      ArrowLeft: [-by, 0],
      ArrowRight: [by, 0],
      ArrowUp: [0, -by],
      ArrowDown: [0, by],
    }[event.key];
    if (event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey)))
      onUndo();
    else if (event.key === "Delete") onClear();
    else if (event.key === " ") {
      const now = pen ?? { x: 0.5, y: 0.5, down: false };
      setPen({ ...now, down: !now.down });
      if (!now.down) onStrokes([...strokes, { thickness, points: [{ x: now.x, y: now.y }] }], true);
    } else if (move) {
      const { x, y, down } = pen ?? { x: 0.5, y: 0.5, down: false };
      const next = { x: inside(x + (move[0] ?? 0)), y: inside(y + (move[1] ?? 0)) };
      setPen({ ...next, down });
      if (down) onStrokes(extended(strokes, next), true);
    } else return;
    event.preventDefault();
  }

  return (
    <div class="pad">
      <canvas
        ref={canvas}
        width={side}
        height={side}
        tabIndex={0}
        role="application"
        aria-label={texts.pad}
        aria-describedby="pad-help"
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerEnd}
        onPointerCancel={onPointerEnd}
        onKeyDown={onKeyDown}
        onBlur={() => setPen(null)}
      />
      {strokes.length === 0 && !picture && (
        <p class="hint" aria-hidden="true">
          <span>{hint}</span>
          <small>{texts.drawHint}</small>
        </p>
      )}
      {pen && (
        <span
          class="pen"
          data-down={pen.down}
          style={{ left: `${100 * pen.x}%`, top: `${100 * pen.y}%`, width: `${100 * thickness}%` }}
        />
      )}
      <p id="pad-help" class="hidden">
        {texts.padHelp}
      </p>
      <Spoken text={pen ? (pen.down ? texts.penDown : texts.penUp) : ""} />
    </div>
  );
}

function inside(place: number): number {
  return Math.min(1, Math.max(0, place));
}

/** The canvas's side in the screen's own pixels. */
function useSide(canvas: { readonly current: HTMLCanvasElement | null }): number {
  const [side, setSide] = useState(448);
  useEffect(() => {
    if (!canvas.current) return undefined;
    const watch = new ResizeObserver(([entry]) => {
      if (entry) setSide(Math.max(1, Math.round(entry.contentRect.width * devicePixelRatio)));
    });
    watch.observe(canvas.current);
    return () => watch.disconnect();
  }, [canvas]);
  return side;
}

/** Draw a picture into a square: whole, in its proportions, in the middle. */
function drawPicture(
  context: CanvasRenderingContext2D,
  { height, width }: Ink,
  side: number,
  paint: Uint8ClampedArray<ArrayBuffer>,
): void {
  const sheet = new OffscreenCanvas(width, height);
  sheet.getContext("2d")?.putImageData(new ImageData(paint, width, height), 0, 0);
  const scale = side / Math.max(height, width);
  const [across, down] = [width * scale, height * scale];
  context.drawImage(sheet, (side - across) / 2, (side - down) / 2, across, down);
}
