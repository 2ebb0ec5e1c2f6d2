// The arrows of docs/architecture.md, read from the import lines: who may know whom, no circles, `node:` only where a
// browser never comes, and no file so long that it does not say why.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return filesBelow(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}

const everything = "*";
/** What each folder may import, itself aside. */
const arrows: Readonly<Record<string, readonly string[] | typeof everything>> = {
  diag: [],
  bytes: [],
  isa: ["bytes", "diag"],
  btf: ["bytes", "diag"],
  trace: ["diag"],
  host: ["btf", "isa", "diag"],
  memory: ["bytes"],
  rcu: ["memory", "trace", "diag"],
  maps: ["memory", "rcu", "isa", "bytes", "wasm", "trace"],
  asm: ["host", "isa", "diag"],
  elf: ["host", "btf", "isa", "bytes", "diag"],
  wasm: [],
  vm: ["maps", "memory", "rcu", "host", "isa", "wasm", "trace", "diag"],
  verifier: ["host", "btf", "isa", "trace", "diag"],
  jit: ["verifier", "vm", "maps", "memory", "host", "isa", "wasm", "diag"],
  litmus: ["vm", "maps", "rcu", "memory", "host", "isa", "trace", "diag"],
  kernel: ["host", "btf", "isa", "bytes", "diag"],
  lab: [
    "asm",
    "btf",
    "bytes",
    "diag",
    "elf",
    "host",
    "isa",
    "jit",
    "litmus",
    "maps",
    "memory",
    "rcu",
    "trace",
    "verifier",
    "vm",
  ],
  cli: ["lab", "kernel"],
};

interface Import {
  readonly from: string;
  readonly to: string;
}

const sources = filesBelow("src");
const texts = new Map(sources.map((file) => [file, readFileSync(join(root, file), "utf8")]));

function importsOf(file: string): readonly string[] {
  const text = texts.get(file) ?? "";
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^;"]*?from\s+"([^"]+)"|import\("([^"]+)"\)|^import "([^"]+)"/g,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

const imports: readonly Import[] = sources.flatMap((from) =>
  importsOf(from)
    .filter((to) => to.startsWith("."))
    .map((to) => ({ from, to: relative(root, join(root, dirname(from), to)) })),
);

const folder = (file: string): string => file.split("/")[1] ?? "";

/** Circles among the nodes of a graph, each once, as the way around. */
function circles(edges: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): void => {
    const at = path.indexOf(node);
    if (at >= 0) {
      const loop = path.slice(at);
      const least = loop.indexOf([...loop].sort()[0] ?? "");
      found.add([...loop.slice(least), ...loop.slice(0, least)].join(" -> "));
      return;
    }
    if (done.has(node)) return;
    for (const next of edges.get(node) ?? []) visit(next, [...path, node]);
    done.add(node);
  };
  for (const node of edges.keys()) visit(node, []);
  return [...found];
}

function grouped(pairs: readonly Import[]): ReadonlyMap<string, readonly string[]> {
  const out = new Map<string, string[]>();
  for (const { from, to } of pairs) out.set(from, [...(out.get(from) ?? []), to]);
  return out;
}

describe("the architecture", () => {
  it("reads import lines at all", () => {
    expect(imports.length).toBeGreaterThan(sources.length);
  });

  it("has an arrow for every folder", () => {
    const folders = [...new Set(sources.map(folder))];
    expect(folders.filter((name) => arrows[name] === undefined)).toEqual([]);
  });

  it("imports downwards only", () => {
    const wrong = imports.filter(({ from, to }) => {
      const allowed = arrows[folder(from)] ?? [];
      // lab/node is the one door to the kernel.
      if (from === "src/lab/node.ts" && folder(to) === "kernel") return false;
      return folder(from) !== folder(to) && allowed !== everything && !allowed.includes(folder(to));
    });
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it("lets the compiler know of the verifier what it answers, and no more", () => {
    const known = imports.filter(({ from, to }) => folder(from) === "jit" && folder(to) === "verifier");
    expect([...new Set(known.map(({ to }) => to))]).toEqual(["src/verifier/verdict.ts"]);
  });

  it("has no circle between folders", () => {
    const between = imports.map(({ from, to }) => ({ from: folder(from), to: folder(to) }));
    expect(circles(grouped(between.filter(({ from, to }) => from !== to)))).toEqual([]);
  });

  it("has no circle between files", () => {
    expect(circles(grouped(imports))).toEqual([]);
  });

  it("keeps Node out of what a browser loads", () => {
    const wrong = sources.flatMap((file) => {
      if (/^src\/(?:cli|kernel)\//.test(file) || /^src\/lab\/node[^/]*$/.test(file)) return [];
      // YAML is read by a library that browsers load too, behind a door of its own.
      const allowed = file === "src/litmus/tree.ts" ? ["yaml"] : [];
      const outside = importsOf(file).filter((name) => !name.startsWith(".") && !allowed.includes(name));
      return outside.map((name) => `${file} -> ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  it("keeps the kernel and Node out of the package's first door", () => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const each of imports) if (each.from === file) visit(each.to);
    };
    visit("src/lab/index.ts");
    expect([...seen].filter((file) => /^src\/(?:cli|kernel|litmus)\/|lab\/node/.test(file))).toEqual([]);
  });

  it("opens every file with a comment, and lets none pass 400 lines without a reason in it", () => {
    const wrong = sources.flatMap((file) => {
      const lines = (texts.get(file) ?? "").replace(/^#!.*\n/, "").split("\n");
      const opening = lines.findIndex(
        (line) => !line.startsWith("//") && !line.startsWith(" *") && !line.startsWith("/*"),
      );
      if (opening === 0) return [`${file}: no opening comment`];
      const comment = lines.slice(0, opening).join(" ");
      if (lines.length > 401 && !/\blong\b|\blines\b|\bone file\b|\btogether\b/i.test(comment)) {
        return [`${file}: ${lines.length} lines and no reason`];
      }
      return [];
    });
    expect(wrong).toEqual([]);
  });
});
