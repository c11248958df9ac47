import { useLayoutEffect, useRef } from "preact/hooks";

import type { Paint } from "../drawing/pictures";

interface Props {
  readonly height: number;
  readonly width: number;
  /** One colour a pixel; null leaves the picture empty. */
  readonly paint: Paint | null;
  /** What it shows, for those who do not see it. */
  readonly label: string;
}

/** A small picture, enlarged with its pixels as they are. */
export function Pixels({ height, width, paint, label }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, width, height);
    if (paint) context.putImageData(new ImageData(paint, width, height), 0, 0);
  }, [paint, height, width]);
  return (
    <canvas
      ref={canvas}
      class="pixels"
      width={width}
      height={height}
      role="img"
      aria-label={label}
    />
  );
}
