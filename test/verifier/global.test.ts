// What a caller must know of a global function, whose body it does not see: whether it may sleep or move the packet.
import { type Edge, heldToLinux } from "../support/edges.ts";

/** Calls a global function where nothing may sleep. */
const inSection = (body: string): string => `r6 = map_value[small] ll
call bpf_rcu_read_lock
r1 = 0
call g
call bpf_rcu_read_unlock
r0 = 0
exit
.global g(scalar)
g: ${body}`;
const sleep = "r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\ncall bpf_copy_from_user";
const sleepAsKfunc = "r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\nr4 = 0\ncall bpf_copy_from_user_str";
const loop = (body: string): string =>
  `r1 = 3\nr2 = again ll\nr3 = 0\nr4 = 0\ncall bpf_loop\nr0 = 0\nexit\n.func again\nagain: ${body}`;
const MAY_SLEEP = "global functions that may sleep are not allowed in non-sleepable context";

const sleeping: readonly Edge[] = [
  ["it does not sleep", inSection("r1 = map_value[small] ll\ncall bpf_get_prandom_u32"), null],
  ["it sleeps", inSection(sleep), MAY_SLEEP],
  ["it sleeps in a kernel function", inSection(sleepAsKfunc), MAY_SLEEP],
  ["it calls other kernel functions", inSection("call bpf_preempt_disable\ncall bpf_preempt_enable"), null],
  ["it calls what sleeps", inSection(`call h\nr0 = 0\nexit\n.func h\nh: ${sleep}`), MAY_SLEEP],
  ["it calls what does not sleep", inSection("call h\nr0 = 0\nexit\n.func h\nh: r0 = 5"), null],
  ["it has something called that sleeps", inSection(loop(sleep)), MAY_SLEEP],
  ["it has something called that does not sleep", inSection(loop("r0 = 0")), null],
  ["what sleeps comes before a section", inSection("r0 = 0").replace("call bpf_rcu", `${sleep}\ncall bpf_rcu`), null],
];
heldToLinux(
  "a global function in a section",
  ".prog syscall\n.rcu implicit\n.map small, type=array, key=4, value=16, max=1\n",
  sleeping,
);

/** Calls a global function between a look where the packet ends and a read of it. */
const inPacket = (body: string): string => `r6 = r1
r7 = *(u32 *)(r6 + 76)
r2 = *(u32 *)(r6 + 80)
r3 = r7
r3 += 8
if r3 > r2 goto out
r1 = r6
call g
r0 = *(u8 *)(r7 + 0)
out: r0 = 0
exit
.global g(ctx)
g: r6 = r1
${body}`;
const move = "r2 = 100\ncall bpf_skb_pull_data";
const MOVED = "R7 invalid mem access 'scalar'";

const moving: readonly Edge[] = [
  ["it leaves the packet alone", inPacket("call bpf_get_prandom_u32"), null],
  ["it moves the packet", inPacket(move), MOVED],
  ["it calls what moves the packet", inPacket(`call h\nr0 = 0\nexit\n.func h\nh: ${move}`), MOVED],
  ["it has something called that moves the packet", inPacket(loop(`r1 = r2\n${move}`)), MOVED],
  ["it has something called that leaves it alone", inPacket(loop("r0 = 0")), null],
];
heldToLinux("a global function and the packet", ".prog sched_cls\n.rcu implicit\n", moving);
