// A plan as a Promela model, written from the rules of what Linux does and not from bpflab's code: an element of a table is
// a cell that another key may be given at once, a value is copied a word at a time in any order, a grace period
// waits for the sections that were open when it began.
import {
  type Access,
  type Atom,
  type Block,
  type Claim,
  type Command,
  KEYS,
  type MapPlan,
  OTHER,
  type Plan,
  type ProgramPlan,
  waitsForReaders,
} from "./plan.ts";

const NONE = 255;
const ENOENT = -2;
const ROOM = 8;

export function promela(plan: Plan, claim: Claim): string {
  return new Writer(plan, claim).text();
}

class Writer {
  readonly #plan: Plan;
  readonly #claim: Claim;
  readonly #cpus: number;

  constructor(plan: Plan, claim: Claim) {
    this.#plan = plan;
    this.#claim = claim;
    // Behind the programs' CPUs stand that of the program that slots hold, and userspace's.
    this.#cpus = plan.programs.length + 2;
  }

  text(): string {
    const { programs, maps, script } = this.#plan;
    const variables = script.flatMap((command) => ("as" in command ? [`${command.as}_0`, `${command.as}_1`] : []));
    return [
      "byte done; bit marked;",
      ...programs.map(({ name }) => `int r_${name}; byte sec_${name}; byte seq_${name};`),
      ...variables.map((name) => `int ${name};`),
      ...maps.map((map) => this.#declared(map)),
      ...programs.map((program, cpu) => this.#program(program, cpu)),
      this.#user(),
      this.#monitor(),
      this.#init(),
      "",
    ].join("\n");
  }

  #map(name: string): MapPlan {
    const found = this.#plan.maps.find((map) => map.name === name);
    if (found === undefined) throw new Error(`no map ${name}`);
    return found;
  }

  /** How many copies of its words an element has. */
  #copies(map: MapPlan): number {
    return map.kind.includes("percpu") ? this.#cpus : 1;
  }

