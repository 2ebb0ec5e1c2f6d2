// The benchmark programs as native code: gcc builds them from bench/programs in a folder of their own.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const maps = ["native-map", "same-map"] as const;
/** The least that does the programs' work, or ours: the same algorithm, with all that a real map does. */
export type NativeMap = (typeof maps)[number];

export interface Timed {
  readonly r0: bigint;
  readonly nanoseconds: number;
}

export class Native {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Builds the programs of a folder; a text says why it cannot. To be closed. */
  static build(sources: string): Native | string {
    const folder = mkdtempSync(join(tmpdir(), "bpflab-bench-"));
    try {
      for (const map of maps) {
        const from = ["harness.c", `${map}.c`].map((name) => join(sources, name));
        execFileSync("gcc", ["-O2", "-w", "-o", join(folder, map), ...from], { stdio: ["ignore", "ignore", "pipe"] });
      }
      return new Native(folder);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
      return missing ? "gcc is not installed" : "gcc does not build the programs";
    }
  }

  /** Program number `at`, with maps of one kind: what its first run returned, and the time of one run. */
  time(at: number, map: NativeMap = "native-map"): Timed {
    const program = join(this.#folder, map);
    const [r0 = "", nanoseconds = ""] = execFileSync(program, [String(at)], { encoding: "utf8" }).split(" ");
    return { r0: BigInt(r0), nanoseconds: Number(nanoseconds) };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
