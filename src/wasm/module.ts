// A WebAssembly module on an imported memory: its bytes, and what of the engine's interface is needed to run it. That
// interface is declared here because the library's type set has no DOM.
import { type Branch, type Code, i32, type Label, type Scope, type, unsigned } from "./code.ts";

export interface Signature {
  readonly parameters: readonly number[];
  readonly results: readonly number[];
}

export interface Func extends Signature {
  /** The name it is exported under; absent: it is the module's own. */
  readonly name?: string;
  /** Types of the locals after the parameters. */
  readonly locals: readonly number[];
  readonly body: Code;
  /** For the text of the module: its name there, and those of its parameters and locals. */
  readonly says?: { readonly name: string; readonly locals?: readonly string[] };
}

export interface Parts {
  /** Functions of the outside, by name; they are numbered from 0, the module's own go on from there. */
  readonly imports?: readonly (Signature & { readonly name: string })[];
  /** Numbers of 32 bits that the outside gives; then `variables` of the module's own, which begin at 0. */
  readonly constants?: readonly string[];
  readonly variables?: number;
  /** The memory is one that threads share. */
  readonly shared?: boolean;
  readonly functions: readonly Func[];
}

/** A compiled module; it can be given to any number of memories. */
export interface Module {
  readonly exports?: undefined;
}

interface Engine {
  readonly Module: new (bytes: Uint8Array) => Module;
  readonly Instance: new (
    module: Module,
    imports: { readonly m: Readonly<Record<string, unknown>> },
  ) => { readonly exports: Readonly<Record<string, unknown>> };
  validate(bytes: Uint8Array): boolean;
}

const { WebAssembly: engine } = globalThis as unknown as { readonly WebAssembly?: Engine };

/** Undefined where a module may not be compiled: the engine has no WebAssembly, or the page forbids it. */
export function compile(bytes: Uint8Array): Module | undefined {
  if (engine === undefined) return undefined;
  try {
    return new engine.Module(bytes);
  } catch (error) {
    // A module that is not valid is a bug of ours, and no reason to do without.
    if (engine.validate(bytes)) return undefined;
    throw error;
  }
}

export function isValid(bytes: Uint8Array): boolean {
  return engine?.validate(bytes) === true;
}

/** What the module exports, on a memory and with what else it imports. */
export function onMemory(
  module: Module,
  memory: unknown,
  imports: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  if (engine === undefined) throw new Error("there is no module without WebAssembly");
  return new engine.Instance(module, { m: { ...imports, memory } }).exports;
}

const END = 0x0b;
const ELSE = 0x05;
const TABLE = 0x0e;

/** The pages of the largest memory there is. */
const MOST_PAGES = 65536;

/** `onMark` hears the offset of each mark and its number. */
export function moduleBytes(parts: Parts, onMark?: (at: number, mark: number) => void): Uint8Array {
  const { imports = [], constants = [], variables = 0, shared = false, functions } = parts;
  const text = (words: string): Code => [words.length, [...words].map((letter) => letter.charCodeAt(0))];
  const types: Code[] = [];
  const known = new Map<string, number>();
  const typeOf = ({ parameters, results }: Signature): Code => {
    const name = `${parameters}>${results}`;
    let at = known.get(name);
    if (at === undefined) {
      known.set(name, (at = types.length));
      types.push([0x60, unsigned(parameters.length), parameters, unsigned(results.length), results]);
    }
    return unsigned(at);
  };
  const imported = [
    // m.memory: at least one page; no limit, which a shared one must have.
    [text("m"), text("memory"), 2, shared ? [3, 1, unsigned(MOST_PAGES)] : [0, 1]],
    ...imports.map((one) => [text("m"), text(one.name), 0, typeOf(one)]),
    ...constants.map((name) => [text("m"), text(name), 3, type.i32, 0]),
  ];
  const declared = functions.map(typeOf);
  const exported: Code[] = [];
  functions.forEach(({ name }, at) => {
    if (name !== undefined) exported.push([text(name), 0, unsigned(imports.length + at)]);
  });
  const out = new Writer(onMark);
  out.write([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
  out.section(1, [unsigned(types.length), ...types]);
  out.section(2, [unsigned(imported.length), ...imported]);
  out.section(3, [unsigned(declared.length), ...declared]);
  if (variables > 0) {
    out.section(6, [variables, ...Array.from({ length: variables }, () => [type.i32, 1, i32.const(0), END])]);
  }
  out.section(7, [unsigned(exported.length), ...exported]);
  out.section(10, [
    unsigned(functions.length),
    ...functions.map(({ locals, body }) => ({
      sized: [unsigned(locals.length), ...locals.map((local) => [1, local]), body, END],
    })),
  ]);
  return out.bytes;
}

/**
 * Bytes of nested code. The first module is made before anything runs, by code that no engine has compiled yet: each byte
 * is written once, and loops are plain.
 */
class Writer {
  #room = new Uint8Array(1 << 15);
  #at = 0;
  readonly #depths = new Map<Label, number>();
  readonly #onMark: ((at: number, mark: number) => void) | undefined;
  #depth = 0;

  constructor(onMark?: (at: number, mark: number) => void) {
    this.#onMark = onMark;
  }

  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.#at);
  }

  section(id: number, content: readonly (Code | Sized)[]): void {
    this.#byte(id);
    this.#sized(content);
  }

  write(code: Code): void {
    if (typeof code === "number") this.#byte(code);
    else if (isList(code)) {
      for (let at = 0; at < code.length; at++) {
        const part = code[at];
        if (typeof part === "number") this.#byte(part);
        else this.write(part);
      }
    } else if ("to" in code) this.#branch(code);
    else if ("mark" in code) this.#onMark?.(this.#at, code.mark);
    else this.#scope(code);
  }

  #byte(byte: number): void {
    if (this.#at === this.#room.length) {
      const more = new Uint8Array(this.#at * 2);
      more.set(this.#room);
      this.#room = more;
    }
    this.#room[this.#at++] = byte;
  }

  /** The length goes before the content: into five bytes, for it is not known before. */
  #sized(content: readonly (Code | Sized)[]): void {
    const at = this.#at;
    for (let n = 0; n < 5; n++) this.#byte(0);
    for (const part of content) {
      if (isSized(part)) this.#sized(part.sized);
      else this.write(part);
    }
    const length = this.#at - at - 5;
    for (let n = 0; n < 5; n++) this.#room[at + n] = ((length >>> (7 * n)) & 0x7f) | (n < 4 ? 0x80 : 0);
  }

  #branch({ opcode, to }: Branch): void {
    this.#byte(opcode);
    if (opcode === TABLE) this.write(unsigned(to.length - 1));
    for (let n = 0; n < to.length; n++) this.write(unsigned(this.#depth - (this.#depths.get(to[n]) ?? 0)));
  }

  #scope({ opcode, type, label, body, otherwise }: Scope): void {
    this.#byte(opcode);
    this.#byte(type);
    this.#depth++;
    if (label !== null) this.#depths.set(label, this.#depth);
    this.write(body);
    if (otherwise !== null) {
      this.#byte(ELSE);
      this.write(otherwise);
    }
    this.#depth--;
    this.#byte(END);
  }
}

/** Content that its length stands before. */
interface Sized {
  readonly sized: readonly Code[];
}

function isSized(part: Code | Sized): part is Sized {
  return typeof part === "object" && "sized" in part;
}

function isList(code: Code): code is readonly Code[] {
  return Array.isArray(code);
}
