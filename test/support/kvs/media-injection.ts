// What a test makes happen at a certain fragment of a PutMedia stream.
import type { PutMediaErrorId } from './put-media-fault.ts';

/** What happens. */
export type MediaMishap =
  /** An ERROR acknowledgement; the fragment is not kept, and the connection ends unless told so. */
  | {
      readonly kind: 'error';
      readonly errorId: PutMediaErrorId;
      /** In place of the id's own code. */
      readonly code?: string;
      readonly when?: 'begin' | 'end';
      readonly keepsOpen?: boolean;
    }
  /** The socket is destroyed. At the `end` the fragment is whole but was not acknowledged. */
  | { readonly kind: 'cut'; readonly when: 'begin' | 'middle' | 'end' }
  /** The answer ends politely, without an error. */
  | { readonly kind: 'finish' }
  /** From here on the connection acknowledges nothing. */
  | { readonly kind: 'stall' }
  /** From here on the connection is read slowly. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** Text between the acknowledgements. */
  | { readonly kind: 'junk'; readonly text: string };

/** Ordered mishaps of one stream. */
export class MediaInjections {
  #ordered: { at: number; mishap: MediaMishap }[] = [];

  /** `at` counts the fragments that began on the stream since its creation, from 0. */
  add(at: number, mishap: MediaMishap): void {
    this.#ordered.push({ at, mishap });
  }

  /** Takes all that are due at this fragment. */
  take(at: number): readonly MediaMishap[] {
    const due = this.#ordered.filter((each) => each.at <= at);
    this.#ordered = this.#ordered.filter((each) => each.at > at);
    return due.map(({ mishap }) => mishap);
  }
}
