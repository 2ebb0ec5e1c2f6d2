// Which reductions a scenario allows.
import type { Reduction } from "./independence.ts";
import type { Model } from "./model.ts";
import type { Judge } from "./transitions.ts";

export interface Reductions extends Reduction {
  readonly judge?: Judge;
}

export function reductionFor(_model: Model): Reductions {
  return { names: [], only: () => -1, canonical: () => false };
}
