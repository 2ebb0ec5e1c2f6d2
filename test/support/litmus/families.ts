// The generated families of litmus tests for BPF, made from their names. A test is a ring of threads, each of which sees
// what the one before it wrote, orders, and writes (or at the ends reads) what the next one looks at.
//
//   C-LB-LRW+R-A+OB-OB: the ring starts with a read and ends with a write. Between two threads stands `how the first one
//   writes - how the second one reads`: R releases, A acquires, O neither, B has a barrier on that side of the access, Q
//   writes once more behind the release, v writes the value that was read. L: the last thread ends at the first one's
//   location. G: at another, and one more thread with a barrier leads from there to the first one's.
//   C-RW-r+RW-a+RW-B: a ring of threads that read and write, by release, acquire or barrier.

const links = [
  "OB-O+OB-OB",
  "OB-O+OB-O+OB-OB",
  "OB-O+OB-O+OB-O+OB-OB",
  "R-A+OB-OB",
  "R-A+OB-O+OB-OB",
  "R-A+OB-O+OB-O+OB-OB",
  "R-A+OB-O+R-A+OB-OB",
  "R-A+R-A+OB-OB",
  "R-A+R-A+OB-O+OB-OB",
  "R-A+R-A+R-A+OB-OB",
];

const repeated = (part: string, least: number, most: number): readonly string[] =>
  Array.from({ length: most - least + 1 }, (_, at) =>
    Array(least + at)
      .fill(part)
      .join("+"),
  );

const ends = ["RR", "RW", "WR", "WW"];

export const familyNames: readonly string[] = [
  ...ends.flatMap((end) => ["OB-OB", ...links].map((link) => `C-LB-G${end}+${link}`)),
  ...ends.flatMap((end) => links.map((link) => `C-LB-L${end}+${link}`)),
  ...["GRW", "GWR"].flatMap((kind) => repeated("R-A", 1, 4).map((link) => `C-LB-${kind}+${link}`)),
  ...ends.flatMap((end) => repeated("R-A", 2, 4).map((link) => `C-LB-L${end}+${link}`)),
  ...[
    "O-O+OB-O+OB-OB",
    "O-O+OB-O+OB-O+OB-OB",
    "OB-Ov",
    "R-A+O-O+OB-O+OB-OB",
    "RQ-A+R-A",
    "R-A+RQ-A",
    "R-A+RQ-A+R-A",
    "R-A+R-A+RQ-A",
    "R-A+R-A+RQ-A+R-A",
    "R-A+R-A+R-A+RQ-A",
  ].map((link) => `C-LB-LRW+${link}`),
  ...repeated("RW-B", 2, 8).map((ring) => `C-${ring}`),
  "C-RW-r+RW-a",
  ...repeated("RW-B", 1, 6).map((ring) => `C-RW-r+RW-a+${ring}`),
].map((name) => `${name}-BPF`);

/** The six that the BPF memory model allows, with what they lack. */
export const allowedFamilies: readonly string[] = [
  // The first thread orders nothing.
  "C-LB-LRW+O-O+OB-O+OB-OB-BPF",
  "C-LB-LRW+O-O+OB-O+OB-O+OB-OB-BPF",
  // Release and acquire carry nothing from a write to a read of a third thread.
  ...repeated("R-A", 1, 4).map((link) => `C-LB-GWR+${link}-BPF`),
];

interface Side {
  readonly access: "O" | "R" | "A";
  readonly barrier: boolean;
  readonly again: boolean;
  readonly copies: boolean;
}

function side(text: string): Side {
  return {
    access: text.startsWith("R") ? "R" : text.startsWith("A") ? "A" : "O",
    barrier: text.includes("B"),
    again: text.includes("Q"),
    copies: text.includes("v"),
  };
}

class Thread {
  readonly lines: string[] = [];
  readonly locations: string[] = [];
  readonly number: number;

  constructor(number: number) {
    this.number = number;
  }

  private pointer(location: string): string {
    if (!this.locations.includes(location)) this.locations.push(location);
    return `r${1 + this.locations.indexOf(location)}`;
  }

  read(location: string, into: string, acquire = false): void {
    const place = `(u32 *)(${this.pointer(location)} + 0)`;
    this.lines.push(`${into} = ${acquire ? `load_acquire(${place})` : `*${place}`}`);
  }

