// Changing a hash table in one go: what write.ts and elements.ts do in steps, leaving the same bytes. A change that needs anything
// else (a lock that is taken, more memory, flags that are not these three) says so before it has written anything.
import { block, type Code, choose, get, give, go, goIf, i32, loop, set, type, when } from "../../wasm/code.ts";
import type { Frame } from "../../wasm/frame.ts";
import { SLAB } from "../elements.ts";
import { BPF_EXIST, BPF_NOEXIST, errno } from "../errno.ts";
import { element, op } from "../layout.ts";
import { cleared, copied, labels } from "./bytes.ts";
import { aimed, indexed, searchLocked, type Walk, walkOf } from "./find.ts";
import { givenBack, taken } from "./order.ts";
import { type Address, isArray, keyOf, OUTSIDE, ofCpu, type Shape, valueFor, valuesOf, type Word } from "./shape.ts";

const number = i32.const;

/** Locals that hold what a change is given; `record` takes down which elements it ended and began, where somebody asks. */
export interface Given {
  readonly key: number;
  readonly value: number;
  readonly flags: number;
  readonly record?: number;
}

export const at = (from: Code, offset = 0): Address => ({ from, offset });
export const load = ({ from, offset }: Address): Code => i32.load(from, offset);
export const store = ({ from, offset }: Address, value: Code): Code => i32.store(from, value, offset);
const part = (item: number, name: keyof typeof element): Address => at(get(item), element[name] * 4);

export function counted(shape: Shape, name: Word, by: number): Code {
  return store(shape.at(name), i32.add(load(shape.at(name)), number(by)));
}

export function aged(item: number): Code {
  return store(part(item, "generation"), i32.add(load(part(item, "generation")), number(1)));
}

function recorded(record: number | undefined, old: Code, fresh: Code | null): Code {
  if (record === undefined) return [];
  const word = (name: "old" | "fresh", value: Code) => i32.store(i32.shl(get(record), number(2)), value, op[name] * 4);
  return [word("old", old), fresh === null ? [] : word("fresh", fresh)];
}

/** The answer of an update. */
export function updated(shape: Shape, frame: Frame, given: Given): Code {
  if (isArray(shape)) return arrayUpdated(shape, frame, given);
  return [
    when(i32.gtU(get(given.flags), number(BPF_EXIST)), give(number(OUTSIDE))),
    shape.lru ? lruUpdated(shape, frame, given) : hashUpdated(shape, frame, given),
  ];
}

function arrayUpdated(shape: Shape, frame: Frame, { key, value, flags }: Given): Code {
  const index = frame.narrow();
  const item = frame.narrow();
  return [
    when(i32.or(i32.gtU(get(flags), number(BPF_EXIST)), shape.held), give(number(OUTSIDE))),
    set(item, indexed(shape, get(key), index, give(number(-errno.E2BIG)))),
    when(i32.and(get(flags), number(BPF_NOEXIST)), give(number(-errno.EEXIST))),
    copied(shape, at(get(value)), valueFor(shape, get(item)), "valueSize"),
    number(0),
  ];
}

function refuses(flags: number, which: number, error: number): Code {
  return when(i32.eq(get(flags), number(which)), give(number(-error)));
}

/** Leaves where somebody has the bucket or the CPU. */
function unlessFree(shape: Shape, { bucket }: Walk): Code {
  return when(i32.or(i32.load(get(bucket), 4), shape.held), give(number(OUTSIDE)));
}

function hashUpdated(shape: Shape, frame: Frame, { key, value, flags, record }: Given): Code {
  const walk = walkOf(frame, key);
  const [old, fresh] = [frame.narrow(), frame.narrow()];
  const [ready] = labels("ready");
  const inPlace = [
    copied(shape, at(get(value)), valueFor(shape, get(walk.current)), "valueSize"),
    recorded(record, number(0), number(0)),
    give(number(0)),
  ];
  const found = [
    refuses(flags, BPF_NOEXIST, errno.EEXIST),
    shape.percpu ? inPlace : [set(old, get(walk.current)), go(ready)],
  ];
  return [
    aimed(shape, frame, walk),
    unlessFree(shape, walk),
    block(ready, [
      set(old, number(0)),
      searchLocked(shape, frame, walk, found),
      refuses(flags, BPF_EXIST, errno.ENOENT),
    ]),
    shape.preallocated ? fromPool(shape, frame, old, fresh) : oneByOne(shape, old, fresh),
    aged(fresh),
    copied(shape, at(get(key)), keyOf(shape, get(fresh)), "keySize"),
    filled(shape, fresh, value),
    store(part(fresh, "hash"), get(walk.hash)),
    published(shape, walk, old, fresh, shape.preallocated ? [] : pushed(shape, old)),
    recorded(record, get(old), get(fresh)),
    number(0),
  ];
}

/** Writes the values of a new element: a program's own, and zero for all other CPUs. */
function filled(shape: Shape, fresh: number, value: number): Code {
  const own = copied(shape, at(get(value)), valueFor(shape, get(fresh)), "valueSize");
  return shape.percpu ? [cleared(shape, valuesOf(shape, get(fresh)), "room"), own] : own;
}

/** Puts the new element in front of the chain and takes the old one out. */
function published(shape: Shape, { bucket, first, previous }: Walk, old: number, fresh: number, then: Code): Code {
  const unlinked = [
    when(i32.eq(get(previous), get(bucket)), set(previous, get(fresh))),
    i32.store(get(previous), load(part(old, "link"))),
    aged(old),
    then,
  ];
  const isNew = shape.preallocated ? counted(shape, "count", 1) : [];
  return [
    store(part(fresh, "link"), get(first)),
    i32.store(get(bucket), get(fresh)),
    shape.percpu ? isNew : choose(type.none, get(old), unlinked, isNew),
  ];
}

