// Error numbers of bpf(2) and of the map helpers (asm-generic/errno), and the flags they are about (uapi/linux/bpf.h).
// Operations return them negated, as the kernel does.

export const errno = {
  EPERM: 1,
  ENOENT: 2,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  EINVAL: 22,
  ENOSPC: 28,
  ERANGE: 34,
  EOPNOTSUPP: 95,
  /** Internal to Linux, yet bpf(2) lets it through. */
  ENOTSUPP: 524,
} as const;

const names = new Map<number, string>(Object.entries(errno).map(([name, number]) => [number, name]));

/** "EINVAL" for 22 and for -22; a number nobody named is printed as it is. */
export function errnoName(number: number): string {
  return names.get(Math.abs(number)) ?? String(Math.abs(number));
}

/** Flags of an update. */
export const BPF_ANY = 0;
export const BPF_NOEXIST = 1;
export const BPF_EXIST = 2;
export const BPF_F_LOCK = 4;

/** Flags of map creation. */
export const create = {
  BPF_F_NO_PREALLOC: 1,
  BPF_F_NO_COMMON_LRU: 2,
  BPF_F_NUMA_NODE: 4,
  BPF_F_RDONLY: 8,
  BPF_F_WRONLY: 16,
  BPF_F_STACK_BUILD_ID: 32,
  BPF_F_ZERO_SEED: 64,
  BPF_F_RDONLY_PROG: 128,
  BPF_F_WRONLY_PROG: 256,
  BPF_F_CLONE: 512,
  BPF_F_MMAPABLE: 1024,
  BPF_F_PRESERVE_ELEMS: 2048,
  BPF_F_INNER_MAP: 4096,
} as const;

/** Flags of the ring buffer's helpers, and what bpf_ringbuf_query can be asked. */
export const BPF_RB_NO_WAKEUP = 1;
export const BPF_RB_FORCE_WAKEUP = 2;
export const ringbufQuery = {
  BPF_RB_AVAIL_DATA: 0,
  BPF_RB_RING_SIZE: 1,
  BPF_RB_CONS_POS: 2,
  BPF_RB_PROD_POS: 3,
} as const;
