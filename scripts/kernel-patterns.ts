// Asks the running Linux for its verdict on every RCU pattern (test/corpus/rcu) and lists where the files, or the
// verifier under the implicit regime, say something else. Needs root. Run it with `npx tsx scripts/kernel-patterns.ts`;
// `--all` prints every line, not only the differences.
import { judge } from "../src/kernel/judge.ts";
import { openKernel } from "../src/kernel/syscall.ts";
import { verify } from "../src/verifier/verify.ts";
import { corpusFiles, expectationFor, programOf } from "../test/support/corpus.ts";

const all = process.argv.includes("--all");
const kernel = await openKernel();
if ("unavailable" in kernel) {
  console.error("no kernel to ask:", kernel);
  process.exit(2);
}

let differences = 0;
for (const file of corpusFiles("../corpus/rcu")) {
  const program = programOf(file);
  const said = expectationFor(program, "implicit")?.verdict ?? "?";
  const answer = judge(kernel, program, { sleepable: program.sleepable ?? program.type === "syscall" });
  const ours = verify(program, { rcu: "implicit" });
  const verdicts = { linux: answer.verdict, file: said, ours: ours.verdict === "accepted" ? "accept" : "reject" };
  const same = verdicts.linux === verdicts.file && verdicts.file === verdicts.ours;
  const message = ours.verdict === "accepted" ? "" : ours.kernelMessage;
  if (!same) differences++;
  if (all || !same || (answer.message !== message && process.argv.includes("--messages"))) {
    console.log(
      `${same ? "  " : "! "}${file.name}: linux ${verdicts.linux}, file ${verdicts.file}, ours ${verdicts.ours}`,
      ...(answer.message === "" ? [] : [`\n     linux: ${answer.message}`]),
      ...(message === "" || message === answer.message ? [] : [`\n     ours:  ${message}`]),
    );
  }
}
console.log(`${differences} differences`);
process.exit(differences === 0 ? 0 : 1);
