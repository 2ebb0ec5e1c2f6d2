// E07xx: contracts of helpers and kernel functions.
import { lookup, type Page, program } from "./template.ts";

export const callPages: Readonly<Record<string, Page>> = {
  E0701: {
    says:
      "The helper does not exist, has no contract here, or is not for programs of this type. docs/parity.md lists those " +
      "that are declared.",
    bad: program("call 9999\nr0 = 0\nexit"),
    good: program("call bpf_ktime_get_ns\nr0 = 0\nexit"),
  },
  E0702: {
    says:
      "Each argument has a kind: a map, a key of that map's size, memory followed by its size, a number. What the " +
      "register holds is of another kind, or too small.",
    bad: lookup("call bpf_rcu_read_unlock\nr0 = 0\nexit").replace("r1 = counters ll", "r1 = 1"),
    good: lookup("call bpf_rcu_read_unlock\nr0 = 0\nexit"),
  },
  E0703: {
    says: "The map's type does not know the operation: a ring buffer has no keys, a queue no lookup.",
    bad: lookup("call bpf_rcu_read_unlock\nr0 = 0\nexit").replace(
      "type=hash, key=4, value=8, max=16",
      "type=ringbuf, max=4096",
    ),
    good: lookup("call bpf_rcu_read_unlock\nr0 = 0\nexit"),
  },
};
