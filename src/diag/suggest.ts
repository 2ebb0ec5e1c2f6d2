// "Did you mean": the nearest of the names that would have been right.

/** Edits (insert, delete, replace, swap of neighbours) between two words, or `limit + 1` when there are more. */
export function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return Math.min(last[b.length] ?? 0, limit + 1);
}

/** The candidate a slip of the fingers away from `word`; longer words may be further off. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  // Nobody means a helper with a word of a thousand letters, and the comparison is quadratic.
  if (word.length > 64) return undefined;
  const wanted = word.toLowerCase();
  let found: string | undefined;
  let best = word.length <= 3 ? 1 : word.length <= 8 ? 2 : 3;
  for (const candidate of candidates) {
    const steps = distance(wanted, candidate.toLowerCase(), best);
    if (steps < best || (steps === best && found === undefined)) {
      best = steps;
      found = candidate;
      if (steps === 0) break;
    }
  }
  return found;
}

/** `did you mean …?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const found = nearest(word, candidates);
  return found === undefined ? undefined : `did you mean \`${found}\`?`;
}
