// All helpers and kfuncs that have a declaration, by number and by name.
import type { Insn } from "../isa/insn.ts";
import type { Program } from "../isa/program.ts";
import type { Contract, Helper, Kfunc } from "./contract.ts";
import { helpers as checksumHelpers } from "./helpers/checksum.ts";
import { helpers as controlHelpers } from "./helpers/control.ts";
import { helpers as dynptrHelpers } from "./helpers/dynptr.ts";
import { helpers as eventHelpers } from "./helpers/event.ts";
import { helpers as mapHelpers } from "./helpers/map.ts";
import { helpers as numberHelpers } from "./helpers/number.ts";
import { helpers as packetHelpers } from "./helpers/packet.ts";
import { helpers as ringbufHelpers } from "./helpers/ringbuf.ts";
import { helpers as socketHelpers } from "./helpers/socket.ts";
import { helpers as systemHelpers } from "./helpers/system.ts";
import { helpers as textHelpers } from "./helpers/text.ts";
import { kfuncs as declaredKfuncs } from "./kfuncs/all.ts";

/** In the order of their numbers. */
export const helpers: readonly Helper[] = [
  ...mapHelpers,
  ...ringbufHelpers,
  ...controlHelpers,
  ...systemHelpers,
  ...textHelpers,
  ...packetHelpers,
  ...checksumHelpers,
  ...dynptrHelpers,
  ...eventHelpers,
  ...numberHelpers,
  ...socketHelpers,
].sort((a, b) => a.id - b.id);

export const kfuncs: readonly Kfunc[] = declaredKfuncs;

const byId = new Map(helpers.map((helper) => [helper.id, helper]));
const byName = new Map(kfuncs.map((kfunc) => [kfunc.name, kfunc]));

export function helperById(id: number): Helper | undefined {
  return byId.get(id);
}

export function kfuncByName(name: string): Kfunc | undefined {
  return byName.get(name);
}

/** What an instruction calls outside of its program. */
export function contractOf(insn: Insn | null | undefined, { kfuncs }: Pick<Program, "kfuncs">): Contract | undefined {
  if (insn?.kind === "callHelper") return helperById(insn.id);
  return insn?.kind === "callKfunc" ? kfuncByName(kfuncs[insn.index] ?? "") : undefined;
}

/** Every declaration, helpers in the order of their numbers first. */
export const contracts: readonly Contract[] = [...helpers, ...kfuncs];
