/** Numbers for people, as Python writes them with "%.4g"; but a tie goes up, not to the even digit. */

/** At most `digits` significant digits, without zeros at the end; powers of ten where they are shorter. */
export function general(value: number, digits: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const [mantissa = "0", power = "0"] = value.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  if (exponent >= -4 && exponent < digits)
    return short(value.toFixed(digits - 1 - exponent), value);
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `${short(mantissa, value)}e${exponent < 0 ? "-" : "+"}${size}`;
}

function short(text: string, value: number): string {
  const told = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return Object.is(value, -0) && !told.startsWith("-") ? `-${told}` : told;
}
