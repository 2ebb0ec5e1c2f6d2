// The running kernel's verdict as the commands show it: `verify --kernel` and `compare`.
import type { Program } from "../lab/asm.ts";
import type { Judgement } from "../lab/node.ts";
import type { Profile } from "../lab/verifier.ts";

export interface KernelAnswer {
  readonly verdict: Judgement["verdict"] | "unavailable";
  readonly message: string;
  readonly instructions?: number;
  readonly states?: number;
  /** What the kernel says it took. */
  readonly milliseconds?: number;
}

/** `logLevel` 4, statistics alone, is what times are fair at; 5 writes the failing path down as well. */
export async function kernelAnswer(program: Program, profile: Profile, logLevel: 4 | 5): Promise<KernelAnswer> {
  const { askKernel, isStatistic } = await import("../lab/node.ts");
  const answer = await askKernel(
    { ...program, type: profile.type },
    {
      sleepable: profile.sleepable,
      unprivileged: !profile.privileged,
      logLevel,
      ...(profile.attachType === undefined ? {} : { attachType: profile.attachType }),
    },
  );
  if ("unavailable" in answer) return { verdict: "unavailable", message: answer.unavailable };
  const { verdict, insnsProcessed, totalStates, timeUs } = answer;
  const message = logLevel === 4 && verdict === "reject" ? allSaid(answer, isStatistic) : answer.message;
  return {
    verdict,
    message,
    ...(insnsProcessed === undefined ? {} : { instructions: insnsProcessed }),
    ...(totalStates === undefined ? {} : { states: totalStates }),
    ...(timeUs === undefined ? {} : { milliseconds: timeUs / 1000 }),
  };
}

/** At level 4 the log is what was said and the statistics: a refusal may take more than a line. */
function allSaid({ log, message }: Judgement, isStatistic: (line: string) => boolean): string {
  const said = log.split("\n").filter((line) => line !== "" && !isStatistic(line));
  return said.length === 0 ? message : said.join("\n");
}
