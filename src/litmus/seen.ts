// What a model has seen by the steps it has made: which instructions ran, which assertions had something to judge, which
// accesses race. Of several models of one scenario it comes together in one.
import type { Model } from "./model.ts";
import type { Race } from "./races.ts";

export interface Seen {
  readonly evaluated: readonly number[];
  readonly covered: readonly Uint8Array[];
  readonly split: readonly (readonly number[])[];
  readonly races: readonly (readonly [pair: string, race: Race])[];
  /** Accesses that were looked at for races. */
  readonly looked: number;
}

export function seenBy(model: Model): Seen {
  return {
    evaluated: model.checks.evaluated,
    covered: model.programs.map((each) => each.covered),
    split: model.programs.map((each) => [...each.split]),
    races: [...(model.races?.found ?? [])],
    looked: model.races?.looked ?? 0,
  };
}

export function addSeen(model: Model, seen: Seen): void {
  for (const [at, count] of seen.evaluated.entries()) model.checks.evaluated[at] += count;
  for (const [n, { covered, split }] of model.programs.entries()) {
    for (const [pc, ran] of seen.covered[n].entries()) covered[pc] |= ran;
    for (const place of seen.split[n]) split.add(place);
  }
  if (model.races === undefined) return;
  model.races.looked += seen.looked;
  for (const [pair, race] of seen.races) model.races.add(pair, race);
}
