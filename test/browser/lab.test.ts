// The library in a real browser: the same verdicts, results and maps as in Node, and without WebAssembly where the page's
// policy forbids it. One page, one module, nothing from elsewhere.
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { corpusFiles } from "../support/corpus.ts";
import { engines, type Lab, outcomeOf } from "./outcome.ts";

const candidates = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = [process.env.CHROMIUM ?? "", ...candidates].find((path) => path !== "" && existsSync(path));
const name = executablePath === undefined ? "in a browser: skipped, there is no Chromium" : "in a browser";

const files = [...corpusFiles("../../examples"), ...corpusFiles("../../examples/refused")];
/** What a page may do: the second forbids compiling WebAssembly. */
const policies = {
  open: "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'",
  closed: "default-src 'none'; script-src 'self'",
} as const;

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import * as lab from "../../src/lab/index.ts";
        import { outcomeOf } from "./outcome.ts";
        globalThis.outcomes = (files, engine) => files.map((file) => outcomeOf(lab, file, engine));
        globalThis.ready = true;`,
      resolveDir: import.meta.dirname,
      loader: "ts",
    },
    bundle: true,
    format: "esm",
    write: false,
    minify: true,
  });
  return outputFiles[0].text;
}

describe.skipIf(executablePath === undefined)(name, () => {
  let server: Server;
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    const script = await bundle();
    server = createServer(({ url = "/" }, response) => {
      const policy = url.startsWith("/closed") ? policies.closed : policies.open;
      const isScript = url.endsWith(".js");
      response.writeHead(200, {
        "content-type": isScript ? "text/javascript" : "text/html; charset=utf-8",
        "content-security-policy": policy,
      });
      response.end(
        isScript ? script : `<!doctype html><title>bpflab</title><script type="module" src="/lab.js"></script>`,
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
    const args = ["--no-sandbox", ...quiet, "--disable-component-update", "--disable-sync"];
    browser = await chromium.launch({ executablePath, args });
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  async function inPage(path: string, engine: (typeof engines)[number]): Promise<readonly string[]> {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(`${origin}${path}`);
    await page.waitForFunction("globalThis.ready === true");
    const outcomes = await page.evaluate(`globalThis.outcomes(${JSON.stringify(files)}, ${JSON.stringify(engine)})`);
    await page.close();
    expect(errors).toEqual([]);
    return outcomes as readonly string[];
  }

  it.each(engines)("verifies and runs every example as in Node: %s", async (engine) => {
    const lab: Lab = await import("../../src/lab/index.ts");
    const wanted = files.map((file) => outcomeOf(lab, file, engine));
    expect(wanted.filter((one) => one.includes("exit")).length).toBeGreaterThan(40);
    expect(await inPage("/", engine)).toEqual(wanted);
  });

  it("interprets without WebAssembly where the page forbids it", async () => {
    const lab: Lab = await import("../../src/lab/index.ts");
    const found = await inPage("/closed", "interp");
    expect(found).toEqual(files.map((file) => outcomeOf(lab, file, "interp")));
    const compiled = await inPage("/closed", "jit");
    expect(compiled.filter((one) => one.includes("not compiled: engine")).length).toBeGreaterThan(40);
  });
});
