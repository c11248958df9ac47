/** Arrays as a page's document holds them: the bytes of the model file, written in base64. */

import type { Numbers, Shape } from "./numbers";

export interface PackedArray {
  readonly dtype: "float32" | "float64";
  readonly shape: Shape;
  /** Its numbers row by row, the least byte first. */
  readonly base64: string;
}

/** The numbers, exactly. Throws where they are not as many as the shape says. */
export function unpacked({ dtype, shape, base64 }: PackedArray): Numbers {
  const text = atob(base64);
  const bytes = new DataView(new ArrayBuffer(text.length));
  for (let k = 0; k < text.length; k++) bytes.setUint8(k, text.charCodeAt(k));
  const size = shape.reduce((a, b) => a * b, 1);
  const width = dtype === "float32" ? 4 : 8;
  if (text.length !== size * width) {
    throw new Error(`An array of shape (${shape.join(", ")}) came with ${text.length} bytes.`);
  }
  const numbers = dtype === "float32" ? new Float32Array(size) : new Float64Array(size);
  for (let n = 0; n < size; n++) {
    numbers[n] =
      dtype === "float32" ? bytes.getFloat32(4 * n, true) : bytes.getFloat64(8 * n, true);
  }
  return numbers;
}

export function unpackedAll(
  arrays: Readonly<Record<string, PackedArray>>,
): ReadonlyMap<string, Numbers> {
  return new Map(Object.entries(arrays).map(([name, packed]) => [name, unpacked(packed)]));
}
