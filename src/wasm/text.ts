// A module of ours as text (WAT), read back from its bytes: so the text is what runs. Names and remarks come from whoever
// wrote the module.
import { accessBytes, isPrefix, type Opcode, opcodes } from "./opcodes.ts";

export interface TextNames {
  /** Of functions by their number, imported ones first; of locals by the function's number and theirs. */
  readonly func: (index: number) => string | undefined;
  readonly local: (func: number, index: number) => string | undefined;
  readonly global: (index: number) => string | undefined;
}

export interface TextOptions {
  readonly names?: Partial<TextNames>;
  /** Lines to put before the instruction at an offset of the file. */
  readonly remarks?: ReadonlyMap<number, readonly string[]>;
}

interface Signature {
  readonly parameters: readonly string[];
  readonly results: readonly string[];
}

const types: Readonly<Record<number, string>> = { 127: "i32", 126: "i64" };
const EMPTY = 0x40;

class Reader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new Error(`the module ends at ${this.at - 1}, in the middle of something`);
    return byte;
  }

  unsigned(): number {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * shift;
      if (byte < 128) return value;
    }
  }

  signed(bits: number): bigint {
    let value = 0n;
    for (let shift = 0n; ; ) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 128) return BigInt.asIntN(Math.min(bits, Number(shift)), value);
    }
  }

  text(): string {
    const length = this.unsigned();
    const from = this.at;
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(from, this.at));
  }

  type(): string {
    const byte = this.byte();
    return types[byte] ?? `(; type ${byte} ;)`;
  }

  list<T>(read: () => T): readonly T[] {
    return Array.from({ length: this.unsigned() }, read);
  }
}

/** The text of a module that moduleBytes made; other modules may have what it does not know, which is an error. */
export function watOf(bytes: Uint8Array, options: TextOptions = {}): string {
  return new Printer(bytes, options).text();
}

class Printer {
  readonly #bytes: Uint8Array;
  readonly #names: Partial<TextNames>;
  readonly #remarks: ReadonlyMap<number, readonly string[]>;
  readonly #lines: string[] = ["(module"];
  #types: readonly Signature[] = [];
  /** The type of each function. */
  #declared: readonly number[] = [];
  #functions = 0;
  #globals = 0;
  readonly #exports = new Map<number, string[]>();

  constructor(bytes: Uint8Array, { names = {}, remarks = new Map() }: TextOptions) {
    this.#bytes = bytes;
    this.#names = names;
    this.#remarks = remarks;
  }

  text(): string {
    const sections = this.#sections();
    // What is exported stands with the function.
    this.#exported(sections.get(7));
    this.#types = sections.get(1)?.list(() => this.#signature(sections.get(1))) ?? [];
    this.#imports(sections.get(2));
    const declared = sections.get(3);
    this.#declared = declared?.list(() => declared.unsigned()) ?? [];
    this.#globalVariables(sections.get(6));
    this.#code(sections.get(10));
    return `${this.#lines.join("\n")})\n`;
  }

  /** A reader at the beginning of each section, by its number. */
  #sections(): ReadonlyMap<number, Reader> {
    const found = new Map<number, Reader>();
    const all = new Reader(this.#bytes, 8);
    while (all.at < this.#bytes.length) {
      const id = all.byte();
      const length = all.unsigned();
      found.set(id, new Reader(this.#bytes, all.at));
      all.at += length;
    }
    return found;
  }

  #exported(reader: Reader | undefined): void {
    reader?.list(() => {
      const name = reader.text();
      reader.byte();
      const index = reader.unsigned();
      this.#exports.set(index, [...(this.#exports.get(index) ?? []), name]);
    });
  }

  #signature(reader: Reader | undefined): Signature {
    if (reader === undefined || reader.byte() !== 0x60) throw new Error("a type is no function's");
    return { parameters: reader.list(() => reader.type()), results: reader.list(() => reader.type()) };
  }

