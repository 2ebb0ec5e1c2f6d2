// Maps, functions, expectations and data.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import type { Expectation, Program } from "../../src/isa/program.ts";
import { hex } from "../support/isa-oracle.ts";
import { errors } from "./mark.ts";

function program(text: string): Program {
  const outcome = assemble(text);
  if (!outcome.ok) throw new Error(outcome.diagnostics.map((d) => d.text).join("\n"));
  return outcome.value;
}

const hash = ".map m, type=hash, key=4, value=8, max=2\n";

describe(".map", () => {
  it("declares a map", () => {
    const [map] = program(
      ".map m, type=lru_hash, key=4, value=0x20, max=1<<4, flags=no_common_lru|0x80, spin_lock=4, timer=8",
    ).maps;
    expect(map).toMatchObject({
      name: "m",
      type: "lru_hash",
      keySize: 4,
      valueSize: 32,
      maxEntries: 16,
      flags: 0x82,
      fields: [
        { kind: "spin_lock", offset: 4 },
        { kind: "timer", offset: 8 },
      ],
    });
  });

  it("takes sizes that the type fixes as said", () => {
    const { maps } = program(
      ".map a, type=array, value=8, max=1\n.map r, type=ringbuf, max=4096\n.map p, type=prog_array, max=1",
    );
    expect(maps.map((m) => [m.keySize, m.valueSize])).toEqual([
      [4, 8],
      [0, 0],
      [4, 4],
    ]);
  });

  it("takes an inner map by name, even a later one, or in place", () => {
    const { maps } = program(`.map o, type=array_of_maps, max=2, inner=m
.map p, type=hash_of_maps, key=8, max=2, inner=(type=array, value=4, max=1)
${hash}`);
    expect(maps[0]?.inner?.name).toBe("m");
    expect(maps[1]?.inner).toMatchObject({ type: "array", keySize: 4, valueSize: 4, maxEntries: 1 });
  });

  it.each([
    ["E0109: .map m, type=«hsah», key=4, value=8, max=1"],
    ["E0109: .map m, type=hash, «kye»=4, value=8, max=1"],
    ["E0109: .map m, «type=hash, key=4, value=8»"],
    ["E0109: .map m, type=array, key=«8», value=8, max=1"],
    ["E0109: .map m, type=hash, key=4, value=8, max=1, flags=«no_preallok»"],
    ["E0109: .map m, type=hash, key=4, value=8, max=1, spin_lock=«8»"],
    ["E0109: .map m, «type=array_of_maps, max=1»"],
    ["E0105: .map m, type=array_of_maps, max=1, inner=«x»"],
    ["E0107: .map m, type=hash, «type»=hash, key=4, value=8, max=1"],
  ])("%s", (want) => expect(errors(want.replace(/^\w+: /, "").replace(/[«»]/g, ""))).toEqual([want]));
});

describe(".entry", () => {
  it("writes numbers least significant byte first, and bytes as they are", () => {
    const [map] = program(`${hash}.entry m, 1 = 0x1122\n.entry m, hex:02000000 = hex:0102030405060708\n`).maps;
    const entries = map?.entries?.map(({ key, value }) => [hex(key), "bytes" in value ? hex(value.bytes) : value]);
    expect(entries).toEqual([
      ["01000000", "2211000000000000"],
      ["02000000", "0102030405060708"],
    ]);
  });

  it("takes negative numbers to the full size", () => {
    const [map] = program(`${hash}.entry m, -1 = -2`).maps;
    expect(map?.entries?.map(({ key, value }) => hex(key) + ("bytes" in value ? hex(value.bytes) : ""))).toEqual([
      "fffffffffeffffffffffffff",
    ]);
  });

  it("names maps and functions", () => {
    const { maps } = program(`${hash}.map o, type=array_of_maps, max=1, inner=m
.map p, type=prog_array, max=1
.entry o, 0 = m
.entry p, 0 = f
exit
f: exit`);
    expect(maps.slice(1).map((m) => m.entries?.[0]?.value)).toEqual([{ map: "m" }, { func: "f" }]);
  });

  it.each([
    [`${hash}.entry x, 1 = 2`, "E0105: .entry «x», 1 = 2"],
    [`${hash}.entry m, 0x100000000 = 2`, "E0103: .entry m, «0x100000000» = 2"],
    [`${hash}.entry m, hex:01 = 2`, "E0109: .entry m, «hex:01» = 2"],
    [`${hash}.entry m, 1 = foo`, "E0109: .entry m, 1 = «foo»"],
    [`${hash}.entry m, 1 = 1\n.entry m, 2 = 1\n.entry m, 3 = 1`, "E0109: «.entry m, 3 = 1»"],
    [".map p, type=prog_array, max=1\n.entry p, 0 = f\nff: exit", "E0105: .entry p, 0 = «f»"],
  ])("refuses %s", (text, want) => expect(errors(text)).toEqual([want]));
});