/** From the elements made beforehand: the CPU's spare for one that replaces, else a free one. */
function fromPool(shape: Shape, frame: Frame, old: number, fresh: number): Code {
  const spare = ofCpu(shape, "extra");
  const free = freeOne(shape, frame, fresh);
  if (shape.percpu) return free;
  return choose(type.none, get(old), [set(fresh, load(spare)), store(spare, get(old))], free);
}

/** The first free element, the CPU's own list before those of the others in their order. */
function freeOne(shape: Shape, frame: Frame, fresh: number): Code {
  const list = frame.narrow();
  const [got, again] = labels("got", "again");
  const own = ofCpu(shape, "freeLists");
  const begin = set(list, own.offset === 0 ? own.from : i32.add(own.from, number(own.offset)));
  const full = give(number(-errno.E2BIG));
  const lists = shape.word("freeLists");
  const next: Code = [
    set(list, i32.add(get(list), number(4))),
    when(i32.eq(get(list), i32.add(lists, number(shape.cpus * 4))), set(list, lists)),
    when(i32.eq(get(list), i32.add(own.from, number(own.offset))), full),
  ];
  return [
    begin,
    block(
      got,
      loop(again, [
        set(fresh, i32.load(get(list))),
        goIf(get(fresh), got),
        shape.cpus === 1 ? full : [next, go(again)],
      ]),
    ),
    i32.store(get(list), load(part(fresh, "free"))),
  ];
}

/** From the CPU's list or the newest slab, as many at a time as there may be entries. */
function oneByOne(shape: Shape, old: number, fresh: number): Code {
  const list = ofCpu(shape, "freeLists");
  const [slab, used] = [load(shape.at("slab")), load(shape.at("slabUsed"))];
  const full = i32.geU(load(shape.at("count")), shape.word("maxEntries"));
  const carved = [
    when(i32.or(i32.eqz(slab), i32.eq(used, number(SLAB))), give(number(OUTSIDE))),
    set(fresh, i32.add(slab, i32.mul(used, shape.word("stride")))),
    counted(shape, "slabUsed", 1),
    store(part(fresh, "generation"), number(1)),
  ];
  return [
    when(i32.eqz(get(old)), when(full, give(number(-errno.E2BIG)))),
    set(fresh, load(list)),
    choose(type.none, get(fresh), store(list, load(part(fresh, "free"))), carved),
    when(i32.eqz(get(old)), counted(shape, "count", 1)),
  ];
}

function pushed(shape: Shape, item: number): Code {
  const list = ofCpu(shape, "freeLists");
  return [store(part(item, "free"), load(list)), store(list, get(item))];
}

// An LRU table finds room first and looks then, so an update may have an element to give back.
function lruUpdated(shape: Shape, frame: Frame, { key, value, flags, record }: Given): Code {
  const walk = walkOf(frame, key);
  const { current } = walk;
  const [old, fresh, back, answer] = [frame.narrow(), frame.narrow(), frame.narrow(), frame.narrow()];
  const [ready, end] = labels("ready", "end");
  const refused = (which: number, error: number): Code =>
    when(i32.eq(get(flags), number(which)), [set(answer, number(-error)), set(back, get(fresh)), go(end)]);
  const took = taken(shape, frame, fresh, walk.hash);
  const inPlace = [
    i32.store(get(current), number(1), element.referenced * 4),
    copied(shape, at(get(value)), valueFor(shape, get(current)), "valueSize"),
    set(back, get(fresh)),
    go(end),
  ];
  const fill = [
    took,
    copied(shape, at(get(key)), keyOf(shape, get(fresh)), "keySize"),
    shape.percpu ? [] : filled(shape, fresh, value),
  ];
  const found = [
    refused(BPF_NOEXIST, errno.EEXIST),
    shape.percpu ? inPlace : [set(old, get(current)), set(back, get(old)), go(ready)],
  ];
  return [
    aimed(shape, frame, walk),
    unlessFree(shape, walk),
    [old, fresh, back, answer].map((one) => set(one, number(0))),
    // A per-CPU table that may only replace needs no room.
    shape.percpu ? when(i32.ne(get(flags), number(BPF_EXIST)), fill) : fill,
    block(end, [
      block(ready, [searchLocked(shape, frame, walk, found), refused(BPF_EXIST, errno.ENOENT)]),
      shape.percpu ? filled(shape, fresh, value) : [],
      published(shape, walk, old, fresh, i32.store(get(fresh), number(1), element.referenced * 4)),
    ]),
    when(get(back), givenBack(shape, frame, back)),
    recorded(record, get(old), get(fresh)),
    get(answer),
  ];
}

/** The answer of a deletion. */
export function removed(shape: Shape, frame: Frame, { key, record }: Pick<Given, "key" | "record">): Code {
  const walk = walkOf(frame, key);
  const { current, previous } = walk;
  const found = [
    i32.store(get(previous), load(part(current, "link"))),
    aged(current),
    shape.lru ? givenBack(shape, frame, current) : pushed(shape, current),
    counted(shape, "count", -1),
    recorded(record, get(current), null),
    give(number(0)),
  ];
  return [
    aimed(shape, frame, walk),
    unlessFree(shape, walk),
    searchLocked(shape, frame, walk, found),
    number(-errno.ENOENT),
  ];
}
