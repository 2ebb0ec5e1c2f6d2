// The shape of a page, and the few lines that most programs on the pages begin with.

export interface Page {
  readonly says: string;
  /** A program that this code refuses, and a neighbour of it that is accepted. */
  readonly bad?: string;
  readonly good?: string;
  /** What the two are judged with, where it is not the default. */
  readonly unprivileged?: true;
}

const lines = (text: string): string =>
  text
    .trim()
    .split("\n")
    .map((line) => line.trim())
    .map((line) => (line === "" || /^[.#]|:$/.test(line) ? line : `        ${line}`))
    .join("\n");

/** A program without maps. */
export function program(body: string, type = "xdp"): string {
  return `.prog ${type}\n\n${lines(body)}\n`;
}

/** A program that opens an RCU section and looks up key 0 of `counters`; r0 is the result, the section is open. */
export function lookup(body: string, value = 8): string {
  const map = `.map counters, type=hash, key=4, value=${value}, max=16`;
  const start = `
    *(u32 *)(r10 - 4) = 0
    call bpf_rcu_read_lock
    r1 = counters ll
    r2 = r10
    r2 += -4
    call bpf_map_lookup_elem`;
  return `.prog syscall\n${map}\n\n${lines(start)}\n${lines(body)}\n`;
}
