// An LRU table's element taken from the CPU's own free list, and one given back: those steps of lru.ts that need no sorting.
// When the list is empty the machine's own operation refills it.
import { type Code, choose, get, give, i32, set, type, when } from "../../wasm/code.ts";
import type { Frame } from "../../wasm/frame.ts";
import { element } from "../layout.ts";
import { COUNTS, FREE, LOCAL_BYTES, LOCAL_FREE, NODE, PENDING, ROTATION, SHARED_BYTES } from "../lru.ts";
import { OUTSIDE, type Shape } from "./shape.ts";

const number = i32.const;

const next = (node: Code): Code => i32.load(node);
const previous = (node: Code): Code => i32.load(node, 4);

/** Address of the free list of a CPU; the list of those it handed out lately follows. */
const local = (shape: Shape, cpu: Code): Code =>
  i32.add(i32.add(shape.word("lru"), number(SHARED_BYTES)), i32.mul(cpu, number(LOCAL_BYTES)));

function unlinked(node: number): Code {
  return [i32.store(previous(get(node)), next(get(node))), i32.store(next(get(node)), previous(get(node)), 4)];
}

function linked(node: number, head: number): Code {
  return [
    i32.store(get(node), next(get(head))),
    i32.store(get(node), get(head), 4),
    i32.store(next(get(head)), get(node), 4),
    i32.store(get(head), get(node)),
  ];
}

const placed = (item: number, place: Code): Code => i32.store(get(item), place, element.place * 4);
const unused = (item: number): Code => i32.store(get(item), number(0), element.referenced * 4);

/** An element for the local `fresh`, or it leaves: then nothing is changed. */
export function taken(shape: Shape, frame: Frame, fresh: number, hash: number): Code {
  const [head, node] = [frame.narrow(), frame.narrow()];
  return [
    set(head, local(shape, shape.cpu)),
    set(node, next(get(head))),
    when(i32.eq(get(node), get(head)), give(number(OUTSIDE))),
    set(fresh, i32.sub(get(node), number(NODE))),
    unlinked(node),
    placed(fresh, i32.or(i32.shl(shape.cpu, number(8)), number(PENDING))),
    unused(fresh),
    set(head, i32.add(get(head), number(8))),
    linked(node, head),
    i32.store(get(fresh), i32.add(i32.load(get(fresh), element.generation * 4), number(1)), element.generation * 4),
    i32.store(get(fresh), get(hash), element.hash * 4),
  ];
}

/** Gives the element in `item` back: to the list of the CPU that handed it out, or to the shared free one. */
export function givenBack(shape: Shape, frame: Frame, item: number): Code {
  const [head, node, place, was] = [frame.narrow(), frame.narrow(), frame.narrow(), frame.narrow()];
  const generation = i32.load(get(item), element.generation * 4);
  const state = shape.word("lru");
  const count = i32.add(state, i32.shl(get(was), number(2)));
  const rotation = i32.load(state, ROTATION);
  const shared = [
    // Active and inactive ones, 1 and 2, are counted.
    when(
      i32.ltU(i32.sub(get(was), number(1)), number(2)),
      i32.store(count, i32.sub(i32.load(count, COUNTS - 4), number(1)), COUNTS - 4),
    ),
    when(i32.eq(rotation, get(node)), i32.store(state, previous(get(node)), ROTATION)),
    placed(item, i32.or(i32.and(get(place), number(~0xff)), number(FREE))),
    set(head, i32.add(state, number(FREE * 8))),
  ];
  const own = [
    placed(item, i32.or(i32.and(get(place), number(~0xff)), number(LOCAL_FREE))),
    set(head, local(shape, i32.shrU(get(place), number(8)))),
  ];
  return [
    when(
      i32.eqz(i32.and(generation, number(1))),
      i32.store(get(item), i32.add(generation, number(1)), element.generation * 4),
    ),
    set(node, i32.add(get(item), number(NODE))),
    set(place, i32.load(get(item), element.place * 4)),
    set(was, i32.and(get(place), number(0xff))),
    choose(type.none, i32.eq(get(was), number(PENDING)), own, shared),
    unused(item),
    unlinked(node),
    linked(node, head),
  ];
}
