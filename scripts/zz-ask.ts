import { readFileSync } from "node:fs";
import { assemble } from "../src/asm/assemble.ts";
import { judge } from "../src/kernel/judge.ts";
import { openKernel } from "../src/kernel/syscall.ts";
import { verify } from "../src/verifier/verify.ts";

const kernel = await openKernel();
if ("unavailable" in kernel) throw 1;
for (const text of readFileSync(process.argv[2] ?? "", "utf8").split("=====\n")) {
  const a = assemble(text);
  if (!a.ok) {
    console.log(a.diagnostics[0]?.text);
    continue;
  }
  const v = verify(a.value, { rcu: "implicit" });
  const k = judge(kernel, a.value, { logLevel: 4 });
  const k2 = judge(kernel, a.value, { logLevel: 6 });
  console.log(
    v.verdict,
    v.verdict === "accepted" ? "" : v.kernelMessage,
    v.statistics.instructions,
    v.statistics.states,
    "| kernel",
    k.verdict,
    k2.message,
    k.insnsProcessed,
    k.totalStates,
  );
}
