/** The page's colours, for what is drawn on a canvas: read from the style sheet, light or dark. */

export interface Colour {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
}

export interface Colours {
  readonly ink: Colour;
  readonly paper: Colour;
  readonly for: Colour;
  readonly against: Colour;
}

/** Read #rrggbb. */
export function colour(hex: string): Colour {
  const value = Number.parseInt(hex.trim().slice(1), 16);
  return { red: value >> 16, green: (value >> 8) & 255, blue: value & 255 };
}

export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const read = (name: string): Colour => colour(style.getPropertyValue(name));
  return {
    ink: read("--ink"),
    paper: read("--sheet"),
    for: read("--for"),
    against: read("--against"),
  };
}

/** `share` of the way from a to b. */
export function between(a: Colour, b: Colour, share: number): Colour {
  const mix = (x: number, y: number): number => Math.round(x + share * (y - x));
  return { red: mix(a.red, b.red), green: mix(a.green, b.green), blue: mix(a.blue, b.blue) };
}

export function css({ red, green, blue }: Colour): string {
  return `rgb(${red} ${green} ${blue})`;
}
