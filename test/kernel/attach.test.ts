// What depends on where a program is to be attached, as the running kernel has it.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { attachNames, programTypeNames } from "../../src/cli/options.ts";
import { attachTypes, type ProgramType, programTypes } from "../../src/host/programs.ts";
import { judge } from "../../src/kernel/judge.ts";
import { verify } from "../../src/verifier/verify.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";

const types: readonly ProgramType[] = Object.values(programTypes);
const places = types.flatMap(({ name, attaches = [] }) => attaches.map((attach) => ({ name, attach })));

function programOf(name: string, attach: string, body: string) {
  const made = assemble(`.prog ${name} attach=${attach}\n${body}\nexit`);
  if (!made.ok) throw new Error(made.diagnostics[0]?.text);
  return made.value;
}

it("has a name for each on the command line", () => {
  expect([...attachNames].sort()).toEqual(Object.keys(attachTypes).sort());
  expect([...programTypeNames].sort()).toEqual(Object.keys(programTypes).sort());
});

it("is told by a verdict, and is a place of the type", () => {
  const accepted = verify(programOf("cgroup_sock_addr", "bind4", "r0 = 3"), { rcu: "implicit" });
  expect(accepted).toMatchObject({ verdict: "accepted", profile: { attachType: 8 } });
  const refused = verify(programOf("cgroup_skb", "bind4", "r0 = 1"), { rcu: "implicit" });
  expect(refused.diagnostics).toMatchObject([{ code: "E0701", label: "known: ingress, egress" }]);
  const other = verify(programOf("cgroup_sock_addr", "bind4", "r0 = 3"), { rcu: "implicit", attachType: 10 });
  expect(other.verdict).toBe("rejected");
});

describe.skipIf(!kernelThere)("beside the running kernel", () => {
  const kernel = kernelThere ? theKernel() : undefined;

  it("is not asked for a place that nobody knows", () => {
    for (const name of ["constructor", "nowhere"]) {
      const program = programOf("xdp", name, "r0 = 0");
      expect(verify(program, { rcu: "implicit" })).toMatchObject({ verdict: "rejected" });
      expect(judge(kernel as NonNullable<typeof kernel>, program)).toMatchObject({
        verdict: "unable",
        message: `bpf(2) knows no place to attach to called ${name}`,
      });
    }
  });

  it.each(places)("$name attached to $attach", ({ name, attach }) => {
    const fields = (programTypes as Record<string, ProgramType>)[name]?.fields ?? [];
    const bodies = [
      ...[0, 1, 2, 3, 4].map((value) => `r0 = ${value}`),
      ...fields.flatMap(({ offset, size: bytes }) => {
        const size = bytes > 8 ? 4 : bytes;
        const to = `*(u${size * 8} *)(r1 + ${offset})`;
        return [`r2 = ${to}\nr0 = 1`, `r2 = 0\n${to} = r2\nr0 = 1`];
      }),
    ];
    const differ = bodies.flatMap((body) => {
      const program = programOf(name, attach, body);
      if (kernel === undefined) return ["no kernel"];
      const theirs = judge(kernel, program);
      const ours = verify(program, { rcu: "implicit" });
      const here = ours.verdict === "accepted" ? "accept" : "reject";
      return here === theirs.verdict ? [] : [`${body}: ${here}, Linux ${theirs.verdict}: ${theirs.message}`];
    });
    expect(differ).toEqual([]);
  });
});
