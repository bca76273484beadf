// The SSRCs that were received under one key, each with its newest index and replay window.
import { ReplayWindow } from './replay-window.ts';

/**
 * A small bounded table. An entry is made only after a packet was authenticated; when the table is
 * full, new SSRCs are refused, since forgetting an old one would let its packets be replayed.
 */
export class ReceivedStreams {
  readonly #ssrcs: Uint32Array;
  readonly #windows: ReplayWindow[] = [];
  readonly #windowBits: number;

  constructor(options: { readonly maxSsrcs: number; readonly windowBits: number }) {
    this.#ssrcs = new Uint32Array(options.maxSsrcs);
    this.#windowBits = options.windowBits;
  }

  get count(): number {
    return this.#windows.length;
  }

  get isFull(): boolean {
    return this.#windows.length >= this.#ssrcs.length;
  }

  /** The window of an SSRC; undefined when nothing authentic came from it yet. */
  find(ssrc: number): ReplayWindow | undefined {
    const windows = this.#windows;
    for (let i = 0; i < windows.length; i++) {
      if (this.#ssrcs[i] === ssrc) return windows[i];
    }
    return undefined;
  }

  /** Marks an authenticated index as received. The caller has checked `isFull` for a new SSRC. */
  accept(ssrc: number, index: number): void {
    const window = this.find(ssrc) ?? this.#add(ssrc);
    window.accept(index);
  }

  #add(ssrc: number): ReplayWindow {
    const window = new ReplayWindow(this.#windowBits);
    this.#ssrcs[this.#windows.length] = ssrc;
    this.#windows.push(window);
    return window;
  }
}
