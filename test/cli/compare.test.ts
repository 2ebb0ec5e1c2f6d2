// `bpflab compare` and `bpflab diff`, and verdicts under a time limit, as commands.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { schema } from "../../src/cli/schema.ts";
import { cli } from "../support/cli.ts";
import { kernelThere } from "../support/kernel.ts";
import { misfits } from "../support/schema.ts";

let folder = "";
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bpflab-compare-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const good = ".prog xdp\nr0 = 2\nexit";
const bad = ".prog xdp\nr0 = r7\nexit";
const long = ".prog xdp\nr1 = 0\nagain:\nr1 += 1\nif r1 < 300000 goto again\nr0 = 0\nexit";

describe.skipIf(!kernelThere)("compare, with a kernel to ask", () => {
  it("shows both verdicts side by side", async () => {
    const { code, out } = await cli(["compare", file("good.bpf", good), file("bad.bpf", bad)]);
    expect(code).toBe(0);
    expect(out).toMatch(/good\.bpf +accepted +accepts +agree +2 +2 +[\d.]+ ms +[\d.]+ ms\n/);
    expect(out).toMatch(/bad\.bpf +refused +refuses +agree/);
    expect(out).toContain("both:  R7 !read_ok\n");
    expect(out).toMatch(/\n2 of 2 verdicts agree with Linux \d/);
  });

  it("exits with 1 when they differ", async () => {
    // Judged as another type than it is loaded as: no; by another regime.
    const lookup = `.prog xdp\n.map m, type=array, key=4, value=8, max=1\n*(u32 *)(r10 - 4) = 0\nr1 = m ll\nr2 = r10
r2 += -4\ncall bpf_map_lookup_elem\nr0 = 2\nexit`;
    const { code, out } = await cli(["compare", "--rcu", "explicit", file("lookup.bpf", lookup)]);
    expect(code).toBe(1);
    expect(out).toMatch(/refused +accepts +DIFFER/);
    expect(out).toContain("Linux: accepted");
  });

  it("gives all of it as data", async () => {
    const { code, out } = await cli(["compare", "--json", file("good.bpf", good), file("bad.bpf", bad)]);
    expect(code).toBe(0);
    const document = JSON.parse(out);
    expect(misfits(document, schema)).toEqual([]);
    expect(document.files.map((row: { agree: boolean }) => row.agree)).toEqual([true, true]);
    expect(document.files[1].kernel).toMatchObject({ verdict: "reject", message: "R7 !read_ok" });
    expect(document.files[1].sameMessage).toBe(true);
  });

  it("goes on where a program does not assemble", async () => {
    const { code, out, err } = await cli(["compare", file("none.bpf", "r0 = = 1"), file("good.bpf", good)]);
    expect(code).toBe(2);
    expect(err).toContain("error[E01");
    expect(out).toContain("1 of 1 verdicts agree");
  });
});

describe.skipIf(kernelThere)("compare, with no kernel to ask", () => {
  it("says why in words", async () => {
    const { code, err } = await cli(["compare", file("good.bpf", good)]);
    expect(code).toBe(2);
    expect(err).toMatch(/^bpflab: the kernel cannot be asked\. \S.*\.\n$/);
  });
});

describe("diff", () => {
  const save = async (name: string, ...texts: readonly string[]): Promise<string> => {
    const files = texts.map((text, at) => file(`p${at}.bpf`, text));
    return file(name, (await cli(["verify", "--json", ...files])).out);
  };

  it("shows verdicts that changed and exits with 1", async () => {
    const a = await save("a.json", good, good, bad);
    const b = await save("b.json", good, bad, ".prog xdp\nr6 = 1\nr0 = r7\nexit");
    const { code, out } = await cli(["diff", a, b]);
    expect(code).toBe(1);
    expect(out).toMatch(/p1\.bpf +accepted -> rejected +2 +1 +-1 \(-50\.00 %\)/);
    expect(out).toMatch(/p2\.bpf +rejected +1 +2 +\+1 \(\+100\.00 %\)/);
    expect(out).not.toContain("p0.bpf");
    expect(out).toContain("3 compared, 1 with another verdict, 1 with other numbers only\n");
    expect((await cli(["diff", "--all", a, b])).out).toContain("p0.bpf");
  });

  it("exits with 0 when only numbers differ, and filters", async () => {
    const a = await save("a.json", good, long);
    const b = await save("b.json", `.prog xdp\nr6 = 1\n${good.slice(10)}`, long);
    const { code, out } = await cli(["diff", a, b, "--filter", "insns_pct>10", "--filter", "p0"]);
    expect(code).toBe(0);
    expect(out).toContain("1 compared, 0 with another verdict, 1 with other numbers only\n");
  });

  it("gives all of it as data", async () => {
    const a = await save("a.json", good, good);
    const b = await save("b.json", bad);
    const { code, out } = await cli(["diff", "--json", a, b]);
    expect(code).toBe(1);
    const document = JSON.parse(out);
    expect(misfits(document, schema)).toEqual([]);
    expect(document.changed).toBe(1);
    expect(document.onlyA.length).toBe(1);
  });

  it.each([
    ["not JSON", "accepted", "is not JSON"],
    ["no document", "[]", "it is no document of bpflab"],
    ["another document", '{"command":"asm","bytes":"00"}', "it holds no verdicts"],
    ["a corpus without records", '{"command":"corpus"}', "--records"],
  ])("refuses %s with the file's name", async (_, body, said) => {
    const { code, err } = await cli(["diff", file("x.json", body), file("x.json", body)]);
    expect(code).toBe(2);
    expect(err).toContain("x.json");
    expect(err).toContain(said);
  });

  it("refuses a filter that means nothing", async () => {
    const a = await save("a.json", good);
    const { code, err } = await cli(["diff", a, a, "--filter", "insns_x>1"]);
    expect(code).toBe(2);
    expect(err).toContain("the columns are insns and states");
  });
});

describe("a time limit", () => {
  it("leaves the verdict open", async () => {
    const { code, out } = await cli(["verify", "--time-limit", "0.001", file("long.bpf", long)]);
    expect(code).toBe(3);
    expect(out).toContain("stopped before there was a verdict: the time limit of 0.001 s is over");
  });

  it.each(["0", "-1", "soon", "1e3", ""])("of %j is refused", async (limit) => {
    const { code, err } = await cli(["verify", `--time-limit=${limit}`, file("good.bpf", good)]);
    expect(code).toBe(2);
    expect(err).toContain("--time-limit");
  });

  it("counts a record of a corpus as undecided", async () => {
    const hex = "b701000000000000" + "0701000001000000" + "a501feffe0930400" + "b700000000000000" + "9500000000000000";
    const record = {
      id: "long",
      topic: "loops",
      prog_type_name: "socket_filter",
      prog_flags: 0,
      insns_hex: hex,
      map_relocs: [],
      maps: [],
      kernel_verdict: "accept",
    };
    const corpus = file("corpus.jsonl", JSON.stringify(record));
    const { code, out } = await cli(["corpus", "--json", "--records", "--time-limit", "0.001", corpus]);
    expect(code).toBe(1);
    const document = JSON.parse(out);
    expect(misfits(document, schema)).toEqual([]);
    expect(document.undecided).toEqual(["long"]);
    expect(document.records[0]).toMatchObject({ id: "long", verdict: "undecided" });
  });

  it("shows how far a long walk has come, on a terminal", async () => {
    const { err } = await cli(["verify", "--time-limit", "0.6", file("long.bpf", long.replace("300000", "10000000"))], {
      tty: true,
    });
    expect(err).toMatch(/insns \d+k\/1M states \d+/);
  });
});
