// How far long work has come: one line on a terminal, only after 300 ms, and gone when the work is done.
import type { Io } from "./io.ts";

export class Progress {
  private readonly io: Io;
  private readonly began = performance.now();
  private shown = 0;

  constructor(io: Io) {
    this.io = io;
  }

  say(text: string): void {
    const now = performance.now();
    // Ten times a second is as often as anyone reads.
    if (!this.io.stderrIsTty || now - this.began < 300 || now - this.shown < 100) return;
    this.shown = now;
    this.io.err(`\r\u001b[K${text.slice(0, (this.io.columns ?? 80) - 1)}`);
  }

  /** `insns 120k/1M states 830`, behind what it is about. */
  walked(
    about: string,
    so: { readonly instructions: number; readonly states: number },
    limit: number = 1_000_000,
  ): void {
    this.say(`${about}insns ${short(so.instructions)}/${short(limit)} states ${so.states}`);
  }

  done(): void {
    if (this.shown > 0) this.io.err("\r\u001b[K");
    this.shown = 0;
  }
}

/** 830, 120k, 1M. */
function short(count: number): string {
  if (count < 1000) return String(count);
  return count < 1_000_000 ? `${Math.floor(count / 1000)}k` : `${Number((count / 1_000_000).toFixed(1))}M`;
}
