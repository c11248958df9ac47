/** A picture file as ink, read by the browser: the way to an answer without drawing. */

import type { Ink } from "./ink";

/** A larger picture is scaled down by a whole number. */
const LARGEST_SIDE = 1024;

/** Grey levels that lie closer together than this are empty paper. */
const FLAT = 1 / 32;

/** Read a picture, upright, what is transparent as white. Rejects what the browser cannot read. */
export async function inkOfFile(file: Blob): Promise<Ink> {
  const bitmap = await createImageBitmap(file);
  const factor = Math.ceil(Math.max(bitmap.width, bitmap.height) / LARGEST_SIDE);
  const width = Math.ceil(bitmap.width / factor);
  const height = Math.ceil(bitmap.height / factor);
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("This browser has no canvas.");
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return inkOnPaper(greyOf(context.getImageData(0, 0, width, height).data), height, width);
}

function greyOf(colours: ArrayLike<number>): Float32Array {
  const level = (at: number): number => (colours[at] ?? 0) / 255;
  return Float32Array.from(
    { length: colours.length / 4 },
    (_, i) => 0.299 * level(4 * i) + 0.587 * level(4 * i + 1) + 0.114 * level(4 * i + 2),
  );
}

/**
 * What stands out from the paper, whose grey is the border's median.
 *
 * This repeats ink_on_paper of src/glassnet/data/pictures.py, where it is explained.
 */
export function inkOnPaper(grey: Float32Array, height: number, width: number): Ink {
  const wide = Math.max(1, Math.floor(Math.min(height, width) / 32));
  const isEdge = (i: number): boolean => {
    const [y, x] = [Math.floor(i / width), i % width];
    return y < wide || x < wide || y >= height - wide || x >= width - wide;
  };
  const [darkest, brightest] = grey.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [1, 0],
  );
  if (brightest - darkest < FLAT) return { height, width, values: new Float32Array(grey.length) };
  const paper = quantile(
    grey.filter((_, i) => isEdge(i)),
    0.5,
  );
  const ink = grey.map((g) => (paper >= 0.5 ? (paper - g) / paper : (g - paper) / (1 - paper)));
  const uneven = quantile(ink.filter((_, i) => isEdge(i)).map(Math.abs), 0.75);
  const floor = Math.min(0.25, 4 * uneven);
  const clear = (value: number): number => Math.min(1, Math.max(0, (value - floor) / (1 - floor)));
  return { height, width, values: ink.map(clear) };
}

/** The value that a share of them stays below, between two of them where it falls there. */
function quantile(values: Float32Array, share: number): number {
  const sorted = values.sort();
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? 0;
  return below + (place - Math.floor(place)) * (above - below);
}
