// Test results in the forms that other programs read: TAP and JUnit.
export interface TestRow {
  readonly file: string;
  readonly line?: number;
  readonly expected: string;
  readonly found: string;
  readonly ok: boolean;
  /** The first diagnostic in full, for people. */
  readonly detail: string;
}

export function tap(rows: readonly TestRow[]): string {
  const lines = rows.map((row, at) => {
    const head = `${row.ok ? "ok" : "not ok"} ${at + 1} - ${name(row).replace(/#/g, "\\#")}`;
    if (row.ok) return head;
    return `${head}\n  ---\n  expected: ${JSON.stringify(row.expected)}\n  found: ${JSON.stringify(row.found)}\n  ...`;
  });
  return `TAP version 14\n1..${rows.length}\n${lines.map((line) => `${line}\n`).join("")}`;
}

export function junit(rows: readonly TestRow[]): string {
  const failures = rows.filter((row) => !row.ok).length;
  const cases = rows.map((row) => {
    const head = `  <testcase classname="${escaped(row.file)}" name="${escaped(name(row))}"`;
    if (row.ok) return `${head}/>\n`;
    const message = `expected ${row.expected}, found ${row.found}`;
    return `${head}>\n    <failure message="${escaped(message)}">${escaped(row.detail)}</failure>\n  </testcase>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="bpflab" tests="${rows.length}" failures="${failures}">
${cases.join("")}</testsuite>
`;
}

function name(row: TestRow): string {
  return `${row.file}${row.line === undefined ? "" : `:${row.line}`} ${row.expected}`;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
