// The parameter sets of a track that are in force, kept by identifier and in sending order.
import { findStartCode, trimTrailingZeros } from '../codec/annex-b.ts';
import { MediaError } from '../base/media-error.ts';
import type { ParameterSetIdentity } from './nal-format.ts';

/** Sets kept per rank; encoders use one or two. The oldest is replaced beyond that. */
const MAX_SETS_PER_RANK = 8;
const MAX_SET_BYTES = 2048;

/** A stored set; `bytes` is an own copy without start code. */
export interface ParameterSet extends ParameterSetIdentity {
  readonly bytes: Uint8Array;
}

/** What `put` found. */
export type PutResult = 'unchanged' | 'changed' | 'invalid';

/**
 * Bounded store of parameter sets. A set that is already known costs one comparison; only new ones
 * are read and copied.
 */
export class ParameterSets {
  /** Ordered by rank, then by age. */
  readonly items: ParameterSet[] = [];
  readonly #rankCount: number;
  readonly #identify: (nal: Uint8Array) => ParameterSetIdentity | undefined;

  constructor(rankCount: number, identify: (nal: Uint8Array) => ParameterSetIdentity | undefined) {
    if (rankCount < 1) {
      throw new MediaError(
        'internal',
        'bad-rank-count',
        `rankCount is ${rankCount}; ParameterSets`,
      );
    }
    this.#rankCount = rankCount;
    this.#identify = identify;
  }

  /** Whether there is at least one set of each rank. */
  get isComplete(): boolean {
    for (let rank = 0; rank < this.#rankCount; rank++) {
      if (this.#first(rank) === undefined) return false;
    }
    return true;
  }

  /** Stores the NAL unit in `[start, end)`; start codes and zeros behind it are cut off. */
  put(bytes: Uint8Array, start: number, end: number): PutResult {
    const trimmed = trimTrailingZeros(bytes, start, findStartCode(bytes, start, end));
    for (const item of this.items) {
      if (isSame(item.bytes, bytes, start, trimmed)) return 'unchanged';
    }
    if (trimmed - start > MAX_SET_BYTES) return 'invalid';
    const nal = Uint8Array.prototype.slice.call(bytes, start, trimmed);
    const identity = this.#identify(nal);
    if (identity === undefined) return 'invalid';
    this.#store({ ...identity, bytes: nal });
    return 'changed';
  }

  clear(): void {
    this.items.length = 0;
  }

  /**
   * The sets that a slice with this identifier of the highest rank uses, by rank. Where the chain
   * of references is broken, the first set of the rank stands in.
   */
  chainOf(id: number): readonly (Uint8Array | undefined)[] {
    const chain: (Uint8Array | undefined)[] = [];
    let wanted = id;
    for (let rank = this.#rankCount - 1; rank >= 0; rank--) {
      const found = this.#find(rank, wanted) ?? this.#first(rank);
      chain.unshift(found?.bytes);
      wanted = found?.parentId ?? -1;
    }
    return chain;
  }

  #find(rank: number, id: number): ParameterSet | undefined {
    return this.items.find((item) => item.rank === rank && item.id === id);
  }

  #first(rank: number): ParameterSet | undefined {
    return this.items.find((item) => item.rank === rank);
  }

  #store(set: ParameterSet): void {
    const items = this.items;
    const known = items.findIndex((item) => item.rank === set.rank && item.id === set.id);
    if (known >= 0) {
      items[known] = set;
      return;
    }
    const ofRank = items.filter((item) => item.rank === set.rank).length;
    if (ofRank >= MAX_SETS_PER_RANK) {
      items.splice(
        items.findIndex((item) => item.rank === set.rank),
        1,
      );
    }
    const behind = items.findIndex((item) => item.rank > set.rank);
    items.splice(behind < 0 ? items.length : behind, 0, set);
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let index = 0; index < known.length; index++) {
    if (known[index] !== bytes[start + index]) return false;
  }
  return true;
}
