// A call of a map helper that is done here (maps.ts), save where the map's code says that it is not for it to do.
import { ELSEWHERE } from "../maps/compiled/functions.ts";
import { OUTSIDE } from "../maps/compiled/shape.ts";
import { BPF_EXIST, BPF_F_LOCK } from "../maps/errno.ts";
import { type Code, choose, get, i32, i64, set, type, when } from "../wasm/code.ts";
import type { Locals } from "./locals.ts";
import type { MapCall } from "./maps.ts";

/** `leaves` is the call as it is made elsewhere. */
export function mapCalled(locals: Locals, mapCall: MapCall, leaves: () => Code): Code {
  const answered = (answer: Code): Code => [
    set(locals.address, answer),
    choose(
      type.none,
      i32.eq(get(locals.address), i32.const(OUTSIDE)),
      leaves(),
      locals.write(0, i64.fromS(get(locals.address))),
    ),
  ];
  switch (mapCall.kind) {
    case "lookup":
      return locals.write(0, mapCall.code(locals.low(2), locals.address));
    case "lookupPercpu":
      return locals.write(0, mapCall.code(locals.low(2), locals.low(3)));
    case "lookupAny":
      return [
        locals.write(0, mapCall.code(locals.low(1), locals.low(2))),
        when(i64.eq(get(locals.wide(0)), i64.const(ELSEWHERE)), leaves()),
      ];
    case "update":
      return answered(mapCall.code(locals.low(2), locals.low(3), flags(locals)));
    case "remove":
      return answered(mapCall.code(locals.low(2)));
  }
}

/** Flags in 32 bits; all that do not fit are as good as one that is none of the three. */
function flags(locals: Locals): Code {
  if (locals.isNarrow(4)) return locals.low(4);
  return choose(type.i32, i64.gtU(locals.read(4), i64.small(BPF_EXIST)), i32.const(BPF_F_LOCK), locals.low(4));
}
