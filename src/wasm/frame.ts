// The locals of a function in the making: parameters come first, the others are added as code asks for them.
import { type } from "./code.ts";

export class Frame {
  readonly parameters: readonly number[];
  readonly locals: number[] = [];
  readonly #names: string[];
  readonly #taken: Set<string>;

  constructor(parameters: readonly number[], names: readonly string[] = []) {
    this.parameters = parameters;
    this.#names = [...names];
    this.#taken = new Set(names);
  }

  /** Of parameters and locals, for those who read the code; each is there once, and some have none. */
  get names(): readonly string[] {
    return this.#names;
  }

  narrow(name?: string): number {
    return this.#add(type.i32, name);
  }

  wide(name?: string): number {
    return this.#add(type.i64, name);
  }

  #add(what: number, name: string | undefined): number {
    const local = this.parameters.length + this.locals.push(what) - 1;
    if (name !== undefined && !this.#taken.has(name)) {
      this.#taken.add(name);
      this.#names[local] = name;
    }
    return local;
  }
}
