// Every kind of fault and warning: what went wrong is a result with a code, a place and words for it.
import { describe, expect, it } from "vitest";
import { faultDiagnostic } from "../../src/vm/fault.ts";
import type { MachineOptions, RunInput } from "../../src/vm/machine.ts";
import { load } from "./support.ts";

function fault(source: string, input: RunInput = {}, options: MachineOptions = {}) {
  const { loaded } = load(source, options);
  const result = loaded.run(input);
  return result.kind === "fault" ? result.fault : null;
}

describe("faults", () => {
  it.each([
    ["null", "E0301", "r1 = 0\n r0 = *(u64 *)(r1 + 8)\n exit", 1, "null pointer"],
    ["a number", "E0306", "r1 = 123456789 ll\n r0 = *(u64 *)(r1 + 0)\n exit", 2, "a number used as a pointer"],
    ["above the stack", "E0304", "r1 = r10\n r0 = *(u64 *)(r1 + 0)\n exit", 1, "offset 512 of the stack"],
    ["below the stack", "E0304", "*(u64 *)(r10 - 520) = 1\n r0 = 0\n exit", 0, "offset -8 of the stack"],
    ["past the context", "E0307", "r0 = *(u64 *)(r1 + 252)\n exit", 0, "the context"],
    ["a truncated pointer", "E0306", "w1 = w1\n r0 = *(u64 *)(r1 + 0)\n exit", 1, "where nothing is"],
    ["misaligned atomic", "E0309", "r2 = 1\n lock *(u64 *)(r1 + 4) += r2\n r0 = 0\n exit", 1, "multiple of 8"],
    ["endless loop", "E0202", "r0 = 0\n l: goto l\n", 1, "more than"],
    ["falls off", "E0203", "r0 = 0", 1, "past its last instruction"],
    ["too deep", "E0204", "f: call f\n exit", 0, "8 frames"],
    ["unknown helper", "E0701", "call 9999\n exit", 0, "no helper 9999"],
    ["unmatched unlock", "E0605", "call bpf_rcu_read_unlock\n r0 = 0\n exit", 0, "no section open"],
    ["open section at exit", "E0603", "call bpf_rcu_read_lock\n r0 = 0\n exit", 2, "RCU section is open"],
  ])("%s is %s", (_, code, source, pc, words) => {
    const found = fault(source, {}, { maxInstructions: 10000 });
    expect({ code: found?.code, pc: found?.pc }).toEqual({ code, pc });
    expect(found?.text).toContain(words);
  });

  const lock = "call bpf_rcu_read_lock\n";
  const unlock = "call bpf_rcu_read_unlock\n";
  const copy = "r1 = r10\n r1 += -8\n r2 = 8\n r3 = 0\n call bpf_copy_from_user\n r0 = 0\n exit";
  const value = `.map m, type=array, key=4, value=8, max=1, spin_lock=0
    *(u32 *)(r10 - 4) = 0\n ${lock} r1 = m ll\n r2 = r10\n r2 += -4\n call bpf_map_lookup_elem\n r6 = r0\n r1 = r0
    call bpf_spin_lock\n`;
  const loop = (before: string, body: string) =>
    `${before} r1 = 2\n r2 = body ll\n r3 = 0\n r4 = 0\n call bpf_loop\n exit\n body:\n ${body} r0 = 0\n exit`;
  const tail = `.map jumps, type=prog_array, key=4, value=4, max=1\n ${lock} r2 = jumps ll\n r3 = 0\n call bpf_tail_call\n exit`;

  // rcu-rules.md: E5, E7 and E12 of the explicit regime, 2, 6 and 7 of the kernel's.
  it.each([
    ["sleeping inside a section", "E0606", "explicit", `.prog syscall\n ${lock}${copy}`],
    ["sleeping inside a section", "E0606", "implicit", `.prog syscall\n ${lock}${copy}`],
    ["sleeping with preemption off", "E0606", "implicit", `.prog syscall\n call bpf_preempt_disable\n ${copy}`],
    ["sleeping in a program that may not", "E0606", "explicit", `.prog xdp\n ${copy}`],
    ["sleeping in a program that may not", "E0606", "implicit", `.prog xdp\n ${copy}`],
    ["a tail call inside a section", "E0603", "explicit", tail],
    ["a tail call inside a section", "E0603", "implicit", tail],
    ["bpf_throw inside a section", "E0603", "explicit", `${lock} r1 = 0\n call bpf_throw\n exit`],
    ["bpf_throw inside a section", "E0603", "implicit", `${lock} r1 = 0\n call bpf_throw\n exit`],
    [
      "a packet load inside a section",
      "E0603",
      "explicit",
      `.prog socket_filter\n r6 = r1\n ${lock} r0 = *(u8 *)skb[0]\n exit`,
    ],
    ["the ninth section", "E0604", "explicit", `${lock.repeat(9)} exit`],
    ["the second section", "E0604", "implicit", `${lock.repeat(2)} exit`],
    ["a section opened under a spin lock", "E0610", "explicit", `${value} ${lock} exit`],
    ["a section closed under a spin lock", "E0610", "explicit", `${value} ${unlock} exit`],
    ["a section closed under a spin lock", "E0607", "implicit", `${value} ${unlock} exit`],
    ["a call under a spin lock", "E0607", "explicit", `${value} call bpf_ktime_get_ns\n exit`],
    ["a second spin lock", "E0607", "explicit", `${value} r1 = r6\n call bpf_spin_lock\n exit`],
    ["a spin lock kept", "E0603", "explicit", `${value} r0 = 0\n exit`],
    ["preemption left off", "E0608", "explicit", "call bpf_preempt_disable\n r0 = 0\n exit"],
    ["preemption on too often", "E0608", "explicit", "call bpf_preempt_enable\n r0 = 0\n exit"],
    ["a callback that leaves a section open", "E0609", "explicit", loop("", lock)],
    ["a callback that closes its caller's section", "E0609", "explicit", loop(lock, unlock + lock)],
  ] as const)("%s is %s under the %s regime", (_, code, regime, source) => {
    expect(fault(source, {}, { regime })?.code).toBe(code);
  });

  it.each([
    ["sleeping outside of sections", "explicit", `.prog syscall\n ${lock}${unlock}${copy}`],
    ["a callback with a section of its own", "explicit", loop("", lock + unlock)],
    ["a callback that closes what it opened", "explicit", loop(lock, lock + unlock).replace(" exit", `${unlock} exit`)],
    ["a spin lock given back", "explicit", `${value} r1 = r6\n call bpf_spin_unlock\n ${unlock} r0 = 0\n exit`],
    ["eight sections", "explicit", `${lock.repeat(8)}${unlock.repeat(8)} r0 = 0\n exit`],
  ] as const)("%s is none under the %s regime", (_, regime, source) => {
    expect(fault(source, {}, { regime })).toBe(null);
  });

  it("leaves no section open behind it for grace periods to wait for", () => {
    const { machine, loaded } = load(`${lock} exit`);
    loaded.run();
    expect(machine.rcu.depth(0)).toBe(1);
    loaded.start();
    expect(machine.rcu.depth(0)).toBe(0);
  });

  it("the stack of a function that returned", () => {
    const found = fault(
      "call f\n r0 = *(u64 *)(r0 + 0)\n exit\n f: *(u64 *)(r10 - 8) = 1\n r0 = r10\n r0 += -8\n exit",
    );
    expect(found?.code).toBe("E0304");
    expect(found?.text).toContain("has returned");
  });

  it("past the packet", () => {
    const source = ".prog xdp\n r2 = *(u32 *)(r1 + 0)\n r0 = *(u16 *)(r2 + 13)\n exit";
    expect(fault(source, { packet: new Uint8Array(14) })?.code).toBe("E0303");
    expect(fault(source, { packet: new Uint8Array(15) })).toBe(null);
  });

  it("carries registers, place and region, and reads as a diagnostic", () => {
    const found = fault("r6 = 7\n r1 = r10\n r0 = *(u64 *)(r1 - 600)\n exit");
    expect(found?.registers[6]).toBe(7n);
    expect(found?.region).toBe("the stack of frame 0");
    expect(found?.span).toBeDefined();
    const diagnostic = found && faultDiagnostic(found);
    expect(diagnostic?.code).toBe("E0304");
    expect(diagnostic?.facts?.map((fact) => fact.name)).toEqual(["address", "region", "registers"]);
  });
});

