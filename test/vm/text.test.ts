// Helpers that write and compare text, from programs. The expected lines and numbers are those of Linux.
import { describe, expect, it } from "vitest";
import { answer, implicit, load, stored } from "./support.ts";

const hex = (words: string) => Buffer.from(words).toString("hex");
/** A read-only map holding a string of at most 31 bytes. */
const constant = (name: string, words: string) =>
  `.map ${name}, type=array, key=4, value=32, max=1, flags=rdonly_prog\n.entry ${name}, 0 = hex:${hex(words.padEnd(32, "\0"))}\n`;

describe("text", () => {
  const print = (format: string, ...args: readonly string[]) =>
    `${constant("fmt", format)}
      ${args.map((arg, n) => `r${3 + n} = ${arg}`).join("\n")}
      r1 = map_value[fmt] + 0 ll
      r2 = ${format.length + 1}
      call bpf_trace_printk
      exit`;

  it.each([
    ["x = %u", ["17"], "x = 17"],
    ["%d %i", ["-1", "-2"], "-1 -2"],
    ["%lld %llu", ["-1", "-1"], "-1 18446744073709551615"],
    ["%u", ["-1"], "4294967295"],
    ["%x %X %llx", ["48879", "48879", "-1"], "beef BEEF ffffffffffffffff"],
    ["%5d|%-5d|%05d", ["42", "42", "-42"], "   42|42   |-0042"],
    ["%+d % d", ["1", "1"], "+1  1"],
    ["100%% %c", ["65"], "100% A"],
    ["no arguments", [], "no arguments"],
  ])("bpf_trace_printk of %s", (format, args, want) => {
    const result = load(print(format, ...args), implicit).loaded.run();
    expect(result.output).toEqual([want]);
    expect(result).toMatchObject({ kind: "exit", r0: BigInt(want.length) });
  });

  it.each([
    ["a conversion that Linux does not know", print("%f", "1")],
    ["%n", print("%n", "1")],
    ["a lone %", print("50%")],
    ["more conversions than arguments", print("%d%d%d%d", "1", "2", "3")],
    ["no NUL within its size", print("text").replace("r2 = 5", "r2 = 4")],
  ])("bpf_trace_printk refuses %s", (_, source) => {
    const result = load(source, implicit).loaded.run();
    expect(result.output).toEqual([]);
    expect(result).toMatchObject({ kind: "exit", r0: BigInt.asUintN(64, -22n) });
  });

  const snprintf = (room: number, format: string, args: number) => `
${constant("fmt", format)}${constant("name", "bpflab")}
      *(u64 *)(r10 - 8) = 255
      r1 = map_value[name] + 0 ll
      *(u64 *)(r10 - 16) = r1
      r1 = r10
      r1 += -48
      r2 = ${room}
      r3 = map_value[fmt] + 0 ll
      r4 = r10
      r4 += -16
      r5 = ${args}
      *(u64 *)(r10 - 48) = -1
      call bpf_snprintf
      r6 = r0
      r1 = *(u64 *)(r10 - 48)
      r2 = map_value[out] + 0 ll
      *(u64 *)(r2 + 0) = r1
      r0 = r6
      exit
.map out, type=array, key=4, value=8, max=1`;
  it.each([
    ["fits", 8, "%s", 16, 7, "bpflab\0"],
    ["is cut, and says how long it would have been", 4, "%s %d", 16, 11, "bpf\0"],
    ["has no room at all", 0, "%s", 16, 7, "\xff"],
    ["has more data than it uses", 8, "abc", 16, 4, "abc\0"],
    ["lacks data", 8, "%d%d%d", 16, -22, "\xff"],
    ["has data of an odd size", 8, "%d", 12, -22, "\xff"],
  ])("bpf_snprintf that %s", (_, room, format, args, want, written) => {
    const { machine, loaded } = load(snprintf(room, format, args), implicit);
    const result = loaded.run();
    expect(result.kind === "exit" ? Number(BigInt.asIntN(64, result.r0)) : result.fault.text).toBe(want);
    expect(Buffer.from(stored(machine, "out")).toString("latin1").slice(0, written.length)).toBe(written);
  });

  it("bpf_snprintf takes a %s that leads nowhere for an empty string", () => {
    const source = snprintf(8, "[%s]", 16).replace("*(u64 *)(r10 - 16) = r1", "*(u64 *)(r10 - 16) = 12345");
    expect(answer(source)).toBe(3);
  });

  it.each([
    ["equal", "bpflab", 8, 0],
    ["less", "bpflaa", 8, -1],
    ["greater", "bpflac", 8, 1],
    ["equal as far as asked", "bpfXXX", 3, 0],
    ["shorter", "bpf", 8, -1],
  ])("bpf_strncmp says %s", (_, mine, size, want) => {
    const source = `
${constant("other", "bpflab")}
      r1 = ${`0x${Buffer.from(mine.padEnd(8, "\0")).readBigUInt64LE().toString(16)}`} ll
      *(u64 *)(r10 - 8) = r1
      r1 = r10
      r1 += -8
      r2 = ${size}
      r3 = map_value[other] + 0 ll
      call bpf_strncmp
      exit`;
    expect(answer(source)).toBe(want);
  });
});
