// What is seen of a final state: the values of the atoms in its conditions. Each comes from one thread's words or from
// the shared words alone, so each is read once for each number of those.

import { DEADLOCK, type Violation } from "./checks.ts";
import { type Atom, atomsOf, atomText, type Expression, evaluate } from "./expression.ts";
import type { Model } from "./model.ts";
import { row, WAITS } from "./rows.ts";
import type { Transitions } from "./transitions.ts";

interface Column {
  readonly atom: Atom;
  readonly text: string;
  /** The place in the tuple that it comes from. */
  readonly from: number;
  readonly values: Map<number, bigint>;
}

export class Observer {
  readonly columns: readonly Column[];
  readonly #transitions: Transitions;
  readonly #model: Model;
  readonly #final: readonly { readonly index: number; readonly expression: Expression }[];
  readonly #row = new Map<string, number>();

  constructor(transitions: Transitions) {
    this.#transitions = transitions;
    const model = (this.#model = transitions.model);
    const atoms = new Map<string, Atom>();
    const { assertions } = model.scenario;
    for (const each of assertions) {
      if (each.kind === "final" || each.kind === "exists") atomsOf(each.expression, atoms);
    }
    this.#final = assertions.flatMap((each, index) => {
      if (each.kind === "final") return [{ index, expression: each.expression }];
      if (each.kind !== "exists") return [];
      if (each.expect === "always") return [{ index, expression: each.expression }];
      return each.expect === "never" ? [{ index, expression: { kind: "not", of: each.expression } as const }] : [];
    });
    this.columns = [...atoms].map(([text, atom]) => ({ atom, text, from: this.#place(atom), values: new Map() }));
  }

  #place(atom: Atom): number {
    const { threads, programs, users } = this.#model;
    if (atom.kind === "element") return threads.length;
    const program = programs.findIndex((each) => each.name === atom.name || `${each.name}.r0` === atom.name);
    if (program >= 0) return program;
    const user = users.findIndex((each) => each.variables.has(atom.name));
    return user < 0 ? threads.length : programs.length + user;
  }

  /** The values of all atoms in a state. */
  values(tuple: Int32Array, start: number): readonly bigint[] {
    return this.columns.map((column) => {
      const id = tuple[start + column.from];
      let value = column.values.get(id);
      if (value === undefined) {
        if (column.from === this.#model.threads.length) this.#transitions.loadMaps(id);
        else this.#transitions.loadOwn(column.from, id);
        value = this.#model.value(column.atom);
        column.values.set(id, value);
      }
      return value;
    });
  }

  value(values: readonly bigint[], expression: Expression): bigint {
    return evaluate(expression, (atom) => {
      const text = atomText(atom);
      let at = this.#row.get(text);
      if (at === undefined) this.#row.set(text, (at = this.columns.findIndex((each) => each.text === text)));
      return values[at];
    });
  }

  /** The condition on final states that does not hold. */
  broken(values: readonly bigint[]): Violation | undefined {
    for (const { index, expression } of this.#final) {
      if (this.value(values, expression) === 0n) return { assertion: index, text: "the final state is another" };
    }
    return undefined;
  }

  /** Threads that wait for ever in a state in which nobody can go on. */
  stuck(tuple: Int32Array, start: number): Violation | undefined {
    const waiting = this.#model.threads.flatMap((each, at) => {
      const slot = this.#transitions.find(at, tuple, start);
      return this.#transitions.rows[at][slot + row.can] === WAITS ? [each.name] : [];
    });
    if (waiting.length === 0) return undefined;
    const many = waiting.length > 1;
    return { assertion: DEADLOCK, text: `${waiting.join(" and ")} wait${many ? "" : "s"} for ever` };
  }
}
