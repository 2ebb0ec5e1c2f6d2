// E03xx: what may be read and written.
import { lookup, type Page, program } from "./template.ts";

const packet = (body: string): string => program(`r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\n${body}`);

const constant = (body: string): string =>
  program(`r1 = map_value[settings] + 0 ll\n${body}`, "syscall").replace(
    "\n\n",
    "\n.map settings, type=array, key=4, value=8, max=1, flags=rdonly_prog\n\n",
  );

export const memoryPages: Readonly<Record<string, Page>> = {
  E0301: {
    says:
      "A lookup returns the address of the value, or 0 when the key is absent. Until the program has compared it with 0 " +
      "the verifier takes it for both. Branch on it first; the check holds for copies made before it too.",
    bad: lookup("r6 = *(u64 *)(r0 + 0)\ncall bpf_rcu_read_unlock\nr0 = 0\nexit"),
    good: lookup("if r0 == 0 goto out\nr6 = *(u64 *)(r0 + 0)\nout:\ncall bpf_rcu_read_unlock\nr0 = 0\nexit"),
  },
  E0302: {
    says:
      "The access may reach past the end of the map's value (or before its start) for some value that the register can " +
      "hold. Mask the offset or compare it, unsigned, with the largest that is safe: the value's size less the access's.",
    bad: lookup("if r0 == 0 goto out\nr6 = *(u64 *)(r0 + 8)\nout:\ncall bpf_rcu_read_unlock\nr0 = 0\nexit"),
    good: lookup("if r0 == 0 goto out\nr6 = *(u64 *)(r0 + 8)\nout:\ncall bpf_rcu_read_unlock\nr0 = 0\nexit", 16),
  },
  E0303: {
    says:
      "Packet bytes are readable only as far as the program has compared with data_end. Compare the very pointer that " +
      "is read (or one with the same variable part), with the constant that covers the access; do it again after a " +
      "helper that may move the packet.",
    bad: packet("r0 = *(u8 *)(r2 + 0)\nr0 = 2\nexit"),
    good: packet("r4 = r2\nr4 += 1\nif r4 > r3 goto out\nr0 = *(u8 *)(r2 + 0)\nout:\nr0 = 2\nexit"),
  },
  E0304: {
    says: "A function's stack is the 512 bytes below r10: offsets -512 to -1, and an access lies in them whole.",
    bad: program("*(u64 *)(r10 - 520) = 0\nr0 = 0\nexit"),
    good: program("*(u64 *)(r10 - 512) = 0\nr0 = 0\nexit"),
  },
  E0305: {
    says:
      "Stack bytes hold what some earlier run left there until the program writes them. Linux allows a privileged " +
      "program to read them; helpers and unprivileged programs may not.",
    bad: program("r0 = *(u64 *)(r10 - 8)\nr0 = 0\nexit", "socket_filter"),
    good: program("*(u64 *)(r10 - 8) = 0\nr0 = *(u64 *)(r10 - 8)\nr0 = 0\nexit", "socket_filter"),
    unprivileged: true,
  },
  E0306: {
    says:
      "The register holds a number, not an address: it was loaded as one, computed with a 32-bit operation, or merged " +
      "from two paths of which one had a number. Derive the address again from what it belongs to.",
    bad: program("r1 = 64\nr0 = *(u64 *)(r1 + 0)\nexit"),
    good: program("r0 = *(u32 *)(r1 + 12)\nr0 = 2\nexit"),
  },
  E0307: {
    says:
      "The context is not memory: each field has an offset and a width, and only the listed ones can be read, fewer " +
      "written. The offset must be a constant.",
    bad: program("r0 = *(u32 *)(r1 + 60)\nexit"),
    good: program("r0 = *(u32 *)(r1 + 12)\nr0 = 2\nexit"),
  },
  E0308: {
    says: "The memory may be read and not written: a map made so, or a packet under this program type.",
    bad: constant("*(u64 *)(r1 + 0) = 1\nr0 = 0\nexit"),
    good: constant("r0 = *(u64 *)(r1 + 0)\nr0 = 0\nexit"),
  },
  E0309: {
    says: "An access to the stack or to a special field stands at a multiple of its size.",
    bad: program("*(u64 *)(r10 - 12) = 0\nr0 = 0\nexit"),
    good: program("*(u64 *)(r10 - 16) = 0\nr0 = 0\nexit"),
  },
  E0310: {
    says: "Memory of a known size (a ring buffer record, an argument of a function) is accessed outside of it.",
  },
  E0311: {
    says:
      "A pointer of this kind is a handle: it can be passed on, compared and kept, but there is nothing for the program " +
      "to read behind it. The address of a map is one, data_end another.",
    bad: packet("r0 = *(u8 *)(r3 + 0)\nr0 = 2\nexit"),
    good: packet("if r2 > r3 goto out\nout:\nr0 = 2\nexit"),
  },
  E0312: {
    says:
      "A pointer with a type is read within its structure: at offsets that are known, and pointers in it whole. The " +
      "offsets are those of the kernel that the program is written for.",
    bad: "call bpf_get_current_task_btf\nr1 = *(u64 *)(r0 + 3264)\nr0 = 0\nexit\n",
    good: "call bpf_get_current_task_btf\nr1 = *(u32 *)(r0 + 1264)    # pid\nr0 = 0\nexit\n",
  },
};
