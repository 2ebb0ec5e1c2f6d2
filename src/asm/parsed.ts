// What the parser makes of one instruction: the instruction itself, with 0 where a name is
// yet to be looked up, and the name.
import type { Span } from "../diag/source.ts";
import type { Insn } from "../isa/insn.ts";
import type { Origin } from "../isa/program.ts";

export interface Parsed {
  readonly insn: Insn;
  readonly origin: Origin;
  readonly link?: Link;
}

export type Link =
  /** A jump to a label; sets `off`. */
  | { readonly kind: "jump"; readonly label: LabelRef; readonly at: Span }
  /** A call by name; `number` is the `#N` written after it. `local`: it must be a label. */
  | {
      readonly kind: "call";
      readonly label: LabelRef;
      readonly number: { readonly value: bigint; readonly at: Span } | undefined;
      readonly local: boolean;
      readonly at: Span;
    }
  /** The address of a map, of a map's value, or of a function. */
  | {
      readonly kind: "address";
      readonly name: string;
      readonly form: AddressForm;
      readonly offset: bigint;
      readonly at: Span;
    };

export type AddressForm = "any" | "map" | "map_value" | "func";

export type LabelRef =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "local"; readonly label: string; readonly forward: boolean };
