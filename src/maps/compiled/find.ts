// Finding a key: what array.ts and search.ts do in steps, in one go. Nothing is locked: what a reader may meet that a writer
// left half done is what it would meet there.
import { block, type Code, get, give, go, goIf, i32, type Label, loop, set, when } from "../../wasm/code.ts";
import type { Frame } from "../../wasm/frame.ts";
import { BUCKET_BYTES, element } from "../layout.ts";
import { hashKey, labels, unlessSameKey } from "./bytes.ts";
import type { Shape } from "./shape.ts";

const number = i32.const;

const bucketAt = (shape: Shape, index: Code): Code =>
  i32.add(shape.word("buckets"), i32.mul(index, number(BUCKET_BYTES)));

/** Locals of a walk along a chain. */
export interface Walk {
  readonly key: number;
  readonly hash: number;
  readonly bucket: number;
  /** The element or end marker that the walk is at. */
  readonly current: number;
  /** Of a walk that changes something: address of the link that led there, and what the bucket held. */
  readonly previous: number;
  readonly first: number;
}

export function walkOf(frame: Frame, key: number): Walk {
  const [hash, bucket, current, previous, first] = Array.from({ length: 5 }, () => frame.narrow());
  return { key, hash, bucket, current, previous, first };
}

/** The key's hash and bucket. */
export function aimed(shape: Shape, frame: Frame, { key, hash, bucket }: Walk): Code {
  return [hashKey(shape, frame, key, hash), set(bucket, bucketAt(shape, i32.and(get(hash), shape.word("bucketMask"))))];
}

/** Runs `found` with the key's element in `current`; goes on when there is none, and `found` leaves. */
export function search(shape: Shape, frame: Frame, walk: Walk, found: Code): Code {
  const { key, hash, bucket, current } = walk;
  const [again, step, other, missing] = labels("again", "step", "other", "missing");
  return block(
    missing,
    loop(again, [
      set(current, i32.load(get(bucket))),
      loop(step, [
        when(i32.and(get(current), number(1)), [
          // The end of another bucket's chain: an element was reused under the walk.
          goIf(i32.ne(bucketAt(shape, i32.shrU(get(current), number(1))), get(bucket)), again),
          go(missing),
        ]),
        block(other, [unlessThis(shape, frame, { key, hash, current }, other), found]),
        set(current, i32.load(get(current))),
        go(step),
      ]),
    ]),
  );
}

/** The same with the bucket locked: the chain is whole, and the way to the element is kept. */
export function searchLocked(shape: Shape, frame: Frame, walk: Walk, found: Code): Code {
  const { key, hash, bucket, current, previous, first } = walk;
  const [step, other, missing] = labels("step", "other", "missing");
  return [
    set(first, i32.load(get(bucket))),
    set(current, get(first)),
    set(previous, get(bucket)),
    block(
      missing,
      loop(step, [
        goIf(i32.and(get(current), number(1)), missing),
        block(other, [unlessThis(shape, frame, { key, hash, current }, other), found]),
        set(previous, get(current)),
        set(current, i32.load(get(current))),
        go(step),
      ]),
    ),
  ];
}

function unlessThis(
  shape: Shape,
  frame: Frame,
  { key, hash, current }: Pick<Walk, "key" | "hash" | "current">,
  other: Label,
): Code {
  return [
    goIf(i32.ne(i32.load(get(current), element.hash * 4), get(hash)), other),
    unlessSameKey(shape, frame, key, current, other),
  ];
}

/** Gives what `of` makes of the key's element; goes on when there is none. */
export function found(shape: Shape, frame: Frame, key: number, of: (item: Code) => Code): Code {
  const walk = walkOf(frame, key);
  const used = shape.lru ? i32.store(get(walk.current), number(1), element.referenced * 4) : [];
  return [aimed(shape, frame, walk), search(shape, frame, walk, [used, give(of(get(walk.current)))])];
}

/** The element of an array that the key names, where `index` is a local that takes it; `otherwise` runs when there is none. */
export function indexed(shape: Shape, key: Code, index: number, otherwise: Code): Code {
  return [
    set(index, i32.load(key)),
    when(i32.geU(get(index), shape.word("maxEntries")), otherwise),
    i32.add(shape.word("values"), i32.mul(get(index), shape.word("stride"))),
  ];
}