  #declared(map: MapPlan): string {
    const { name } = map;
    if (map.kind === "ringbuf") return `int ${name}_p;`;
    if (map.kind === "prog_array") return `bit ${name}_s;`;
    if (map.keys.length === 0) return `int ${name}_q[${ROOM}]; byte ${name}_n;`;
    if (map.inner.length > 0) return `byte ${name}_s = 0;`;
    const cell = map.words * this.#copies(map);
    const lock = map.lock ? ` bit ${name}_lk[${KEYS}];` : "";
    if (map.kind.endsWith("array")) {
      // What an outer map holds in turn stands in one array, so that an index says which.
      if (name === "fresh") return "";
      const places = name === "old" ? 2 * KEYS : KEYS;
      return `int ${name}_d[${places * cell}];${lock}`;
    }
    // Elements: those of the keys, one to replace with, and new ones for what the script may insert.
    const fresh = this.#plan.script.length + 1;
    const elements = KEYS + 1 + fresh;
    return [
      `int ${name}_d[${elements * cell}]; byte ${name}_s[${KEYS}]; byte ${name}_x = ${KEYS};`,
      `byte ${name}_f[${elements}]; byte ${name}_n;`,
    ].join("\n");
  }

  /** A word of an element, whose number is an expression. */
  #cell(map: MapPlan, element: string, word: number, cpu: number): string {
    const name = map.name === "fresh" ? "old" : map.name;
    const place = map.name === "fresh" ? `(${KEYS} + ${element})` : element;
    const copies = this.#copies(map);
    const offset = copies > 1 ? cpu : word;
    return `${name}_d[${place} * ${map.words * copies} + ${offset}]`;
  }

  /** Each key has an element; the others are free, and only the script takes and gives them. */
  #init(): string {
    const { programs, maps, script } = this.#plan;
    const tables = maps.filter(
      ({ kind, inner, keys }) => inner.length === 0 && keys.length > 0 && !kind.endsWith("array"),
    );
    const set = tables.flatMap(({ name, keys }) => {
      const fresh = Array.from({ length: script.length + 1 }, (_, at) => `${name}_f[${at}] = ${KEYS + 1 + at};`);
      return [...keys.map((key) => `${name}_s[${key}] = ${key};`), ...fresh, `${name}_n = ${script.length + 1};`];
    });
    const started = [...programs.map(({ name }) => name), "user", "monitor"].map((name) => `run ${name}();`);
    return `init { atomic { ${[...set, ...started].join(" ")} } }`;
  }

  #program({ name, section, times, blocks, tail }: ProgramPlan, cpu: number): string {
    const opens = section !== "none";
    return [
      `proctype ${name}() {`,
      "  int acc; int t; byte e; byte which; byte turn;",
      "  do",
      `  :: turn < ${times} ->`,
      "    acc = 0;",
      opens ? `    atomic { seq_${name}++; sec_${name} = seq_${name} };` : "",
      ...blocks.map((block, at) => this.#block(block, name, cpu, section === "first" && at === 0)),
      // The last run's result is the program's.
      `    out: ${section === "whole" ? `sec_${name} = 0;` : "skip;"}`,
      // The section of a run that is one ends with the program that it went on with.
      tail === undefined ? "" : `    if :: ${tail}_s == 1 -> acc = ${OTHER.result} :: else fi;`,
      section === "implicit" ? `    sec_${name} = 0;` : "",
      "    turn++",
      "  :: else -> break",
      "  od;",
      `  atomic { r_${name} = acc; done++ }`,
      "}",
    ].join("\n");
  }

  #block(block: Block, name: string, cpu: number, closes: boolean): string {
    const close = closes ? `sec_${name} = 0;` : "";
    if (block.kind === "push") return `    ${this.#push(block.map, block.value)} ${close}`;
    // A record of 8 bytes has a header of 8.
    if (block.kind === "ring") {
      const { map, how } = block;
      return `    ${how === "query" ? `acc = acc + ${map}_p;` : `${map}_p = ${map}_p + 16;`} ${close}`;
    }
    const map = this.#map(block.map);
    const lines: string[] = [];
    let inside = map;
    if (map.inner.length > 0) {
      lines.push(`which = ${map.name}_s;`, close, `e = which * ${KEYS} + ${block.innerKey};`);
      inside = this.#map("old");
    } else if (map.kind.endsWith("array")) lines.push(`e = ${block.key};`, close);
    else lines.push(`e = ${map.name}_s[${block.key}];`, close, `if :: e == ${NONE} -> goto out :: else fi;`);
    const lock = `${map.name}_lk[e]`;
    if (block.locked) lines.push(`atomic { ${lock} == 0 -> ${lock} = 1 };`);
    for (const access of block.accesses) lines.push(this.#access(access, inside, cpu));
    if (block.locked) lines.push(`${lock} = 0;`);
    return lines.map((line) => `    ${line}`).join("\n");
  }

  #access(access: Access, map: MapPlan, cpu: number): string {
    const at = (word: number): string => this.#cell(map, "e", word, cpu);
    const write = (word: number, value: string): string => {
      // Elements behind the first keys of `old` are those of `fresh`.
      const watched = this.#claim.kind === "quiet" && (map.name === "old" || map.name === "fresh");
      if (!watched) return `${at(word)} = ${value};`;
      const isOld = map.name === "old" ? `e < ${KEYS}` : "false";
      return `atomic { assert(!(marked && ${isOld})); ${at(word)} = ${value} };`;
    };
    switch (access.kind) {
      case "add":
        return write(access.word, `${at(access.word)} + ${access.by}`);
      case "increase":
        return `t = ${at(access.word)}; ${write(access.word, `t + ${access.by}`)}`;
      case "set":
        return write(access.word, `${access.to}`);
      case "read":
        return `acc = acc + ${at(access.word)} * ${access.by};`;
      default:
        return `t = ${at(access.from)}; ${write(access.to, "t")}`;
    }
  }

  #push(map: string, value: number): string {
    return `atomic { ${map}_q[${map}_n] = ${value}; ${map}_n++ };`;
  }

  #user(): string {
    const { script } = this.#plan;
    return [
      "proctype user() {",
      "  byte e; int t;",
      ...this.#plan.programs.map(({ name }) => `  byte w_${name};`),
      ...script.map((command) => `  ${this.#command(command)}`),
      "  done++",
      "}",
    ].join("\n");
  }

  #command(command: Command): string {
    switch (command.kind) {
      case "update":
        return this.#update(command);
      case "exchange": {
        const index = this.#map(command.map).inner.indexOf(command.inner);
        return `${command.map}_s = ${index}; ${this.#plan.outerWaits ? this.#synchronize() : ""}`;
      }
      case "delete": {
        const { map, key, as } = command;
        const free = `${map}_f[${map}_n] = ${map}_s[${key}]; ${map}_n++; ${map}_s[${key}] = ${NONE}`;
        const gone = `${map}_s[${key}] == ${NONE} -> ${as}_0 = ${ENOENT}`;
        return `if :: ${gone} :: else -> d_step { ${free} }; ${as}_0 = 0 fi;`;
      }
      case "lookup":
        return this.#lookup(command);
      case "push":
        return this.#push(command.map, command.value);
      case "pop": {
        const { map, as } = command;
        const last = `${as}_0 = ${map}_q[${map}_n - 1]; ${map}_n--`;
        const shift = Array.from({ length: ROOM - 1 }, (_, at) => `${map}_q[${at}] = ${map}_q[${at + 1}]`).join("; ");
        const first = `${as}_0 = ${map}_q[0]; ${shift}; ${map}_n--`;
        const take = this.#map(map).kind === "stack" ? last : first;
        return `atomic { if :: ${map}_n == 0 -> ${as}_0 = ${ENOENT} :: else -> d_step { ${take} } fi };`;
      }
      case "install":
        return `${command.map}_s = 1;`;
      case "remove": {
        const { map, as } = command;
        return `atomic { if :: ${map}_s == 0 -> ${as}_0 = ${ENOENT} :: else -> ${map}_s = 0; ${as}_0 = 0 fi };`;
      }
      case "wait":
        return waitsForReaders.has(command.how) ? this.#synchronize() : "skip;";
      default:
        return "marked = 1;";
    }
  }

  #synchronize(): string {
    const { programs } = this.#plan;
    const look = programs.map(({ name }) => `w_${name} = sec_${name}`).join("; ");
    const waits = programs.map(({ name }) => `(w_${name} == 0 || sec_${name} != w_${name});`).join(" ");
    return `d_step { ${look} }; ${waits}`;
  }

  #update({ map: name, key, values, locked }: Extract<Command, { kind: "update" }>): string {
    const map = this.#map(name);
    const copies = this.#copies(map);
    const fill = (element: string): string => {
      const one = (word: number, cpu: number, value: number) => `${this.#cell(map, element, word, cpu)} = ${value}`;
      const writes =
        copies > 1
          ? Array.from({ length: copies }, (_, cpu) => one(0, cpu, values[0]))
          : values.map((value, word) => one(word, 0, value));
      return inAnyOrder(writes);
    };
    if (map.kind.endsWith("array")) return this.#locked(map, key, locked, fill(`${key}`));
    const slot = `${name}_s[${key}]`;
    const insert = `d_step { ${name}_n--; e = ${name}_f[${name}_n] }; ${fill("e")} ${slot} = e`;
    const replace =
      copies > 1
        ? `e = ${slot}; ${fill("e")}`
        : `e = ${name}_x; ${fill("e")} d_step { ${name}_x = ${slot}; ${slot} = e }`;
    return `if :: ${slot} == ${NONE} -> ${insert} :: else -> ${replace} fi;`;
  }

  #lookup({ map: name, key, locked, as }: Extract<Command, { kind: "lookup" }>): string {
    const map = this.#map(name);
    const read = (element: string): string =>
      inAnyOrder(
        Array.from({ length: map.words }, (_, word) => `${as}_${word} = ${this.#cell(map, element, word, 0)}`),
      );
    if (map.kind.endsWith("array")) return this.#locked(map, key, locked, read(`${key}`));
    return `e = ${name}_s[${key}]; if :: e == ${NONE} -> ${as}_0 = ${ENOENT} :: else -> ${read("e")} fi;`;
  }

  #locked(map: MapPlan, key: number, locked: boolean, body: string): string {
    const lock = `${map.name}_lk[${key}]`;
    return locked ? `atomic { ${lock} == 0 -> ${lock} = 1 }; ${body} ${lock} = 0;` : body;
  }

  #monitor(): string {
    const count = this.#plan.programs.length + 1;
    const claim = this.#claim;
    const all = claim.kind === "quiet" ? [] : claim.values.map(([atom, value]) => `${this.#value(atom)} == ${value}`);
    const check = all.length === 0 ? "skip" : `assert(!(${all.join(" && ")}))`;
    return `proctype monitor() { atomic { done == ${count} -> ${check} } }`;
  }

  #value(atom: Atom): string {
    if (atom.kind === "result") return `r_${atom.program}`;
    if (atom.kind === "variable") return `${atom.name}_${atom.word}`;
    const map = this.#map(atom.map);
    const inElement = (element: string): string => {
      const each = Array.from({ length: this.#copies(map) }, (_, cpu) => this.#cell(map, element, atom.word, cpu));
      return `(${each.join(" + ")})`;
    };
    if (map.kind.endsWith("array")) return inElement(`${atom.key}`);
    const slot = `${map.name}_s[${atom.key}]`;
    return `(${slot} == ${NONE} -> 0 : ${inElement(`(${slot} == ${NONE} -> 0 : ${slot})`)})`;
  }
}

/** Statements in every order. */
function inAnyOrder(statements: readonly string[]): string {
  if (statements.length === 1) return `${statements[0]};`;
  const orders = permutations(statements).map((order) => `:: ${order.join("; ")}`);
  return `if ${orders.join(" ")} fi;`;
}

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, at) =>
    permutations([...items.slice(0, at), ...items.slice(at + 1)]).map((rest) => [item, ...rest]),
  );
}
