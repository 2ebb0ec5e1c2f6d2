// As much of vitest as the verifier's tests use, so that they can be bundled with a broken verifier: vitest itself takes
// longer to start than they take to run.
import { deepStrictEqual, ok } from "node:assert";
import { existsSync, readFileSync } from "node:fs";

type Body = (...row: never[]) => unknown;
const registered: { readonly name: string; readonly run: () => unknown }[] = [];

function register(name: string, ...rest: readonly unknown[]): void {
  const body = rest.find((each): each is () => unknown => typeof each === "function");
  if (body !== undefined) registered.push({ name, run: body });
}

const each =
  (rows: readonly unknown[]) =>
  (name: string, body: Body): void => {
    for (const [at, row] of rows.entries()) {
      const values = Array.isArray(row) ? row : [row];
      registered.push({ name: `${name} ${at}`, run: () => (body as (...row: unknown[]) => unknown)(...values) });
    }
  };

const skipIf = (skipped: unknown) => (skipped ? (): void => undefined : register);

export const it = Object.assign(register, { each, skipIf });
export const test = it;
const group = (_: string, body: () => void): void => body();
export const describe = Object.assign(group, {
  each: (rows: readonly unknown[]) => (_: string, body: Body) => {
    for (const row of rows) (body as (row: unknown) => void)(row);
  },
  skipIf: (skipped: unknown) => (skipped ? (): void => undefined : group),
});

function holds(right: boolean, what: string): void {
  ok(right, what);
}

function contains(list: unknown, item: unknown): boolean {
  return typeof list === "string" ? list.includes(String(item)) : Array.isArray(list) && list.includes(item);
}

export function expect(found: unknown) {
  const matchers = (wanted: boolean) => {
    const check = (right: boolean, what: string): void => holds(right === wanted, `${wanted ? "" : "not "}${what}`);
    const equal = (a: unknown, b: unknown): boolean => {
      try {
        deepStrictEqual(JSON.parse(text(a)), JSON.parse(text(b)));
        return true;
      } catch {
        return false;
      }
    };
    return {
      toBe: (other: unknown) => check(Object.is(found, other), `to be ${String(other)}`),
      toEqual: (other: unknown) => check(equal(found, other), "to equal"),
      toMatchObject: (other: object) =>
        check(
          Object.entries(other).every(([key, value]) => equal((found as Record<string, unknown>)[key], value)),
          "to match the object",
        ),
      toBeUndefined: () => check(found === undefined, "to be undefined"),
      toBeDefined: () => check(found !== undefined, "to be defined"),
      toBeGreaterThan: (other: number) => check(Number(found) > other, `to be above ${other}`),
      toBeGreaterThanOrEqual: (other: number) => check(Number(found) >= other, `to be at least ${other}`),
      toBeLessThan: (other: number) => check(Number(found) < other, `to be below ${other}`),
      toBeLessThanOrEqual: (other: number) => check(Number(found) <= other, `to be at most ${other}`),
      toContain: (item: unknown) => check(contains(found, item), "to contain"),
      toMatchFileSnapshot: (path: string) => check(kept(path) === found, `to be what ${path} keeps`),
      toThrow: (part: string) => check(thrown(found).includes(part), `to throw ${part}`),
      toMatch: (pattern: RegExp | string) =>
        check(typeof pattern === "string" ? String(found).includes(pattern) : pattern.test(String(found)), "to match"),
    };
  };
  return { ...matchers(true), not: matchers(false) };
}

/** A file beside a test of the corpus or of the verifier. */
function kept(path: string): string | undefined {
  for (const folder of ["corpus", "verifier"]) {
    const at = new URL(`../${folder}/${path}`, import.meta.url);
    if (existsSync(at)) return readFileSync(at, "utf8");
  }
  return undefined;
}

/** The message of what a function throws; "" if it does not. */
function thrown(body: unknown): string {
  try {
    (body as () => unknown)();
    return "";
  } catch (error) {
    return String(error);
  }
}

function text(value: unknown): string {
  return JSON.stringify([value], (_, each) =>
    typeof each === "bigint" ? `${each}n` : each === undefined ? null : each,
  );
}

/** The name of the first test that fails. */
export async function firstFailure(): Promise<string | undefined> {
  for (const { name, run } of registered) {
    try {
      await run();
    } catch {
      return name;
    }
  }
  return undefined;
}
