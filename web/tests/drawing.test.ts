import { describe, expect, test } from "vitest";

import { between, colour, type Colours, css } from "../src/drawing/colours";
import { drawStroke, type Pen } from "../src/drawing/lines";
import { seen, spoken } from "../src/drawing/pictures";
import { inkOnPaper } from "../src/picture_file";

const COLOURS: Colours = {
  paper: colour("#ffffff"),
  ink: colour("#000000"),
  for: colour("#0000ff"),
  against: colour(" #ff8000 "),
};

describe("colours", () => {
  test("are read and written", () => {
    expect(colour("#0b6b57")).toEqual({ red: 11, green: 107, blue: 87 });
    expect(css(colour("#0b6b57"))).toBe("rgb(11 107 87)");
  });

  test("mix", () => {
    expect(between(COLOURS.paper, COLOURS.for, 0.5)).toEqual({ red: 128, green: 128, blue: 255 });
  });
});

describe("pictures", () => {
  test("go from paper to ink", () => {
    expect([...seen([0, 1, 0.5], COLOURS)]).toEqual([
      255, 255, 255, 255, 0, 0, 0, 255, 128, 128, 128, 255,
    ]);
  });

  test("show the strongest part in its full colour, and nothing as paper", () => {
    const [first, second, third] = [0, 4, 8].map((at) =>
      [...spoken([2, -2, 0], [0, 0, 0], COLOURS)].slice(at, at + 3),
    );
    expect([first, second, third]).toEqual([
      [0, 0, 255],
      [255, 128, 0],
      [255, 255, 255],
    ]);
  });

  test("keep a trace of the ink beneath", () => {
    expect([...spoken([0], [1], COLOURS)]).toEqual([204, 204, 204, 255]);
  });
});

describe("a stroke on a canvas", () => {
  function pen() {
    const path: (string | number)[][] = [];
    const fake: Pen = {
      lineCap: "butt",
      lineJoin: "miter",
      lineWidth: 0,
      strokeStyle: "",
      beginPath: () => path.push(["begin"]),
      moveTo: (x, y) => path.push(["move", x, y]),
      lineTo: (x, y) => path.push(["line", x, y]),
      stroke: () => path.push(["stroke"]),
    };
    return { fake, path };
  }
  const points = [
    { x: 0, y: 0.5 },
    { x: 0.5, y: 0.5 },
    { x: 1, y: 1 },
  ];

  test("is a line with round ends, as thick as the pen", () => {
    const { fake, path } = pen();
    drawStroke(fake, { thickness: 0.1, points }, 200, "black");
    expect(path).toEqual([
      ["begin"],
      ["move", 0, 100],
      ["line", 100, 100],
      ["line", 200, 200],
      ["stroke"],
    ]);
    expect([fake.lineCap, fake.lineWidth, fake.strokeStyle]).toEqual(["round", 20, "black"]);
  });

  test("of one point is a dot, and of none nothing", () => {
    const { fake, path } = pen();
    drawStroke(fake, { thickness: 0.1, points: [] }, 200, "black");
    expect(path).toEqual([]);
    drawStroke(fake, { thickness: 0.1, points: points.slice(1, 2) }, 200, "black");
    expect(path.slice(1, 3)).toEqual([
      ["move", 100, 100],
      ["line", 100, 100],
    ]);
  });
});

describe("ink on paper", () => {
  const paper = (grey: number, dot: number): Float32Array => {
    const picture = new Float32Array(64).fill(grey);
    picture[27] = dot;
    return picture;
  };

  test("is what is dark on light, or light on dark", () => {
    for (const [grey, dot] of [
      [1, 0],
      [0, 1],
      [0.8, 0],
    ] as const) {
      const { values } = inkOnPaper(paper(grey, dot), 8, 8);
      expect(values[27]).toBe(1);
      expect(values.filter((value) => value > 0)).toHaveLength(1);
    }
  });

  test("is none where all is much alike", () => {
    expect(Math.max(...inkOnPaper(paper(0.5, 0.52), 8, 8).values)).toBe(0);
  });

  test("leaves out how uneven the paper is", () => {
    const uneven = Float32Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? 0.9 : 0.86));
    uneven[27] = 0;
    const { values } = inkOnPaper(uneven, 8, 8);
    expect(values.filter((value) => value > 0)).toHaveLength(1);
  });
});
