// Variants: changes to a scenario that is read already, each named by the words that scripts are written with.
import type { Span } from "../diag/source.ts";
import { didYouMean } from "../diag/suggest.ts";
import type { Program } from "../isa/program.ts";
import { readCommand } from "./read-commands.ts";
import { readProfile } from "./read-profile.ts";
import type { Reader } from "./reader.ts";
import { type Command, matches, type RcuMode, type Scenario, type Thread } from "./scenario.ts";
import type { Pair, Tree } from "./tree.ts";

export interface VariantPort {
  program(pair: Pair): Program | undefined;
}

const words = ["drop", "replace", "move", "run", "rcu", "times", "profile"] as const;
export const rcuModes: readonly RcuMode[] = ["implicit", "sleepable", "explicit"];

/** The scenario with the changes of one variant made. */
export function change(reader: Reader, scenario: Scenario, tree: Tree, port: VariantPort): Scenario {
  let now = scenario;
  for (const [word, pair] of reader.fields(tree, "a variant", words)) {
    switch (word) {
      case "drop": {
        const items = pair.value.kind === "list" ? pair.value.items : [pair.value];
        for (const item of items) {
          const label = item.kind === "scalar" ? String(item.value) : "";
          now = edited(reader, now, label, item.at, () => []);
        }
        break;
      }
      case "replace":
        for (const each of reader.pairs(pair.value, "`replace`")) {
          const commands = readCommand(reader, each.value).map((command) => ({ ...command, label: each.key }));
          now = edited(reader, now, each.key, each.keyAt, () => commands);
        }
        break;
      case "move":
        for (const each of reader.pairs(pair.value, "`move`")) now = moved(reader, now, each);
        break;
      case "profile":
        now = { ...now, profile: readProfile(reader, pair.value, now.profile) };
        break;
      default:
        for (const each of reader.pairs(pair.value, `\`${word}\``)) now = threadChanged(reader, now, word, each, port);
    }
  }
  return now;
}

function threadChanged(reader: Reader, scenario: Scenario, word: string, pair: Pair, port: VariantPort): Scenario {
  let hit = false;
  const threads = scenario.threads.map((thread): Thread => {
    if (thread.kind !== "program" || !matches(pair.key, thread.name)) return thread;
    hit = true;
    if (word === "rcu") return { ...thread, rcu: reader.choice(pair, rcuModes, thread.rcu) };
    if (word === "times") return { ...thread, times: reader.whole(pair, thread.times, 1, 1000) };
    return { ...thread, program: port.program(pair) ?? thread.program };
  });
  if (!hit) reader.wrong(pair.keyAt, `no program thread is called \`${pair.key}\``);
  return { ...scenario, threads };
}

/** Puts other commands in the place of those that have a label. */
function edited(
  reader: Reader,
  scenario: Scenario,
  label: string,
  at: Span,
  by: (command: Command) => readonly Command[],
): Scenario {
  let hit = false;
  const threads = scenario.threads.map((thread): Thread => {
    if (thread.kind !== "user") return thread;
    const script = thread.script.flatMap((command) => {
      if (command.label !== label) return [command];
      hit = true;
      return by(command);
    });
    return { ...thread, script };
  });
  if (!hit) noCommand(reader, scenario, label, at);
  return { ...scenario, threads };
}

function noCommand(reader: Reader, scenario: Scenario, label: string, at: Span): void {
  const labels = new Set(
    scenario.threads.flatMap((each) => (each.kind === "user" ? each.script.map((one) => one.label) : [])),
  );
  const help = didYouMean(label, labels) ?? `the scripts have ${[...labels].join(", ")}`;
  reader.wrong(at, `no script has a \`${label}\``, help);
}

/** `wait: {before: update}`: the commands called `wait` go before the first, or after the last, that is called `update`. */
function moved(reader: Reader, scenario: Scenario, pair: Pair): Scenario {
  const fields = reader.fields(pair.value, "`move`", ["before", "after"]);
  const target = fields.get("before") ?? fields.get("after");
  if (target === undefined) {
    reader.wrong(pair.value.at, "`move` says `before` or `after` which command");
    return scenario;
  }
  const goal = reader.text(target);
  let found = false;
  let hit = false;
  const threads = scenario.threads.map((thread): Thread => {
    if (thread.kind !== "user") return thread;
    const taken = thread.script.filter((command) => command.label === pair.key);
    const rest = thread.script.filter((command) => command.label !== pair.key);
    if (taken.length === 0) return thread;
    found = true;
    const names = rest.map((command) => command.label);
    const at = fields.has("before") ? names.indexOf(goal) : names.lastIndexOf(goal) + 1;
    if (at < (fields.has("before") ? 0 : 1)) return thread;
    hit = true;
    return { ...thread, script: [...rest.slice(0, at), ...taken, ...rest.slice(at)] };
  });
  if (!found) noCommand(reader, scenario, pair.key, pair.keyAt);
  else if (!hit) noCommand(reader, scenario, goal, target.value.at);
  return { ...scenario, threads };
}