  write(location: string, value: number | string, release = false): void {
    const place = `(u32 *)(${this.pointer(location)} + 0)`;
    if (release) this.lines.push(`r9 = ${value}`, `store_release(${place}, r9)`);
    else this.lines.push(`*${place} = ${value}`);
  }

  barrier(): void {
    this.lines.push(`r8 = atomic_fetch_add((u64 *)(${this.pointer(`own${this.number}`)} + 0), r8)`);
  }
}

export function familyTest(name: string): string {
  const body = name.replace(/^C-/, "").replace(/-BPF$/, "");
  const made = body.startsWith("LB-") ? chain(body.slice(3)) : ring(body.split("+"));
  return written(name, made.threads, made.asked);
}

interface Made {
  readonly threads: readonly Thread[];
  readonly asked: readonly string[];
}

function ring(parts: readonly string[]): Made {
  const threads = parts.map((part, index) => {
    const thread = new Thread(index);
    const how = part.slice(3);
    thread.read(`x${index}`, "r5", how === "a");
    if (how === "B") thread.barrier();
    thread.write(`x${(index + 1) % parts.length}`, 1, how === "r");
    return thread;
  });
  return { threads, asked: threads.map((_, index) => `${index}:r5=1`) };
}

function chain(body: string): Made {
  const [kind = "", ...joins] = body.split("+");
  const sides = joins.map((join) => join.split("-").map(side));
  const [reach, first, last] = [...kind];
  const asked: string[] = [];
  const threads = Array.from({ length: joins.length + 1 }, (_, index) => new Thread(index));
  const final = reach === "G" ? "v" : "u";
  for (const [index, thread] of threads.entries()) {
    const [before, after] = [sides[index - 1]?.[1], sides[index]?.[0]];
    if (before === undefined) {
      if (first === "W") thread.write("u", 3);
      else thread.read("u", "r5");
      if (first === "R") asked.push(`${index}:r5=1`);
    } else {
      thread.read(`x${index}`, "r5", before.access === "A");
      asked.push(`${index}:r5=1`);
    }
    if (before?.barrier === true || after?.barrier === true) thread.barrier();
    if (after === undefined) {
      if (last === "W") thread.write(final, before?.copies === true ? "r5" : 1);
      else thread.read(final, "r6");
      if (last === "R") asked.push(`${index}:r6=0`);
      continue;
    }
    const next = `x${index + 1}`;
    thread.write(next, after.again ? 2 : 1, after.access === "R");
    if (after.again) thread.write(next, 1);
  }
  const more =
    reach === "G" ? [leadBack(threads.length, first === "R", last === "R", asked)] : local(threads.length, kind, asked);
  return { threads: [...threads, ...more], asked };
}

/** The thread that leads from `v`, where the last one ended, back to `u`. */
function leadBack(number: number, firstReads: boolean, lastReads: boolean, asked: string[]): Thread {
  const thread = new Thread(number);
  if (lastReads) thread.write("v", 1);
  else {
    thread.read("v", "r5");
    asked.push(`${number}:r5=1`);
  }
  thread.barrier();
  if (firstReads) thread.write("u", 1);
  else {
    thread.read("u", "r6");
    asked.push(`${number}:r6=0`);
  }
  return thread;
}

/** What closes a ring at `u` itself: a writer if both ends read, the order of the writes if both write. */
function local(number: number, kind: string, asked: string[]): readonly Thread[] {
  if (kind === "LWW") asked.push("u=3");
  if (kind !== "LRR") return [];
  const writer = new Thread(number);
  writer.write("u", 1);
  return [writer];
}

function written(name: string, threads: readonly Thread[], asked: readonly string[]): string {
  const rows = Math.max(...threads.map((each) => each.lines.length));
  const start = threads.map((each) =>
    each.locations.map((at, index) => `${each.number}:r${index + 1}=${at};`).join(" "),
  );
  const row = (cell: (thread: Thread) => string): string => ` ${threads.map(cell).join(" | ")} ;`;
  return [
    `BPF ${name}`,
    "{",
    ...start,
    "}",
    row((each) => `P${each.number}`),
    ...Array.from({ length: rows }, (_, at) => row((each) => each.lines[at] ?? "")),
    `exists (${asked.join(" /\\ ")})`,
    "",
  ].join("\n");
}