  #imports(reader: Reader | undefined): void {
    reader?.list(() => {
      const from = `(import ${quoted(reader.text())} ${quoted(reader.text())}`;
      switch (reader.byte()) {
        case 0: {
          const { parameters, results } = this.#types[reader.unsigned()];
          const name = this.#funcName(this.#functions++);
          this.#lines.push(`  ${from} (func ${name}${clause("param", parameters)}${clause("result", results)}))`);
          break;
        }
        case 2: {
          const flags = reader.byte();
          const least = reader.unsigned();
          const most = (flags & 1) === 0 ? "" : ` ${reader.unsigned()}`;
          this.#lines.push(`  ${from} (memory ${least}${most}${(flags & 2) === 0 ? "" : " shared"}))`);
          break;
        }
        case 3: {
          const type = reader.type();
          const name = this.#globalName(this.#globals++);
          this.#lines.push(`  ${from} (global ${name} ${reader.byte() === 0 ? type : `(mut ${type})`}))`);
          break;
        }
        default:
          throw new Error("what is imported is no function, memory or global");
      }
    });
  }

  #globalVariables(reader: Reader | undefined): void {
    reader?.list(() => {
      const type = reader.type();
      const name = this.#globalName(this.#globals++);
      const shown = reader.byte() === 0 ? type : `(mut ${type})`;
      // Each is a constant and the end of the expression.
      reader.byte();
      const value = reader.signed(type === "i32" ? 32 : 64);
      reader.byte();
      this.#lines.push(`  (global ${name} ${shown} (${type}.const ${value}))`);
    });
  }

  #code(reader: Reader | undefined): void {
    let at = 0;
    reader?.list(() => {
      const end = reader.unsigned() + reader.at;
      this.#function(reader, this.#functions + at, this.#types[this.#declared[at]], end);
      at++;
    });
  }

  #function(reader: Reader, index: number, { parameters, results }: Signature, end: number): void {
    const exported = (this.#exports.get(index) ?? []).map((name) => ` (export ${quoted(name)})`).join("");
    const named = (kind: string, type: string, at: number): string =>
      ` (${kind} ${this.#localName(index, at)} ${type})`;
    const taken = parameters.map((type, at) => named("param", type, at)).join("");
    this.#lines.push("", `  (func ${this.#funcName(index)}${exported}${taken}${clause("result", results)}`);
    const locals: string[] = [];
    reader.list(() => {
      const count = reader.unsigned();
      const type = reader.type();
      for (let n = 0; n < count; n++) locals.push(named("local", type, parameters.length + locals.length));
    });
    for (let at = 0; at < locals.length; at += 6) this.#lines.push(`   ${locals.slice(at, at + 6).join("")}`);
    for (let depth = 1; reader.at < end; ) {
      for (const remark of this.#remarks.get(reader.at) ?? [])
        this.#lines.push(`${"  ".repeat(depth + 1)};; ${remark}`);
      const { opcode, text } = this.#instruction(reader, index);
      if (opcode.name === "end" || opcode.name === "else") depth--;
      if (depth > 0) this.#lines.push(`${"  ".repeat(depth + 1)}${text}`);
      if (opcode.immediate === "block" || opcode.name === "else") depth++;
    }
    this.#lines[this.#lines.length - 1] += ")";
  }

  #instruction(reader: Reader, func: number): { readonly opcode: Opcode; readonly text: string } {
    const at = reader.at;
    const byte = reader.byte();
    const opcode = opcodes.get(isPrefix(byte) ? (byte << 8) | reader.unsigned() : byte);
    if (opcode === undefined) throw new Error(`the byte ${byte.toString(16)} at ${at} begins no known instruction`);
    const operand = this.#operand(reader, func, opcode);
    return { opcode, text: operand === "" ? opcode.name : `${opcode.name} ${operand}` };
  }

  #operand(reader: Reader, func: number, { name, immediate }: Opcode): string {
    switch (immediate) {
      case "none":
        // memory.copy and memory.fill name the only memory.
        if (name.startsWith("memory.")) reader.at += name === "memory.copy" ? 2 : 1;
        return "";
      case "block": {
        const byte = reader.byte();
        return byte === EMPTY ? "" : `(result ${types[byte]})`;
      }
      case "label":
        return String(reader.unsigned());
      case "table":
        return [...reader.list(() => reader.unsigned()), reader.unsigned()].join(" ");
      case "index":
        return this.#funcName(reader.unsigned());
      case "local":
        return this.#localName(func, reader.unsigned());
      case "global":
        return this.#globalName(reader.unsigned());
      case "memory": {
        const align = 2 ** reader.unsigned();
        const offset = reader.unsigned();
        const parts = [offset === 0 ? "" : `offset=${offset}`, align === accessBytes(name) ? "" : `align=${align}`];
        return parts.filter((part) => part !== "").join(" ");
      }
      case "i32":
        return String(reader.signed(32));
      case "i64":
        return String(reader.signed(64));
    }
  }

  #funcName(index: number): string {
    return `$${this.#names.func?.(index) ?? `f${index}`}`;
  }
  #localName(func: number, index: number): string {
    return `$${this.#names.local?.(func, index) ?? `l${index}`}`;
  }
  #globalName(index: number): string {
    return `$${this.#names.global?.(index) ?? `g${index}`}`;
  }
}

function clause(kind: string, list: readonly string[]): string {
  return list.length === 0 ? "" : ` (${kind} ${list.join(" ")})`;
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}
