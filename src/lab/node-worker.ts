// The thread of one CPU: lab/node-cpus.ts starts it with its task.
import { parentPort, workerData } from "node:worker_threads";
import { type CpuTask, work } from "./cpus.ts";

const report = work(workerData as CpuTask, () => parentPort?.postMessage({ kind: "ready" }));
parentPort?.postMessage({ kind: "report", value: report });
