// Running: the part of the public interface that executes programs and looks at what they left.
export { type Compilation, type Compiled, compile, compileChecked } from "../jit/compile.ts";
export type { Refusal } from "../jit/refusal.ts";
export type { Event, Listener } from "../trace/event.ts";
export { type Fault, faultDiagnostic, type Warning, warningDiagnostic } from "../vm/fault.ts";
export {
  type Loaded,
  Machine,
  type MachineOptions,
  type MachineSnapshot,
  type Result,
  type Run,
  type RunInput,
  type RunStatus,
} from "../vm/machine.ts";
export {
  type Engine as RunEngine,
  type ExecuteOptions,
  type Execution,
  engineNames,
  execute,
  givenInput,
} from "./execute.ts";
export { type Contents, contents, type Entry, fill } from "./maps.ts";
