// docs/diagnostics.md, made of the same pages as `bpflab explain` prints.
import { type Explanation, explain, explainedCodes } from "../lab/index.ts";

const groups: readonly (readonly [prefix: string, title: string])[] = [
  ["E01", "Syntax and encoding"],
  ["E02", "Control flow"],
  ["E03", "Memory"],
  ["E04", "Values"],
  ["E05", "References"],
  ["E06", "RCU sections and locks"],
  ["E07", "Helpers and kernel functions"],
  ["E10", "Litmus tests"],
  ["L", "Rules of the laboratory"],
  ["W", "Warnings"],
];

export function diagnosticsPage(): string {
  const pages = explainedCodes.flatMap((code) => explain(code) ?? []);
  const parts = groups.map(([prefix, title]) => {
    const own = pages.filter((page) => page.code.startsWith(prefix));
    return `## ${title}\n\n${own.map(section).join("\n")}`;
  });
  return `# Diagnostics

Every code that bpflab reports, as \`bpflab explain CODE\` prints it. Codes and the JSON form are an interface and keep
their meaning; the wording of messages may change in any version. \`E\`: a rule of Linux too, or of the assembler.
\`L\`: a rule of this laboratory that Linux does not have. \`W\`: a warning, which refuses nothing.

This file is made by \`npm run man\`; its programs are run by the tests.

${parts.join("\n")}`;
}

function section(page: Explanation): string {
  const options = page.unprivileged ? " (with `--unprivileged`)" : "";
  const bad = page.bad === undefined ? "" : `\nRefused${options}:\n\n\`\`\`\n${page.bad.trimEnd()}\n\`\`\`\n`;
  const good = page.good === undefined ? "" : `\nAccepted:\n\n\`\`\`\n${page.good.trimEnd()}\n\`\`\`\n`;
  return `### ${page.code}: ${page.title}\n\n${page.says}\n${bad}${good}`;
}
