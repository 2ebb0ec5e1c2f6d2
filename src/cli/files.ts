// Files named on the command line: globs opened up, standard input, and what a file's name and first bytes say it is.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Io, UsageError } from "./io.ts";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
  ENOTDIR: "part of its path is no folder",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "the name is too long",
};

/** What the system says about a file, in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}

/** The bytes of a file, or of standard input for `-`. */
export async function readBytes(name: string, io: Io): Promise<Uint8Array> {
  if (name === "-") return io.readStdin();
  try {
    return readFileSync(name);
  } catch (error) {
    throw new UsageError(`cannot read ${name}: ${reasonOf(error)}`);
  }
}

const magic = /[*?{[]/;

/** The files that names and globs stand for, in order, each once. A folder stands for the programs in it. */
export function expand(names: readonly string[], endings: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (const name of names) {
    if (name === "-" || exists(name)) {
      found.push(...(isFolder(name) ? walk(name).filter((file) => endings.some((end) => file.endsWith(end))) : [name]));
    } else if (magic.test(name)) {
      const matched = glob(name);
      if (matched.length === 0) throw new UsageError(`no file matches ${name}`);
      found.push(...matched);
    } else {
      found.push(name);
    }
  }
  return [...new Set(found)];
}

function exists(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false }) !== undefined;
}

function isFolder(name: string): boolean {
  return name !== "-" && statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Every file below a folder, sorted; hidden folders and node_modules are nobody's programs. */
function walk(folder: string): readonly string[] {
  const out: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const path = folder === "." ? entry.name : join(folder, entry.name);
    if (entry.isDirectory()) out.push(...walk(path));
    else if (entry.isFile()) out.push(path);
  }
  return out;
}

function glob(pattern: string): readonly string[] {
  const parts = pattern.replace(/^\.\//, "").split("/");
  const firm = parts.findIndex((part) => magic.test(part));
  const root = parts.slice(0, firm).join("/") || (pattern.startsWith("/") ? "/" : ".");
  if (!isFolder(root)) return [];
  const test = new RegExp(`^${toRegExp(parts.join("/"))}$`);
  return walk(root).filter((file) => test.test(file));
}

function toRegExp(pattern: string): string {
  return pattern.replace(/\*\*\/|\*\*|[*?{},[\]]|[.+^$()|\\]/g, (token) => {
    switch (token) {
      case "**/":
        return "(?:.*/)?";
      case "**":
        return ".*";
      case "*":
        return "[^/]*";
      case "?":
        return "[^/]";
      case "{":
        return "(?:";
      case "}":
        return ")";
      case ",":
        return "|";
      case "[":
      case "]":
        return token;
      default:
        return `\\${token}`;
    }
  });
}

/** Hexadecimal digits, with spaces, commas, colons, line breaks and `0x` between bytes allowed. */
export function hexBytes(text: string, what: string): Uint8Array {
  const digits = text.replace(/#.*$/gm, "").replace(/0x|[\s,:_]/gi, "");
  const bad = /[^0-9a-f]/i.exec(digits)?.[0];
  if (bad !== undefined) throw new UsageError(`${what}: \`${bad}\` is not a hexadecimal digit`);
  if (digits.length % 2 !== 0) throw new UsageError(`${what}: half a byte is missing (${digits.length} digits)`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
