// Where the assembler differs from LLVM's on purpose, with the reason. docs/parity.md has the same lists.

/** LLVM accepts these; here they are errors. */
export const refusedHere: Readonly<Record<string, string>> = {
  "r11 = 1": "r11 is the kernel's scratch register; no program may name it",
  "w11 = 1": "r11 is the kernel's scratch register; no program may name it",
  "r0 = 0x100000000": "LLVM cuts it to 0 without a word; `ll` is needed",
  "call +1": "may mean helper 1 or the function one slot on; both are offered",
  "call -1": "may mean helper -1 or the function one slot back; both are offered",
  "ld_pseudo r1, 1, 5": "an internal form of LLVM; maps are named, not numbered",
  "ld_pseudo r1, 2, 5": "an internal form of LLVM; maps are named, not numbered",
};

/** LLVM rejects these; here they are accepted. */
export const acceptedHere: Readonly<Record<string, string>> = {
  "gotol +100000": "the offset has 32 bits; LLVM's check for 16 is a slip",
  "r0 = *(u32 *)(r1)": "an offset of 0 may be left out",
  "r0 = 0o17": "octal without the trap of a leading zero",
  "r0 = (1 << 4)": "constant expressions",
  "r0 = ~1": "constant expressions",
  "goto pc+1": "what the kernel's log prints",
  "may_goto pc+1": "what the kernel's log prints",
  ".byte 0x95,0,0,0,0,0,0,0": "data that is whole instructions; LLVM accepts it too but decodes nothing",
  ".8byte 0x95": "data that is whole instructions",
  ".quad 0x95": "data that is whole instructions",
  ".long 0x95, 0": "data that is whole instructions",
};

/** Texts of Linux 6.12's disassembler that say too little or something else; the rest is read as it stands. */
export const kernelTextUnreadable: Readonly<Record<string, string>> = {
  "(8d) call bpf_unspec#0": "6.12 does not know callx and prints no register",
  BUG_d3: "6.12 does not know load-acquire and store-release",
  BUG_cb: "6.12 does not know load-acquire and store-release",
  BUG_c3: "6.12 does not know load-acquire and store-release",
  BUG_db: "6.12 does not know load-acquire and store-release",
  "(b7) r11 = 1": "r11 is the kernel's scratch register",
  "(b4) w11 = 1": "r11 is the kernel's scratch register",
};
