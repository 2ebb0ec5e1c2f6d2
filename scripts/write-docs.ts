// Writes what is made of tables: the manual page from the options, docs/diagnostics.md from the pages of the codes, the JSON
// schema from the shapes.
// test/docs.test.ts fails when one of them is out of date.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { diagnosticsPage } from "../src/cli/docs.ts";
import { manualPage } from "../src/cli/help.ts";
import { schemaText } from "../src/cli/schema.ts";
import { version } from "../src/cli/version.ts";

const root = join(import.meta.dirname, "..");
for (const folder of ["man", "docs", "schema"]) mkdirSync(join(root, folder), { recursive: true });
writeFileSync(join(root, "man", "bpflab.1"), manualPage(version()));
writeFileSync(join(root, "docs", "diagnostics.md"), diagnosticsPage());
writeFileSync(join(root, "schema", "bpflab.schema.json"), schemaText());
