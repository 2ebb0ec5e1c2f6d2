// Seeded random litmus tests, in the text that the reader reads: two or three threads of up to four accesses to two or
// three locations, with dependencies, branches and every kind of atomic operation.
import { randomFrom } from "../generate.ts";

export interface RandomOptions {
  /** Accesses of 1 to 8 bytes that overlap, in place of 8 bytes throughout (herd7 knows one size only). */
  readonly mixed?: boolean;
}

/** r1 to r3 point at x, y, z; r5 to r8 hold what was read; r4 and r9 are for addresses and constants. */
const results = ["r5", "r6", "r7", "r8"];

export function randomLitmus(seed: number, options: RandomOptions = {}): string {
  const random = randomFrom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const threads = random() < 0.6 ? 2 : 3;
  const locations = random() < 0.6 ? 2 : 3;
  const most = (threads === 2 ? 4 : 3) - (options.mixed === true ? 1 : 0);
  const columns = Array.from(
    { length: threads },
    (_, index) => new ThreadText(random, index, locations, 1 + below(most), options),
  );
  const rows = Math.max(...columns.map((each) => each.lines.length));
  const width = Math.max(...columns.flatMap((each) => each.lines.map((line) => line.length)));
  const row = (cells: readonly string[]): string => ` ${cells.map((each) => each.padEnd(width)).join(" | ")} ;`;
  const names = ["x", "y", "z"].slice(0, locations);
  const init = columns.map((_, index) => names.map((name, at) => `${index}:r${at + 1}=${name};`).join(" "));
  const atoms = columns.flatMap((each, index) => each.read.map((reg) => `${index}:${reg}`));
  const asked = [...atoms, ...names].filter(() => random() < 0.4).map((term) => `${term}=${below(3)}`);
  return [
    `BPF random-${seed}`,
    `{ ${names.map((name) => `${name}=${below(2)};`).join(" ")}`,
    ...init,
    "}",
    row(columns.map((_, index) => `P${index}`)),
    ...Array.from({ length: rows }, (_, at) => row(columns.map((each) => each.lines[at] ?? ""))),
    `locations [${[...atoms, ...names].join("; ")}]`,
    `exists (${asked.length === 0 ? "true" : asked.join(" /\\ ")})`,
    "",
  ].join("\n");
}

class ThreadText {
  readonly lines: string[] = [];
  readonly read: string[] = [];
  private readonly random: () => number;
  private readonly index: number;
  private readonly locations: number;
  private readonly options: RandomOptions;
  private label: string | undefined;

  constructor(random: () => number, index: number, locations: number, accesses: number, options: RandomOptions) {
    this.random = random;
    this.index = index;
    this.locations = locations;
    this.options = options;
    for (let left = accesses; left > 0; left--) {
      this.branch();
      this.access();
    }
    if (this.label !== undefined) this.lines.push(`${this.label}:`);
  }

  private below(n: number): number {
    return Math.floor(this.random() * n);
  }

  /** A register that was read, if there is one and chance has it. */
  private earlier(): string | undefined {
    return this.random() < 0.5 ? this.read[this.below(this.read.length)] : undefined;
  }

  private branch(): void {
    const on = this.earlier();
    if (on === undefined || this.label !== undefined || this.random() < 0.5) return;
    this.label = `END${this.index}`;
    this.lines.push(`if ${on} ${this.random() < 0.5 ? "==" : "!="} ${this.below(2)} goto ${this.label}`);
  }

  /** An address register, with or without a dependency on a read. */
  private base(): string {
    const pointer = `r${1 + this.below(this.locations)}`;
    const on = this.random() < 0.4 ? this.earlier() : undefined;
    if (on === undefined) return pointer;
    this.lines.push(`r4 = ${on}`, "r4 -= r4", `r4 += ${pointer}`);
    return "r4";
  }

  private place(): { readonly size: number; readonly text: string; readonly base: string; readonly off: string } {
    const size = this.options.mixed === true ? 2 ** this.below(4) : 8;
    const off = `+ ${this.options.mixed === true ? size * this.below(8 / size) : 0}`;
    const base = this.base();
    return { size, base, off, text: `(u${size * 8} *)(${base} ${off})` };
  }

  private result(): string {
    const reg = results[this.read.length % results.length] ?? "r5";
    if (!this.read.includes(reg)) this.read.push(reg);
    return reg;
  }

  private access(): void {
    const choice = this.random();
    const place = this.place();
    const { lines } = this;
    if (choice < 0.38) {
      const acquire = this.random() < 0.25;
      lines.push(`${this.result()} = ${acquire ? `load_acquire(${place.text})` : `*${place.text}`}`);
    } else if (choice < 0.8) {
      const from = this.earlier();
      if (this.random() < 0.3) {
        lines.push(`r9 = ${1 + this.below(2)}`, `store_release(${place.text}, ${from ?? "r9"})`);
      } else lines.push(`*${place.text} = ${from ?? 1 + this.below(2)}`);
    } else this.atomic();
  }

  private atomic(): void {
    const place = this.place();
    const wide = place.size === 8;
    const { lines } = this;
    const choice = this.below(4);
    const size = wide ? 8 : 4;
    const off = wide ? "+ 0" : "+ 4";
    const at = `(u${size * 8} *)(${place.base} ${off})`;
    if (choice === 0) {
      lines.push(`r9 = ${this.earlier() ?? 1}`, `lock *${at} += r9`);
      return;
    }
    if (choice === 3) {
      // Its result is r0, which is what it compares with.
      if (!this.read.includes("r0")) this.read.push("r0");
      lines.push(`r0 = ${this.below(2)}`, `r9 = ${1 + this.below(2)}`);
      lines.push(
        wide ? `r0 = cmpxchg_64(${place.base} ${off}, r0, r9)` : `w0 = cmpxchg32_32(${place.base} ${off}, w0, w9)`,
      );
      return;
    }
    const reg = this.result();
    lines.push(`${reg} = ${this.below(2) + 1}`);
    if (choice === 1) lines.push(`${reg} = atomic_fetch_add(${at}, ${reg})`);
    else if (wide) lines.push(`${reg} = xchg_64(${place.base} ${off}, ${reg})`);
    else lines.push(`w${reg.slice(1)} = xchg32_32(${place.base} ${off}, w${reg.slice(1)})`);
  }
}
