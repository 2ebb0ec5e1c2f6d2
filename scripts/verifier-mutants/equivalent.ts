// Mistakes that change nothing anyone could see, each with the reason why that is so. They are counted apart. An entry
// is for one mutation of one line; a line that is not there any more is an error of this list.
import { inDomain } from "./equivalent/domain.ts";
import { inSearch } from "./equivalent/search.ts";
import { inTransfer } from "./equivalent/transfer.ts";
import type { Mutation } from "./mutations.ts";

export interface Equivalent {
  readonly file: string;
  /** The line, without the mistake. */
  readonly source: string;
  readonly from: string;
  /** Which of those on the line, the first being 0; absent: the first. */
  readonly nth?: number;
  readonly why: string;
}

export const equivalent: readonly Equivalent[] = [...inDomain, ...inSearch, ...inTransfer];

/** Whether an entry is for this mutation. */
export function isTheOne(each: Equivalent, { file, source, from, nth }: Mutation): boolean {
  return each.file === file && each.source === source && each.from === from && (each.nth ?? 0) === nth;
}
