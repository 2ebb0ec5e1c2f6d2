// A program from a file: text is assembled, bytes are decoded, and what is neither is refused with a reason.
import { readFileSync, statSync } from "node:fs";
import { assemble, type Diagnostic, type Outcome, type Program, programFromBytes, type Source } from "../lab/asm.ts";
import { hexBytes, reasonOf } from "./files.ts";
import { type Io, UsageError } from "./io.ts";

export interface LoadOptions {
  readonly dialect?: "pseudoc" | "mnemonic";
  readonly isa?: "v1" | "v2" | "v3" | "v4";
  readonly order?: "little" | "big";
}

export interface Loaded {
  readonly file: string;
  /** What messages call it. */
  readonly name: string;
  readonly outcome: Outcome<Program>;
  /** The text, where the program was written as text. */
  readonly source?: Source;
}

/** A larger input is nobody's program: the kernel takes a million instructions, which is 8 MB of bytes. */
const mostBytes = 64 << 20;

export async function load(file: string, io: Io, options: LoadOptions = {}): Promise<Loaded> {
  const bytes = file === "-" ? await io.readStdin() : read(file);
  const name = file === "-" ? "<stdin>" : file;
  if (isElf(bytes)) {
    throw new UsageError(
      `${name} is an ELF object, and those are not read yet; extract its section first: ` +
        "`llvm-objcopy -O binary --only-section=NAME in.o out.bin`",
    );
  }
  if (file.endsWith(".bin")) {
    return { file, name, outcome: programFromBytes(bytes, { name, order: options.order }) };
  }
  const text = decode(bytes);
  if (file.endsWith(".hex")) {
    return { file, name, outcome: programFromBytes(hexBytes(text, name), { name, order: options.order }) };
  }
  const source = { name, text: file.endsWith(".data") ? asmSection(text) : text };
  const odd = notText(source);
  if (odd !== undefined) return { file, name, source, outcome: { ok: false, diagnostics: [odd] } };
  const dialect = options.dialect ?? (file.endsWith(".data") ? "mnemonic" : undefined);
  return { file, name, source, outcome: assemble(source, { name, dialect, isa: options.isa }) };
}

function read(file: string): Uint8Array {
  try {
    const size = statSync(file).size;
    if (size > mostBytes) throw new UsageError(`${file} is too long: ${size} bytes`);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`);
  }
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8").decode(bytes);
}

/** Everything but the program becomes empty lines, so that places in it are places in the file. */
function asmSection(text: string): string {
  let inside = false;
  return text
    .split("\n")
    .map((line) => {
      if (/^--\s/.test(line)) {
        inside = /^--\s*asm\b/.test(line);
        return "";
      }
      return inside ? line : "";
    })
    .join("\n");
}

/** The first byte that no text has: a NUL, or what is not UTF-8. */
function notText(source: Source): Diagnostic | undefined {
  const found = ["\0", "\ufffd"].map((bad) => source.text.indexOf(bad)).filter((where) => where >= 0);
  if (found.length === 0) return undefined;
  const at = Math.min(...found);
  return {
    code: "E0114",
    severity: "error",
    at: { source, start: at, end: at + 1 },
    text: "this is not text",
    label: source.text[at] === "\0" ? "a byte of value 0" : "not UTF-8",
    notes: [],
    help: "raw bytes are read from files that end in .bin",
  };
}
