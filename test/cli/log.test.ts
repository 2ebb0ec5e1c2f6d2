// `bpflab log` as a command: what it prints, its exit codes, and inputs that are no log.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { schema } from "../../src/cli/schema.ts";
import { cli } from "../support/cli.ts";
import { misfits } from "../support/schema.ts";

const refused = `0: R1=ctx() R10=fp0
0: (b7) r6 = 7                        ; R6=7
1: (85) call bpf_get_prandom_u32#7    ; R0=scalar()
2: (bf) r0 = r1
R1 !read_ok
processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;
const accepted = `0: R1=ctx() R10=fp0
0: (b7) r0 = 0                        ; R0=0
1: (95) exit
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bpflab-log-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("log", () => {
  it("explains a refusal and exits with 1", async () => {
    const { code, out } = await cli(["log", "-"], { stdin: refused });
    expect(code).toBe(1);
    expect(out).toContain("error[E0401]: a register is read before it is written\n  --> <stdin>:5, instruction 2\n");
    expect(out).toContain(
      "call bpf_get_prandom_u32#7\n   |     -------------------------- the call leaves nothing in r1 to r5",
    );
    expect(out).toContain("= kernel: R1 !read_ok\nhelp: ");
    expect(out).toContain("  > 2: r0 = r1\n");
  });

  it("reads a file", async () => {
    const file = join(folder, "log.txt");
    writeFileSync(file, refused);
    const { code, out } = await cli(["log", file]);
    expect(code).toBe(1);
    expect(out).toContain(`${file}:5`);
  });

  it("exits with 0 where the program was accepted", async () => {
    expect(await cli(["log", "-"], { stdin: accepted })).toEqual({ code: 0, out: "<stdin>:4: accepted\n", err: "" });
  });

  it("explains each load in the text", async () => {
    const other = refused.replaceAll("R1", "R2").replace("r0 = r1", "r0 = r2");
    const { code, out } = await cli(["log", "-"], { stdin: accepted + refused + other + refused });
    expect(code).toBe(1);
    expect(out.match(/error\[E0401\]/g)?.length).toBe(2);
    expect(out).toContain("<stdin>:4: accepted");
  });

  it("gives all of it as data", async () => {
    const { code, out } = await cli(["log", "--json", "-"], { stdin: refused });
    expect(code).toBe(1);
    const document = JSON.parse(out);
    expect(misfits(document, schema)).toEqual([]);
    expect(document.logs[0]).toMatchObject({ outcome: "refused", known: true, line: 5 });
    expect(document.logs[0].diagnostics[0]).toMatchObject({ code: "E0401", kernelMessage: "R1 !read_ok" });
    expect(document.logs[0].diagnostics[0].spans.map((span: { event?: string }) => span.event)).toEqual([
      undefined,
      "lost",
    ]);
  });

  it("reads what `verify --log-level` prints", async () => {
    const program = ".prog xdp\nr6 = r1\nr0 = *(u32 *)(r6 + 400)\nexit";
    const log = (await cli(["verify", "--log-level", "1", "-"], { stdin: program })).out;
    const { code, out } = await cli(["log", "-"], { stdin: log });
    expect(code).toBe(1);
    expect(out).toContain("error[E0307]");
    expect(out).toContain("copied to r6: ctx()");
  });
});

describe("what is no log", () => {
  const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
  it.each<readonly [string, string | Uint8Array]>([
    ["nothing", ""],
    ["spaces", "   \n \n"],
    ["a letter", "hello\n"],
    ["a program", "r0 = 0\nexit\n"],
    ["zeros", bytes(0, 0, 0, 0)],
    ["an object file", bytes(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0)],
    ["what is not UTF-8", bytes(0xff, 0xfe, 0xfd)],
    ["noise", Uint8Array.from({ length: 5000 }, (_, at) => (at * 7919) & 0xff)],
    ["a log that is cut", "0: R1=ctx() R10=fp0\n0: (b7) r0 = 0"],
    ["half a line", "0: (b7"],
  ])("%s: says where and why", async (_, stdin) => {
    const { code, out, err } = await cli(["log", "-"], { stdin });
    expect(code).toBe(2);
    expect(out + err).toMatch(/^error\[E011[45]\]: [^\n]+\n *--> <stdin>/);
    const data = await cli(["log", "--json", "-"], { stdin });
    expect(data.code).toBe(2);
    expect(misfits(JSON.parse(data.out), schema)).toEqual([]);
  });

  it("a file that is not there", async () => {
    const { code, err } = await cli(["log", join(folder, "none")]);
    expect(code).toBe(2);
    expect(err).toMatch(/^bpflab: cannot read .*: there is no such file\n$/);
  });
});
