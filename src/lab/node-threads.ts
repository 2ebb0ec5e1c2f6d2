// How a thread of Node begins with a file of this folder, from the sources as well as from what is built of them.
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";

/** `name`: the file, without its ending. */
export function startThread(name: string, workerData?: unknown): Worker {
  const here = import.meta.url;
  if (!here.endsWith(".ts")) return new Worker(new URL(`./${name}.js`, here), { workerData });
  // From the sources: what reads TypeScript in this thread does not do so in others until it is told.
  const { resolve } = createRequire(here);
  const start = `require(${JSON.stringify(resolve("tsx/cjs/api"))}).register();
    require(${JSON.stringify(resolve(`./${name}.ts`))});`;
  return new Worker(start, { eval: true, workerData });
}
