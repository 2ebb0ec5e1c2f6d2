// Dynptrs at run time, beside the running kernel: made over a map's value or a ring buffer, or refused; read, written
// and sliced inside, at and beyond their end.
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { judgeAndRun } from "../../src/kernel/judge.ts";
import { Machine } from "../../src/vm/machine.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";

const head = `.prog sched_cls
.rcu implicit
.map log, type=ringbuf, max=4096
.map store, type=array, key=4, value=32, max=1
*(u64 *)(r10 - 32) = 0
*(u64 *)(r10 - 24) = 0x55
r9 = map_value[store] ll
*(u64 *)(r9 + 0) = 0x11
*(u64 *)(r9 + 8) = 0x22
`;

const overMap = (flags: number): string =>
  `r1 = r9\nr2 = 16\nr3 = ${flags}\nr4 = r10\nr4 += -16\ncall bpf_dynptr_from_mem`;
const overRing = (size: number, flags: number): string =>
  `r1 = log ll\nr2 = ${size}\nr3 = ${flags}\nr4 = r10\nr4 += -16\ncall bpf_ringbuf_reserve_dynptr`;
const makers: Readonly<Record<string, string>> = {
  "a map's value": overMap(0),
  "a map's value, with flags": overMap(1),
  "a record": overRing(16, 0),
  "a record, with flags": overRing(16, 2),
  "a record too large for the buffer": overRing(8192, 0),
  "a record too large for any": overRing(0x1000000, 0),
};

const read = (to: number, count: number, off: number, flags: number): string =>
  `r1 = r10\nr1 += ${to}\nr2 = ${count}\nr3 = r10\nr3 += -16\nr4 = ${off}\nr5 = ${flags}\ncall bpf_dynptr_read`;
const write = (count: number, off: number, flags: number): string =>
  `r1 = r10\nr1 += -16\nr2 = ${off}\nr3 = r10\nr3 += -24\nr4 = ${count}\nr5 = ${flags}\ncall bpf_dynptr_write`;
const data = (count: number, off: number): string =>
  `r1 = r10\nr1 += -16\nr2 = ${off}\nr3 = ${count}\ncall bpf_dynptr_data\nif r0 == 0 goto out\nr0 = *(u8 *)(r0 + ${count - 1})\nr0 += 1\nout:`;

function programs(): readonly string[] {
  return Object.entries(makers).flatMap(([name, maker]) => {
    const given = name.startsWith("a record") ? "r1 = r10\nr1 += -16\nr2 = 0\ncall bpf_ringbuf_discard_dynptr\n" : "";
    const whole = (body: string): string =>
      `${head}${maker}\nr8 = r0\n${write(16 - 8, 0, 0)}\n${body}\nr7 = r0\n${given}r0 = r7\nr1 = *(u8 *)(r10 - 32)\nr8 <<= 8\nr0 <<= 16\nr0 ^= r8\nr0 ^= r1\nexit`;
    const places = [
      [0, 8, 0],
      [8, 8, 0],
      [9, 8, 0],
      [16, 0, 0],
      [17, 0, 0],
      [0, 8, 1],
    ] as const;
    return places.flatMap(([off, count, flags]) => [
      whole(read(-32, count, off, flags)),
      whole(`${write(count, off, flags)}\nr6 = r0\n${read(-32, 1, Math.min(off, 15), 0)}\nr0 = r6`),
      ...(count > 0 && flags === 0 ? [whole(data(count, off))] : []),
    ]);
  });
}

it.skipIf(!kernelThere)("dynptrs do as in Linux", () => {
  const kernel = theKernel();
  const differ = programs().flatMap((text) => {
    const outcome = assemble(text);
    if (!outcome.ok) return [`${outcome.diagnostics[0]?.text}: ${text}`];
    const { judgement, result } = judgeAndRun(kernel, outcome.value, {}, (fd) =>
      kernel.testRun(fd, { data: new Uint8Array(64), repeat: 1 }),
    );
    const loaded = new Machine({ seed: 1 }).load(outcome.value);
    if (!loaded.ok) return [`${loaded.diagnostics[0]?.text}: ${text}`];
    const ran = loaded.value.run({ packet: new Uint8Array(64) });
    const ours = ran.kind === "exit" ? Number(BigInt.asUintN(32, ran.r0)) : ran.fault.text;
    return ours === result?.retval ? [] : [`${judgement.message} Linux returns ${result?.retval}, we ${ours}: ${text}`];
  });
  expect(differ).toEqual([]);
});
