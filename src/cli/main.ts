#!/usr/bin/env node
// The program `bpflab`: the real streams, and the one place that catches our own bugs. An interrupt needs no
// handler: the system ends the process and the shell reports 130.
import { runCli } from "./cli.ts";
import { exit, type Io } from "./io.ts";

async function readStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const io: Io = {
  env: process.env,
  stdinIsTty: process.stdin.isTTY === true,
  stdoutIsTty: process.stdout.isTTY === true,
  stderrIsTty: process.stderr.isTTY === true,
  columns: process.stdout.columns,
  readStdin,
  out: (text) => void process.stdout.write(text),
  outBytes: (bytes) => void process.stdout.write(bytes),
  err: (text) => void process.stderr.write(text),
};

// A reader that has seen enough (`| head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(process.exitCode ?? exit.ok);
    throw error;
  });
}

const words = process.argv.slice(2);
try {
  process.exitCode = await runCli(words, io);
} catch (error) {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const quoted = words.map((word) => (/^[\w./=:,-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`));
  io.err(
    `bpflab: this is a bug in bpflab, not in your program. It can be reproduced by\n\n` +
      `    bpflab ${quoted.join(" ")}\n\nPlease report it with the input and these lines:\n\n${trace}\n`,
  );
  process.exitCode = exit.bug;
}
