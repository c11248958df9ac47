/** Numbers as people read them. */

/** A probability; never 0 % or 100 % unless it is. */
export function percent(probability: number, language: string): string {
  const limit = 0.0005;
  const write = (value: number): string =>
    value.toLocaleString(language, { style: "percent", maximumFractionDigits: 1 });
  if (probability > 0 && probability < limit) return `< ${write(0.001)}`;
  if (probability < 1 && probability > 1 - limit) return `> ${write(0.999)}`;
  return write(probability);
}

/** So many digits that count; four, as Glassnet writes numbers elsewhere. */
export function number(value: number, language: string, digits = 4): string {
  return value.toLocaleString(language, { maximumSignificantDigits: digits });
}

/** In three digits with its sign, and a true minus. */
export function signed(value: number, language: string): string {
  return `${value < 0 ? "−" : "+"}${number(Math.abs(value), language, 3)}`;
}

/** With its unit, where there is one. */
export function withUnit(value: string, unit: string): string {
  return unit === "" ? value : `${value} ${unit}`;
}

/** A number as a field of the form holds it: in the fewest digits that give it back, be it a float32. */
export function plain(value: number): string {
  for (let digits = 6; digits < 17; digits++) {
    const short = Number(value.toPrecision(digits));
    if (short === value || Math.fround(short) === value) return String(short);
  }
  return String(value);
}

/** A slider's step: about a hundredth of the range, a power of ten or 2 or 5 times it. */
export function step(low: number, high: number): number {
  const rough = (high - low) / 100;
  if (!(rough > 0) || !Number.isFinite(rough)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const times = [1, 2, 5].findLast((factor) => factor * power <= rough * (1 + 1e-9)) ?? 1;
  return Number((times * power).toPrecision(1));
}
