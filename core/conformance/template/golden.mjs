// Checks the `js` of every case against handlebars.js, and that `reason` stands where ours differs.
// Usage: node golden.mjs FOLDER, where FOLDER has node_modules/handlebars 4.7.10.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(resolve(process.argv[2] ?? "."), "x.js"));
const Handlebars = require("handlebars");
if (Handlebars.VERSION !== "4.7.10") throw new Error(`handlebars ${Handlebars.VERSION}, not 4.7.10`);

function render(test) {
  const engine = Handlebars.create();
  engine.log = () => {};
  engine.logger.log = () => {};
  for (const [name, source] of Object.entries(test.partials ?? {})) engine.registerPartial(name, source);
  try {
    return engine.compile(test.template, { noEscape: true })(test.data ?? {}, { data: test.context ?? {} });
  } catch {
    return null;
  }
}

let checked = 0;
let wrong = 0;
const report = (file, test, what) => {
  wrong += 1;
  console.log(`${file}: ${test.name}: ${what}`);
};
for (const file of readdirSync(here).filter((name) => name.endsWith(".json") && name !== "variants.json")) {
  for (const test of JSON.parse(readFileSync(join(here, file), "utf8")).cases) {
    if (!("js" in test)) continue;
    checked += 1;
    const js = render(test);
    if (js !== test.js) report(file, test, `handlebars.js gives ${JSON.stringify(js)}`);
    const same = js === null ? "error" in test.expect : js === test.expect.text;
    if (same === "reason" in test) report(file, test, same ? "needs no reason" : "needs a reason");
  }
}
console.log(`${checked} checked, ${wrong} wrong`);
process.exitCode = wrong ? 1 : 0;
