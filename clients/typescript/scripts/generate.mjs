// Writes src/generated/openapi.ts from the committed OpenAPI document; with `--check` it only tells whether that is up to date.

import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const DOCUMENT = new URL("../../openapi.json", import.meta.url);
const GENERATED = new URL("../src/generated/openapi.ts", import.meta.url);
const HEAD = "// Made from clients/openapi.json by `npm run generate`; not edited by hand.\n\n";

const text = HEAD + astToString(await openapiTS(DOCUMENT, { alphabetize: true }));
if (process.argv.includes("--check")) {
  const committed = await readFile(GENERATED, "utf8").catch(() => "");
  if (committed !== text) {
    console.error("src/generated/openapi.ts is not what clients/openapi.json says; run `npm run generate` and commit it");
    process.exitCode = 1;
  }
} else {
  await writeFile(GENERATED, text);
}
