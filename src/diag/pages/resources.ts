// E05xx and E06xx, L06xx: what must be given back, and sections that must be closed.
import { lookup, type Page, program } from "./template.ts";

const record = (body: string): string =>
  program(`r1 = log ll\nr2 = 8\nr3 = 0\ncall bpf_ringbuf_reserve\n${body}`).replace(
    "\n\n",
    "\n.map log, type=ringbuf, max=4096\n\n",
  );

const iterator = (more: string): string => `r1 = r10\nr1 += -24\n${more}`;

export const resourcePages: Readonly<Record<string, Page>> = {
  E0501: {
    says:
      "What the program acquired (a ring buffer record, an iterator) it gives back on every path, the early exits " +
      "included.",
    bad: record("if r0 == 0 goto out\n*(u64 *)(r0 + 0) = 1\nout:\nr0 = 0\nexit"),
    good: record(
      "if r0 == 0 goto out\n*(u64 *)(r0 + 0) = 1\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit\nout:\nr0 = 0\nexit",
    ),
  },
  E0502: {
    says: "What was given back is no longer the program's to give.",
  },
  E0503: {
    says: "Once given back, the memory belongs to somebody else, and every copy of the pointer is dead.",
    bad: record(
      "if r0 == 0 goto out\nr6 = r0\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit\n*(u64 *)(r6 + 0) = 1\nout:\nr0 = 0\nexit",
    ),
    good: record(
      "if r0 == 0 goto out\n*(u64 *)(r0 + 0) = 1\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit\nout:\nr0 = 0\nexit",
    ),
  },
  E0504: {
    says:
      "A call that keeps a structure of the kernel, or works on it, wants to be sure that it is there: acquired and not yet " +
      "released, trusted from the start, or an RCU pointer in the section that it was loaded in. Behind the unlock, and " +
      "where no section is open, a pointer can be read (a fault gives 0) but not passed on.",
    bad: "call bpf_get_current_task_btf\nr1 = *(u64 *)(r0 + 1280)    # real_parent\ncall bpf_task_acquire\nr0 = 0\nexit\n",
    good:
      "call bpf_get_current_task_btf\nr6 = r0\ncall bpf_rcu_read_lock\nr1 = *(u64 *)(r6 + 1280)\ncall bpf_task_acquire\n" +
      "r6 = r0\ncall bpf_rcu_read_unlock\nif r6 == 0 goto out\nr1 = r6\ncall bpf_task_release\nout:\nr0 = 0\nexit\n",
  },
  E0603: {
    says:
      "The program may leave (by exit, a tail call, an exception, or a packet load, which can end it) while an RCU " +
      "section or a lock is open. Close it on this path too: most often the one that a null check takes.",
    bad: lookup("if r0 == 0 goto out\ncall bpf_rcu_read_unlock\nout:\nr0 = 0\nexit"),
    good: lookup("call bpf_rcu_read_unlock\nr0 = 0\nexit"),
  },
  E0604: {
    says:
      "Sections nest by counting, at most eight deep under the explicit regime. Linux itself refuses the second lock: " +
      "`nested rcu read lock`.",
    bad: program(`${"call bpf_rcu_read_lock\n".repeat(9)}${"call bpf_rcu_read_unlock\n".repeat(9)}r0 = 0\nexit`),
    good: program(`${"call bpf_rcu_read_lock\n".repeat(2)}${"call bpf_rcu_read_unlock\n".repeat(2)}r0 = 0\nexit`),
  },
  E0605: {
    says: "Each unlock closes a section that is open on every path that reaches it.",
    bad: program("call bpf_rcu_read_unlock\nr0 = 0\nexit"),
    good: program("call bpf_rcu_read_lock\ncall bpf_rcu_read_unlock\nr0 = 0\nexit"),
  },
  E0606: {
    says:
      "Inside an RCU section nothing may sleep: the section would last as long as the sleep, and with it all the memory " +
      "that waits to be freed.",
    bad: program(
      "call bpf_rcu_read_lock\nr1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\ncall bpf_copy_from_user\ncall bpf_rcu_read_unlock\nr0 = 0\nexit",
      "syscall",
    ),
    good: program("r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\ncall bpf_copy_from_user\nr0 = 0\nexit", "syscall"),
  },
  E0607: {
    says:
      "A spin lock is taken once, by one holder, in the value it belongs to; while it is held the program calls nothing " +
      "but the unlock, and it is released on every path.",
  },
  E0608: { says: "bpf_preempt_disable and bpf_preempt_enable come in pairs, on every path." },
  E0609: {
    says:
      "A callback runs in the midst of the call that was given it. It returns at the RCU depth at which it was entered; " +
      "if that depth is above 0 it must not reach 0 in between, for then the walk that calls it is unprotected.",
  },
  E0610: { says: "While a spin lock is held no function may be called, RCU lock and unlock included." },
  E0611: {
    says: "A global function is verified by itself, from RCU depth 0, and is called from anywhere: what it opens it closes.",
  },
  E0612: {
    says:
      "An iterator over tasks hands out pointers that RCU protects. It is begun and stepped in one section: when that " +
      "ends, what it stands at may be gone.",
    bad: `${iterator("r2 = 0\nr3 = 1\n")}call bpf_iter_task_new\nr0 = 0\nexit\n`,
    good: `call bpf_rcu_read_lock\n${iterator("r2 = 0\nr3 = 1\n")}call bpf_iter_task_new\n${iterator("")}call bpf_iter_task_destroy\ncall bpf_rcu_read_unlock\nr0 = 0\nexit\n`,
  },
  L0601: {
    says:
      "What a lookup returns is protected by the section it was made in. When the last section closes, the element may " +
      "be freed or given to another key, and every pointer into it is dead: in registers, on the stack, in callers. " +
      "Read what is needed before the unlock; numbers may leave, addresses may not. Linux accepts such programs today, " +
      "because it holds a section of its own around the whole run: `--rcu implicit` judges by that rule.",
    bad: lookup(
      "if r0 == 0 goto none\nr6 = r0\ncall bpf_rcu_read_unlock\nr0 = *(u64 *)(r6 + 0)\nr0 = 0\nexit\nnone:\ncall bpf_rcu_read_unlock\nr0 = 0\nexit",
    ),
    good: lookup(
      "if r0 == 0 goto none\nr6 = *(u64 *)(r0 + 0)\ncall bpf_rcu_read_unlock\nr0 = r6\nr0 = 0\nexit\nnone:\ncall bpf_rcu_read_unlock\nr0 = 0\nexit",
    ),
  },
  L0602: {
    says:
      "Under the explicit regime a lookup is made inside a section: between bpf_rcu_read_lock and bpf_rcu_read_unlock. " +
      "Outside, what it returns could be freed before the next instruction. Linux accepts such programs, because it " +
      "holds a section around the whole run.",
    bad: lookup("call bpf_rcu_read_unlock\nr0 = 0\nexit")
      .replace("        call bpf_rcu_read_lock\n", "")
      .replace("        call bpf_rcu_read_unlock\n", ""),
    good: lookup("call bpf_rcu_read_unlock\nr0 = 0\nexit"),
  },
};
