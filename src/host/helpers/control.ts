// Helpers that change what runs next or what may run beside it: tail calls, loops, timers, spin locks.
import type { Helper } from "../contract.ts";

export const tailCall = {
  id: 12,
  name: "bpf_tail_call",
  args: ["ctx", "mapPtr", "any"],
  returns: "void",
  maps: ["prog_array"],
  tailCall: true,
  // The program that runs instead may move it.
  changesPacket: true,
  start: (call) => call.tailCall(1, call.lo(2)),
} as const satisfies Helper;

/** The kernel's limit on bpf_loop iterations (BPF_MAX_LOOPS). */
const MAX_LOOPS = 1 << 23;

export const loop = {
  id: 181,
  name: "bpf_loop",
  args: ["any", "callback", "callbackContext", "any"],
  returns: "integer",
  callback: { when: "sync", args: ["index", "context"], times: 0, returns: { min: 0, max: 1 } },
  start: (call) => {
    if ((call.lo(3) | call.hi(3)) !== 0) call.returnsNumber(-22);
    else if (call.lo(0) >>> 0 > MAX_LOOPS) call.returnsNumber(-7);
    else call.loop(call.lo(0), 1, 2);
  },
} as const satisfies Helper;

export const spinLock = {
  id: 93,
  name: "bpf_spin_lock",
  args: ["spinLock"],
  returns: "void",
  lock: "acquire",
  start: (call) => call.spin.lock(0),
} as const satisfies Helper;

export const spinUnlock = {
  id: 94,
  name: "bpf_spin_unlock",
  args: ["spinLock"],
  returns: "void",
  lock: "release",
  start: (call) => call.spin.unlock(0),
} as const satisfies Helper;

export const timerInit = {
  id: 169,
  name: "bpf_timer_init",
  args: ["timer", "mapPtr", "any"],
  returns: "integer",
  start: (call) => call.timer.init(0, 1, call.lo(2)),
} as const satisfies Helper;

export const timerSetCallback = {
  id: 170,
  name: "bpf_timer_set_callback",
  args: ["timer", "callback"],
  returns: "integer",
  callback: { when: "async", args: ["mapPtr", "key", "value"], returns: { min: 0, max: 0 } },
  start: (call) => call.timer.setCallback(0, 1),
} as const satisfies Helper;

export const timerStart = {
  id: 171,
  name: "bpf_timer_start",
  args: ["timer", "any", "any"],
  returns: "integer",
  start: (call) => call.timer.start(0, (BigInt(call.hi(1) >>> 0) << 32n) | BigInt(call.lo(1) >>> 0)),
} as const satisfies Helper;

export const timerCancel = {
  id: 172,
  name: "bpf_timer_cancel",
  args: ["timer"],
  returns: "integer",
  start: (call) => call.timer.cancel(0),
} as const satisfies Helper;

export const helpers = [
  tailCall,
  loop,
  spinLock,
  spinUnlock,
  timerInit,
  timerSetCallback,
  timerStart,
  timerCancel,
] as const;
