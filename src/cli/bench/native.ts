// The benchmark programs as native code: gcc builds them from bench/programs in a folder of their own.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Timed {
  readonly r0: bigint;
  readonly nanoseconds: number;
}

export class Native {
  readonly #folder: string;
  readonly #program: string;

  private constructor(folder: string, program: string) {
    this.#folder = folder;
    this.#program = program;
  }

  /** Builds the programs of a folder; a text says why it cannot. To be closed. */
  static build(sources: string): Native | string {
    const folder = mkdtempSync(join(tmpdir(), "bpflab-bench-"));
    const program = join(folder, "native");
    const from = ["harness.c", "native-map.c"].map((name) => join(sources, name));
    try {
      execFileSync("gcc", ["-O2", "-w", "-o", program, ...from], { stdio: ["ignore", "ignore", "pipe"] });
      return new Native(folder, program);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
      return missing ? "gcc is not installed" : "gcc does not build the programs";
    }
  }

  /** Program number `at`: what its first run returned, and the time of one run. */
  time(at: number): Timed {
    const [r0 = "", nanoseconds = ""] = execFileSync(this.#program, [String(at)], { encoding: "utf8" }).split(" ");
    return { r0: BigInt(r0), nanoseconds: Number(nanoseconds) };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
