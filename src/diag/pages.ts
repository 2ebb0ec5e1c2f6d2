// What `bpflab explain` says of each code: the reason in words, a program that is refused for it and one that is not.
// Both are run by the tests, and docs/diagnostics.md is made of them.
import { callPages } from "./pages/calls.ts";
import { flowPages } from "./pages/flow.ts";
import { litmusPages } from "./pages/litmus.ts";
import { memoryPages } from "./pages/memory.ts";
import { resourcePages } from "./pages/resources.ts";
import { syntaxPages } from "./pages/syntax.ts";
import type { Page } from "./pages/template.ts";
import { valuePages } from "./pages/values.ts";

export type { Page } from "./pages/template.ts";

export const pages: Readonly<Record<string, Page>> = {
  ...syntaxPages,
  ...flowPages,
  ...memoryPages,
  ...valuePages,
  ...resourcePages,
  ...callPages,
  ...litmusPages,
};
