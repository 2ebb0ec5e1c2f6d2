// The codes that litmus tests are reported with, one line each, so that `explain` can list them.
export const herdCodes = {
  E1001: "a litmus test that cannot be read",
  E1002: "a litmus test names a thread or a location that it does not have",
  E1003: "a thread of a litmus test does what no litmus test can",
  E1004: "a litmus test is too large to look at all executions",
} as const;
