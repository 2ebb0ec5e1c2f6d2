// What the explorer knows of a thread: whether it can go on, what its next small step touches, and its private words as
// a string of numbers. Programs and scripts are two kinds of it, the kernel's deferred calls a third.

/** What a step touches; `rcu` a reader entering or leaving, `wait` whoever waits for readers, `mark` the words of properties. */
export interface Touch {
  readonly kind: "read" | "write" | "atomic" | "lock" | "rcu" | "wait" | "mark" | "unknown";
  readonly address: number;
  readonly size: number;
}

/** Done: nothing is left. Private: the step touches nothing that another thread could notice. */
export const DONE = 0;
export const PRIVATE = 1;
export const VISIBLE = 2;
export type Next = typeof DONE | typeof PRIVATE | typeof VISIBLE;

/** Words being collected. */
export class Words {
  at: Int32Array = new Int32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.at.length) this.#grow();
    this.at[this.length++] = value;
  }

  pushAll(from: Int32Array, start: number, count: number): void {
    while (this.length + count > this.at.length) this.#grow();
    for (let i = 0; i < count; i++) this.at[this.length++] = from[start + i];
  }

  #grow(): void {
    const more = new Int32Array(this.at.length * 2);
    more.set(this.at);
    this.at = more;
  }
}

export interface Actor {
  readonly name: string;
  next(): Next;
  /** One small step; false if it must wait, and then nothing has changed. */
  step(): boolean;
  /** What the next step touches, before it is made. */
  touches(): readonly Touch[];
  /** The private words, such that states which behave alike are equal. */
  encode(into: Words): void;
  /** Puts private words back. */
  decode(words: Int32Array, start: number): void;
}

/** Something in a scenario that comes up on the way, with which no walk can go on. */
export class Unwalkable extends Error {
  override readonly name = "Unwalkable";
}
