// Constant expressions, with C's operators and precedences, on whole numbers of any size.
import type { Cursor } from "./cursor.ts";
import { clip } from "./cursor.ts";
import { fail, report } from "./report.ts";

const precedence = new Map([
  ["|", 1],
  ["^", 2],
  ["&", 3],
  ["<<", 4],
  [">>", 4],
  ["+", 5],
  ["-", 5],
  ["*", 6],
  ["/", 6],
  ["%", 6],
]);

/** Deeper nesting is a mistake or an attack, and the parser's own stack is finite. */
const deepest = 64;
/** Intermediate results may pass 64 bits, but must not grow without bound. */
const largest = 1n << 128n;

/** Whether an expression can begin here. */
export function startsExpression(cursor: Cursor): boolean {
  const token = cursor.peek();
  if (token === undefined) return false;
  return token.kind === "number" || (token.kind === "punct" && ["-", "+", "~", "("].includes(token.text));
}

export function expression(cursor: Cursor, depth = 0): bigint {
  return continued(cursor, unary(cursor, depth), 1, depth);
}

/** The rest of an expression whose first operand has been read. */
export function continued(cursor: Cursor, first: bigint, least: number, depth = 0): bigint {
  let left = first;
  for (;;) {
    const token = cursor.peek();
    const strength = token?.kind === "punct" ? precedence.get(token.text) : undefined;
    if (token === undefined || strength === undefined || strength < least) return left;
    const start = cursor.at++;
    const right = continued(cursor, unary(cursor, depth), strength + 1, depth + 1);
    left = apply(cursor, token.text, left, right, start);
    if (left >= largest || left <= -largest) fail("E0103", cursor.since(start), "the expression exceeds 128 bits");
  }
}

function apply(cursor: Cursor, operator: string, a: bigint, b: bigint, start: number): bigint {
  switch (operator) {
    case "|":
      return a | b;
    case "^":
      return a ^ b;
    case "&":
      return a & b;
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "<<":
    case ">>":
      if (b < 0n || b > 127n) fail("E0103", cursor.since(start), `cannot shift by ${clip(b.toString())}`);
      return operator === "<<" ? a << b : a >> b;
    default:
      if (b === 0n) fail("E0103", cursor.since(start), "division by zero in a constant");
      return operator === "/" ? a / b : a % b;
  }
}

function unary(cursor: Cursor, depth: number): bigint {
  if (depth > deepest) fail("E0101", cursor.here(), `more than ${deepest} levels of parentheses or signs`);
  if (cursor.punct("-")) return -unary(cursor, depth + 1);
  if (cursor.punct("+")) return unary(cursor, depth + 1);
  if (cursor.punct("~")) return ~unary(cursor, depth + 1);
  if (cursor.punct("(")) {
    const value = expression(cursor, depth + 1);
    cursor.expect(")", "after the expression");
    return value;
  }
  const token = cursor.peek();
  if (token?.kind === "number") {
    cursor.at++;
    if (/^0\d/.test(token.text)) {
      const help = `write \`0o${token.text.replace(/^0+(?=.)/, "")}\` for octal, \`${token.text.replace(/^0+(?=.)/, "")}\` for decimal`;
      const text = `\`${token.text}\` is octal: ${token.value}`;
      cursor.remarks.push(report("warning", "W0101", cursor.spanOf(token), text, { help }));
    }
    return token.value;
  }
  if (token?.kind === "local" && /^0b/i.test(token.text))
    fail("E0101", cursor.here(), `\`${token.text}\` is not a number`);
  return cursor.unexpected("a number");
}
