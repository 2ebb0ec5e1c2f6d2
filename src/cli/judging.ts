// The options that say by what a program is judged, read into the verifier's terms; and its answer in words.
import type { Program } from "../lab/asm.ts";
import {
  attachName,
  attachTypes,
  type Profile,
  programType,
  programTypes,
  type Stop,
  type Verdict,
  type VerifyOptions,
  verify,
} from "../lab/verifier.ts";
import type { Args } from "./args.ts";
import { exit, UsageError } from "./io.ts";
import { attachNames, programTypeNames } from "./options.ts";
import type { Progress } from "./progress.ts";
import { jsonDiagnostics, type Session } from "./session.ts";

export function profileOf(args: Args): Partial<Profile> {
  const type = args.choice("prog", programTypeNames);
  const rcu = args.choice("rcu", ["explicit", "implicit"]);
  const attach = args.choice("attach", attachNames);
  return {
    ...(type === undefined ? {} : { type }),
    ...(rcu === undefined ? {} : { rcu }),
    ...(args.flag("sleepable") ? { sleepable: true } : {}),
    ...(attach === undefined ? {} : { attachType: attachTypes[attach] }),
    ...(args.flag("unprivileged") ? { privileged: false } : {}),
  };
}

/** A signal that is aborted once the time is over. */
export function deadline(seconds: number): Stop {
  const end = performance.now() + 1000 * seconds;
  return {
    get aborted() {
      return performance.now() > end;
    },
    reason: `the time limit of ${seconds} s is over`,
  };
}

/** `about`: what the progress line says before the numbers. */
export function judge(
  program: Program,
  args: Args,
  profile: Partial<Profile> = profileOf(args),
  progress?: Progress,
  about = "",
): Verdict {
  checkAttach(args, profile.type ?? program.type ?? "syscall");
  const instructions = args.number("limit");
  if (instructions === 0) throw new UsageError("--limit wants at least 1");
  const level = args.number("log-level");
  const seconds = args.seconds("time-limit");
  const options: VerifyOptions = {
    ...(instructions === undefined ? {} : { limits: { instructions } }),
    ...(level === 1 || level === 2 ? { logLevel: level } : {}),
    ...(seconds === undefined ? {} : { signal: deadline(seconds) }),
    ...(progress === undefined ? {} : { onProgress: (so) => progress.walked(about, so, instructions) }),
  };
  return verify(program, profile, options);
}

/** An attach type that programs of the type do not have would be refused by bpf(2) before the verifier. */
function checkAttach(args: Args, name: string): void {
  const attach = args.choice("attach", attachNames);
  const type = programType(name);
  if (attach === undefined || type === undefined || type.attaches?.includes(attach)) return;
  const known =
    type.attaches === undefined ? "nothing depends on where they are" : `known: ${type.attaches.join(", ")}`;
  throw new UsageError(`--attach ${attach}: ${name} programs are not attached there (${known})`);
}

export const verdictExit = { accepted: exit.ok, rejected: exit.refused, undecided: exit.undecided } as const;

/** `xdp, explicit RCU, privileged, linux-6.18`. */
export function profileText(profile: Profile): string {
  const attached = attachName(programTypes[profile.type], profile.attachType);
  return [
    profile.type,
    `${profile.rcu} RCU`,
    ...(profile.sleepable && !("sleepable" in programTypes[profile.type]) ? ["sleepable"] : []),
    ...(attached === undefined ? [] : [`attached to ${attached}`]),
    ...(profile.privileged ? [] : ["unprivileged"]),
    profile.kernel,
  ].join(", ");
}

export function verdictLine(name: string, verdict: Verdict, session: Session): string {
  const tone = { accepted: "good", rejected: "error", undecided: "warning" } as const;
  const word = verdict.verdict === "rejected" ? "refused" : verdict.verdict;
  const { instructions, states, pruned, milliseconds } = verdict.statistics;
  const more = session.verbose
    ? `; ${instructions} instructions walked, ${states} states kept, ${pruned} paths pruned, ${milliseconds.toFixed(1)} ms`
    : "";
  return `${name}: ${session.paint(tone[verdict.verdict], word)} (${profileText(verdict.profile)}${more})\n`;
}

export function verdictJson(file: string, verdict: Verdict): Readonly<Record<string, unknown>> {
  return {
    file,
    verdict: verdict.verdict,
    profile: verdict.profile,
    statistics: verdict.statistics,
    ...(verdict.verdict === "accepted" ? {} : { kernelMessage: verdict.kernelMessage }),
    diagnostics: jsonDiagnostics(verdict.diagnostics),
    ...(verdict.log === undefined ? {} : { log: verdict.log }),
  };
}
