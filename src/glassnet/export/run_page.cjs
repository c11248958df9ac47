// Asks the network program of a page, as it stands in the file, what it says to rows:
//     node run_page.cjs PAGE ROWS COUNT ANSWERS
// ROWS and ANSWERS are files of doubles, the least byte first.

"use strict";

const { readFileSync, writeFileSync } = require("node:fs");
const vm = require("node:vm");

const [page, rows, count, answers] = process.argv.slice(2);
const text = readFileSync(page, "utf8");
const inside = (tag) => {
  const start = text.indexOf(tag);
  if (start < 0) throw new Error(`The page has no ${tag}`);
  return text.slice(start + tag.length, text.indexOf("</script>", start));
};
vm.runInThisContext(inside('<script id="network">'), { filename: "network.js" });
const model = globalThis.glassnet.open(inside('<script type="application/json" id="model">'));

const bytes = readFileSync(rows);
const asked = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
const width = asked.length / Number(count);
const said = [];
for (let n = 0; n < Number(count); n++) {
  for (const figure of model.figures(Array.from(asked.subarray(n * width, (n + 1) * width)))) said.push(figure);
}
writeFileSync(answers, new Uint8Array(Float64Array.from(said).buffer));