describe("the program", () => {
  it("knows its type, regime and profile", () => {
    expect(program("# profile: linux-6.12\n.prog iter.s/task sleepable\n.rcu explicit\nexit")).toMatchObject({
      type: "iter.s/task",
      sleepable: true,
      rcu: "explicit",
      profile: "linux-6.12",
    });
  });

  it("knows where it is to be attached", () => {
    expect(program(".prog cgroup_sock_addr attach=bind4\nexit")).toMatchObject({
      type: "cgroup_sock_addr",
      attach: "bind4",
    });
    expect(errors(".prog cgroup_sock_addr atach=bind4\nexit")).toEqual(["E0109: .prog «cgroup_sock_addr atach=bind4»"]);
    expect(errors(".prog xdp attach=devmap attach=cpumap\nexit")).toEqual([
      "E0107: .prog «xdp attach=devmap attach=cpumap»",
    ]);
  });

  it("knows its functions", () => {
    const { functions } = program(`.global g(ctx, scalar, mem:8, mem_or_null:16)
.func h
r2 = cb ll
call f
call g
exit
f: exit
g: exit
cb: exit
h: exit`);
    expect(functions).toEqual([
      { name: "f", pc: 5, global: false },
      {
        name: "g",
        pc: 6,
        global: true,
        args: ["ctx", "scalar", { mem: 8, nonnull: true }, { mem: 16, nonnull: false }],
      },
      { name: "cb", pc: 7, global: false },
      { name: "h", pc: 8, global: false },
    ]);
  });

  it("calls helpers, kernel functions and its own", () => {
    const { insns, kfuncs } = program(`.extern bpf_task_release_x
call rcu_lock
call bpf_map_lookup_elem#1
call bpf_task_release_x
call bpf_rcu_read_unlock
call pc+1
call rcu_lock
f: exit
call f`);
    expect(kfuncs).toEqual(["bpf_rcu_read_lock", "bpf_task_release_x", "bpf_rcu_read_unlock"]);
    expect(insns).toEqual([
      { kind: "callKfunc", index: 0, btfFd: 0 },
      { kind: "callHelper", id: 1 },
      { kind: "callKfunc", index: 1, btfFd: 0 },
      { kind: "callKfunc", index: 2, btfFd: 0 },
      { kind: "callLocal", off: 1 },
      { kind: "callKfunc", index: 0, btfFd: 0 },
      { kind: "exit" },
      { kind: "callLocal", off: -2 },
    ]);
  });

  it("has spans for operands", () => {
    const text = "  if r1 > 7 goto out\nout: r0 = *(u8 *)(r1 + 4)";
    const spans = program(text).origin.map((origin) =>
      Object.entries(origin ?? {}).map(([what, at]) => `${what} ${text.slice(at.start, at.end)}`),
    );
    expect(spans).toEqual([
      ["whole if r1 > 7 goto out", "dst r1", "src 7", "target out"],
      ["whole r0 = *(u8 *)(r1 + 4)", "dst r0", "src *(u8 *)(r1 + 4)", "memory *(u8 *)(r1 + 4)"],
    ]);
  });
});

describe("data", () => {
  it("in the text is instructions", () => {
    const { insns } = program(".byte 0xb7, 0, 0, 0\n.long 7\n.8byte 0x95\n.quad 0x0000000500000018, 0\n.zero 8");
    expect(insns.map((insn) => insn?.kind)).toEqual(["alu", "exit", "imm64", undefined, "invalid"]);
  });

  it("in other sections is not", () => {
    const { insns } = program(
      '.text\nexit\n.section license,"aw",@progbits\n.ascii "GPL"\n.section .maps\nm: .zero 32\n.text\nr0 = 0',
    );
    expect(insns.map((insn) => insn?.kind)).toEqual(["exit", "alu"]);
  });

  it("cannot name maps that are not there", () => {
    expect(errors(".8byte 0x1118, 0")).toEqual(["E0105: «.8byte 0x1118, 0»"]);
  });
});

describe("expectations", () => {
  it.each<[string, Partial<Expectation>]>([
    ["accept", { verdict: "accept" }],
    ["accept retval 3", { verdict: "accept", retval: 3n }],
    ["accept retval -0x10", { verdict: "accept", retval: -16n }],
    [
      'reject E0301 at line 7 msg "R0 invalid \\[mem\\]"',
      { verdict: "reject", code: "E0301", line: 7, message: "R0 invalid \\[mem\\]" },
    ],
    ["reject L0601 at late", { verdict: "reject", code: "L0601", label: "late" }],
    ["fault E0301", { verdict: "fault", code: "E0301" }],
    ["reject", { verdict: "reject" }],
  ])("%s", (text, want) => {
    expect(program(`# expect: ${text}\nlate: exit`).expectations[0]).toMatchObject(want);
  });

  it("may be for one regime", () => {
    expect(program("// expect[implicit]: accept\nexit").expectations[0]).toMatchObject({ rcu: "implicit" });
  });

  it("leave other comments alone", () => {
    expect(program("# we expect the best: really\nexit").expectations).toEqual([]);
  });

  it.each([
    "# expect: «maybe»",
    "# expect: accept at lime «3»",
    "# expect: reject «retval 3»",
    "# expect: reject E0301 «at line»",
    "«# expect[both]: accept»",
    "«# expect: reject E0301 at nowhere»",
  ])("%s", (text) => {
    expect(errors(`${text.replace(/[«»]/g, "")}\nexit`)).toEqual([`E0113: ${text}`]);
  });
});
