// A compiled program run many times in a row, by a loop that is compiled, too: what calls it is then no more than what calls a
// native program in a loop of its own. For measurements; the runs follow each other on the same stack and context.
import { call, get, goIf, i32, Label, loop, set, type } from "../wasm/code.ts";
import { compile, moduleBytes, onMemory } from "../wasm/module.ts";
import type { Entry } from "./glue.ts";

/** Runs an entry on the frame at `bottom` so many times, at least once; undefined where nothing is compiled. */
export function repeated(
  entry: Entry,
  memory: { readonly wasm: unknown; readonly shared: boolean },
): ((bottom: number, times: number) => void) | undefined {
  const [bottom, times] = [0, 1];
  const again = new Label("again");
  const one = i32.sub(get(times), i32.const(1));
  const { i32: number } = type;
  const bytes = moduleBytes({
    imports: [{ name: "entry", parameters: [number], results: [] }],
    shared: memory.shared,
    functions: [
      {
        name: "run",
        parameters: [number, number],
        results: [],
        locals: [],
        body: loop(again, [call(0, get(bottom)), set(times, one), goIf(get(times), again)]),
      },
    ],
  });
  const module = compile(bytes);
  return module && (onMemory(module, memory.wasm, { entry }).run as (bottom: number, times: number) => void);
}
