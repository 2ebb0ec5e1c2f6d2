// The control flow graph as a drawing: blocks of instruction texts and the edges between them, in three notations.
import { called, blocks as isaBlocks } from "../isa/cfg.ts";
import type { Program } from "../isa/program.ts";
import { listing } from "./listing.ts";

export interface Block {
  /** The first slot, which is the block's name. */
  readonly start: number;
  readonly lines: readonly string[];
  readonly title?: string;
}

export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly kind: "next" | "taken" | "call";
}

export interface Graph {
  readonly blocks: readonly Block[];
  readonly edges: readonly Edge[];
}

/** The blocks of a program and the ways between them; ways that lead out of the program are left out. */
export function graph(program: Program): Graph {
  const text = listing(program);
  const titles = new Map([...program.labels].map(([name, pc]) => [pc, name]));
  const found = isaBlocks(program.insns);
  const known = new Set(found.map((block) => block.start));
  const edges: Edge[] = [];
  const blocks = found.map(({ start, end, next }): Block => {
    const lines: string[] = [];
    for (let pc = start; pc < end; pc++) {
      const insn = program.insns[pc];
      if (insn === null) continue;
      lines.push(`${pc}: ${text(pc)?.text ?? ""}`);
      const to = called(insn, pc);
      if (to !== undefined) edges.push({ from: start, to, kind: "call" });
    }
    for (const to of next) edges.push({ from: start, to, kind: to === end ? "next" : "taken" });
    return { start, lines, title: titles.get(start) };
  });
  return { blocks, edges: edges.filter((edge) => known.has(edge.to)) };
}

const text = (block: Block): readonly string[] =>
  block.title === undefined ? block.lines : [`${block.title}:`, ...block.lines];

export function dot(drawn: Graph): string {
  const escaped = (line: string) => line.replace(/[\\"{}<>|]/g, "\\$&");
  const nodes = drawn.blocks.map((block) => `  b${block.start} [label="${text(block).map(escaped).join("\\l")}\\l"];`);
  const style = { next: "", taken: ' [label="taken"]', call: " [style=dashed]" } as const;
  const edges = drawn.edges.map((edge) => `  b${edge.from} -> b${edge.to}${style[edge.kind]};`);
  return `digraph cfg {\n  node [shape=box, fontname=monospace];\n${[...nodes, ...edges].join("\n")}\n}\n`;
}

export function mermaid(drawn: Graph): string {
  const escaped = (line: string) => line.replace(/["#&<>`]/g, (letter) => `#${letter.codePointAt(0)};`);
  const nodes = drawn.blocks.map((block) => `  b${block.start}["${text(block).map(escaped).join("<br/>")}"]`);
  const arrow = { next: "-->", taken: "-->|taken|", call: "-.->" } as const;
  const edges = drawn.edges.map((edge) => `  b${edge.from} ${arrow[edge.kind]} b${edge.to}`);
  return `flowchart TD\n${[...nodes, ...edges].join("\n")}\n`;
}
