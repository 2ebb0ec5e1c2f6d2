// What the Linux verifier prints when it refuses, and the code of ours that it comes to. The wording is that of Linux 5.10
// to 6.18, as far as it differs between them; numbers, registers and names are left open. The first row that matches
// counts, so special ones stand before general ones. Messages about what bpflab does not model (kptrs, arenas, BTF objects,
// struct_ops) map to the nearest code: a call's argument, an access, an encoding. The table is long because Linux has some
// six hundred messages.
import type { VerifierCode } from "../verifier/codes.ts";

export type MessageCode = VerifierCode | "E0111";

type Row = readonly [pattern: RegExp, code: MessageCode];

const rows: readonly Row[] = [
  // Control flow and size.
  [/^infinite loop detected at insn|^back-edge from insn|^(?:old|cur) state:/, "E0201"],
  [/^BPF program is too large|^The sequence of \d+ jumps is too complex/, "E0202"],
  [/^too many (?:subprogs|different module BTFs|different kernel functions|callbacks)/, "E0202"],
  [/^iterator_?.*states? .*limit|^exceeded maximum|^Verifier log: .*too many/, "E0202"],
  [/^unreachable insn|^jump out of range|^jump into the middle|^invalid insn idx|^invalid insn cnt/, "E0203"],
  [/^last insn is not an exit or jmp|^insn_cnt is 0|^invalid bpf_program|^falls? through/, "E0203"],
  [/^jumps? (?:from|to|into) .*subprog|^call to invalid destination|^visit_insn|^callx|^invalid jump table/, "E0203"],
  [/^insn \d+ cannot call exception cb directly|^exception cb/, "E0203"],
  [/^combined stack size of|^the call stack of \d+ frames is too deep|^stack size \d+|^recursive call/, "E0204"],
  [/^tail_calls are not allowed when call stack|^cannot do bpf_tail_call|^max struct nesting/, "E0204"],
  [/^Private stack not supported/, "E0204"],

  // Encodings.
  [/reserved fields?$|uses reserved fields|^invalid bpf_ld_imm64|^unrecognized bpf_ld_imm64/, "E0111"],
  [/^unknown opcode|^unknown (?:insn|alu|jmp|atomic)|^invalid (?:atomic|BPF_ALU|BPF_END)|^R1?\d is invalid$/, "E0111"],
  [
    /^BPF_(?:ALU|ALU64|END|NEG|MOV|JMP|JMP32|LDX|STX|ST|ATOMIC|XADD|LD_ABS|LD_IMM64|CALL|EXIT|LOAD|STORE)\b.*(?:invalid|unknown|operand)/,
    "E0111",
  ],
  [/^invalid BPF_|^32-bit .* encoding|^addr_space_cast insn|^invalid module BTF fd/, "E0111"],
  [/^kernel doesn't support|^JIT does not support|^not supported by JIT/, "E0111"],

  // Null.
  [/invalid mem access '[a-z_]*(?:_or_null|or_null_)[a-z_]*'/, "E0301"],
  [/^Possibly NULL pointer passed|^NULL pointer passed|pass(?:ed|ing) NULL|maybe NULL|may be NULL/i, "E0301"],

  // Memory.
  [/^invalid access to packet|offset is outside of the packet/, "E0303"],
  [/^helper access to the packet is not allowed/, "E0702"],
  [/^cannot write into packet|^cannot read\/write packet/, "E0308"],
  [
    /^direct value offset|^invalid access to map value|^invalid access to map key|^value_size=|^invalid map value/,
    "E0302",
  ],
  [/unbounded memory access, make sure to bounds check any such access/, "E0302"],
  [/min value is negative, either use unsigned index/, "E0302"],
  [/(?:min|max) value is outside of the (?:allowed memory range|array range)/, "E0302"],
  [/^invalid access to memory|^access beyond the end of|^access beyond struct/, "E0310"],
  [/^invalid access to map_value|^access beyond/, "E0302"],
  [
    /invalid (?:negative|variable|zero-sized)? ?(?:rdonly |rdwr |tp )?(?:access to )?buffer|buffer (?:access|offset)/,
    "E0310",
  ],
  [/^misaligned /, "E0309"],
  [/^invalid (?:indirect )?read from stack|^invalid read from stack/, "E0305"],
  [
    /^invalid (?:write to|access to|unbounded|variable[- ]offset|indirect access to|size of register)|^invalid stack /,
    "E0304",
  ],
  [/^variable[- ]offset stack|^unbounded variable-offset|variable stack (?:access|read|write)/, "E0304"],
  [/^stack depth|^invalid unbounded/, "E0304"],
  [/invalid mem access 'scalar'|invalid mem access '(?:inv|imm|fp)'/, "E0306"],
  [/^invalid bpf_context access|^invalid ctx access|^dereference of modified ctx|^variable ctx access/, "E0307"],
  [/^negative offset ctx ptr|^invalid (?:tracepoint|btf_id) access|^access to ctx|ctx access var_off/, "E0307"],
  [/^(?:write into|read from|read into) map forbidden|^read-?only|cannot write into|write .* forbidden/, "E0308"],
  [/^write to change key|prohibits writes?|^cannot write to/, "E0308"],
  [/^only read (?:is supported|from \w+ is supported)/, "E0311"],
  [/^bpf_\w+ cannot be accessed directly by (?:load\/store|regular)/, "E0308"],
  [/invalid (?:sock|sock_common|tcp_sock|xdp_sock) access/, "E0307"],
  [/^dereference of modified dynptr_ptr|^potential write to (?:dynptr|active iterator)/, "E0702"],
  [/is bpf_array invalid negative access|^BPF_ATOMIC (?:stores|loads) (?:into|from)|^BPF_XADD stores into/, "E0311"],
  [/^dereference of modified|invalid negative access/, "E0311"],
  [/^access to .* is not allowed|^Can't access/, "E0311"],
  [
    /^kptr |^store to referenced kptr|^kptr access|^direct access to .* is disallowed|cannot access ptr member/,
    "E0311",
  ],
  [
    /is ptr_\w+ access|is ptr_\w+ invalid|^access is not supported|is accessing .* disallowed|invalid mem access '/,
    "E0311",
  ],
  [/^same insn cannot be used with different pointers|^arena pointers/, "E0311"],

  // Values.
  [/!read_ok$|^attempt to read uninitialized|^uninitialized (?:register|stack)/, "E0401"],
  [/^At (?:program|callback|subprogram|exception callback) (?:exit|return)/, "E0403"],
  [
    /^R0 (?:has|is not) .*return|should have been in|^LD_ABS is only allowed in functions that|^bpf_exit: return value|^Subprogram .* return/i,
    "E0403",
  ],
  [/leaks addr|^cannot spill pointers to stack|^cannot return stack pointer|partial copy of pointer/, "E0404"],
  [/^attempt to corrupt spilled pointer|^spilled ptr in range|leak pointer/, "E0404"],
  [/pointer comparison prohibited/, "E0407"],
  [/invalid zero-sized (?:read|write)|min value is negative, either use unsigned or|use 'var &= const'/, "E0402"],
  [/^math between .* (?:with unbounded min value )?is not allowed|makes \w+ pointer be out of bounds/, "E0402"],
  [/has unknown scalar|is not a known constant|must be a known constant|is not a constant|unknown scalar/, "E0402"],
  [
    /pointer offset -?\d+ is not allowed|pointer arithmetic|pointer \+= pointer|subtract(?:ion)? (?:pointer )?from/,
    "E0405",
  ],
  [
    /bitwise operator .* on pointer|(?:32|8|16)-bit pointer|sign-extension part of pointer|arithmetic (?:on|with)/,
    "E0405",
  ],
  [/^div by zero|^frame pointer is read only|^invalid shift|^invalid (?:bpf_)?endian/, "E0406"],

  // References.
  [/^Unreleased reference|would lead to reference leak|^Unreleased/, "E0501"],
  [/is an unacquired reference|^cannot release unowned|must be referenced when passed to release/, "E0502"],
  [/must have zero offset when passed to release|^arg#?\d+ .*release|^Expected .*referenced/, "E0702"],
  [/^cannot overwrite referenced/, "E0501"],
  [/^reference has not been acquired|^release .* expects referenced/, "E0503"],

  [/type=(?:scalar|inv) expected=(?:ringbuf_mem|alloc_mem)$/, "E0502"],

  // RCU, locks, preemption.
  [/cannot be used inside bpf_preempt_disable-ed region/, "E0608"],
  [/^nested rcu read lock/, "E0604"],
  [/^unmatched rcu read unlock/, "E0605"],
  [
    /^unmatched attempt to enable preemption|^bpf_preempt_enable is missing|^\d+ bpf_preempt_enables? (?:is|are) missing/,
    "E0608",
  ],
  [/might sleep|may sleep|^sleepable (?:helper|kfunc|kernel)|in non-preemptible|non-sleepable/, "E0606"],
  [
    /^bpf_rcu_read_unlock is missing|cannot be used inside bpf_(?:spin_lock|rcu_read_lock|preempt_disable|local_irq_save)/,
    "E0603",
  ],
  [/^(?:tracing progs|socket filter progs|sleepable progs|trace type programs) cannot use bpf_\w+ yet/, "E0703"],
  [/^bpf_spin_unlock is missing|^bpf_local_irq_restore is missing|BPF_EXIT.*(?:region|lock)/, "E0603"],
  [/bpf_(?:res_)?spin_(?:un)?lock|holding a lock|lock.* same object|^Locking two|^'struct bpf_spin_lock'/, "E0607"],
  [
    /'struct bpf_(?:res_)?spin_lock'|must hold lock|has no valid (?:bpf_spin_lock|kptr)|bpf_(?:list|rb)_\w+.*lock/,
    "E0607",
  ],
  [/bpf_local_irq|irq flag|^arg#\d+ doesn't point to an irq flag/, "E0608"],

  // Calls.
  [
    /cannot (?:pass|use) .*map_type|^cannot pass map_type|map_type \d+ (?:in|not)|^map .* not (?:supported|allowed)/,
    "E0703",
  ],
  [/^fd -?\d+ is not pointing to valid bpf_map|^direct value access|^max_entries/, "E0703"],
  [/^no direct value access support|^map_ptr|different maps|^tail_call abusing map/, "E0703"],
  [
    /^(?:tracing progs|perf_event programs|trace type programs|socket filter progs|sleepable programs) (?:cannot|can)/,
    "E0703",
  ],
  [/^sleepable programs|^offloaded? |^bpf_(?:timer|task_storage|wq) /, "E0703"],
  [/^program of this type cannot use helper|^invalid func|^helper call is not allowed|cannot call/, "E0701"],
  [
    /^unknown func|^kernel function calls|^calling kernel function|^cannot (?:call|find) .*kfunc|kfunc.* not allowed/,
    "E0701",
  ],
  [
    /is not (?:allowed|supported|available|permitted)|^cannot (?:use|find address)|^metadata kfunc|GPL[- ]compatible|cannot call GPL/i,
    "E0701",
  ],
  [/^BPF_LD_\[ABS\|IND\]|^LD_ABS|^at the time of BPF_LD_ABS|only allowed|not allowed for this program/, "E0701"],
  [
    /^kernel btf_id|^attach_btf_id|^Invalid (?:kernel )?btf|^btf_|^invalid btf|^missing btf|^func_info|^callback function/i,
    "E0701",
  ],
  [
    /^Caller passes invalid args|type=\S+ expected=|\bargs?#\d+ |^R\d+ must (?:be|point|have)|^arg(?:ument)? ?#?\d+|^R\d+ expected/,
    "E0702",
  ],
  [/dynptr|^Expected an initialized|^expected (?:an )?(?:un)?initialized|iter(?:ator)?[_ ]|^cannot pass in/i, "E0702"],
  [
    /doesn't support (?:non-zero|zero) flags|^Unsupported reg type|^R\d+ (?:doesn't|has|is) |^kfunc |^bpf_\w+ /,
    "E0702",
  ],
  [/^R\d+ type|^R\d+ pointer|^R\d+ .*expected|^func(?:tion)? |^Func#|^off \d+ doesn't point/, "E0702"],
];

/** The code that a line of the Linux verifier comes to; undefined where none fits. */
export function codeOfMessage(line: string): MessageCode | undefined {
  // No message is longer; a line that is was made to take time.
  const text = line.trim().slice(0, 400);
  return rows.find(([pattern]) => pattern.test(text))?.[1];
}

/** The register that a message is about. */
export function registerOf(message: string): number | undefined {
  const found = /\b[Rr](\d|10)\b/.exec(message)?.[1];
  return found === undefined ? undefined : Number(found);
}