describe("warnings", () => {
  it.each([
    ["an unwritten register", "r0 = r7\n exit", "uninitialisedRegister", 0],
    ["an unwritten stack slot", "r0 = *(u64 *)(r10 - 8)\n exit", "uninitialisedStack", 0],
    ["half a stack slot", "*(u32 *)(r10 - 8) = 1\n r0 = *(u64 *)(r10 - 8)\n exit", "uninitialisedStack", 1],
    ["r1 after a call", "call bpf_ktime_get_ns\n r0 = r1\n exit", "uninitialisedRegister", 1],
  ])("%s", (_, source, kind, pc) => {
    const result = load(source).loaded.run();
    expect(result.kind).toBe("exit");
    expect(result.warnings.map((one) => [one.kind, one.pc])).toEqual([[kind, pc]]);
  });

  it("says nothing about a program that does nothing wrong", () => {
    const { loaded } = load("*(u32 *)(r10 - 8) = 1\n *(u32 *)(r10 - 4) = 2\n r0 = *(u64 *)(r10 - 8)\n exit");
    expect(loaded.run()).toMatchObject({ kind: "exit", r0: 0x200000001n, warnings: [], instructions: 4 });
  });
});

it("refuses to run a big-endian program, with a place", () => {
  const { machine } = load("r0 = 0\n exit");
  const program = { ...load("r0 = 0\n exit").loaded.program, order: "big" as const };
  expect(machine.load(program)).toMatchObject({ ok: false, diagnostics: [{ severity: "error", pc: 0 }] });
});
