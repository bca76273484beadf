// The receiving half of SCTP against a plain model of it: any order, any fragments, numbers that wrap.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RECEIVE_WINDOW_BYTES, SctpInbound } from '../../../../core/webrtc/client/sctp-inbound.ts';

interface Chunk {
  readonly flags: number;
  readonly streamId: number;
  readonly size: number;
}

const WINDOW_CHUNKS = 4096;
const MAX_GAPS = 64;
const END = 1;
const BEGIN = 2;

/** What RFC 9260 and RFC 3758 say, with numbers that do not wrap. */
class Model {
  readonly #chunks = new Map<number, Chunk>();
  /** Everything up to it came or was given up. */
  cumulative = 0;
  readonly messages: number[][] = [];
  #parts: number[] | undefined;
  #streamId = 0;

  take(tsn: number, chunk: Chunk): void {
    const isKnown = tsn <= this.cumulative || this.#chunks.has(tsn);
    if (isKnown || tsn - this.cumulative >= WINDOW_CHUNKS) return;
    this.#chunks.set(tsn, chunk);
    this.#drain();
  }

  forward(tsn: number): void {
    if (tsn - this.cumulative >= WINDOW_CHUNKS) {
      this.#chunks.clear();
      this.cumulative = tsn - 1;
    }
    while (this.cumulative < tsn) this.#step();
    this.#drain();
  }

  /** Pairs of first and last distance from the cumulative number. */
  get gaps(): number[] {
    const gaps: number[] = [];
    const ahead = [...this.#chunks.keys()].sort((a, b) => a - b);
    for (const tsn of ahead) {
      const at = tsn - this.cumulative;
      if (gaps.at(-1) === at - 1) gaps[gaps.length - 1] = at;
      else gaps.push(at, at);
    }
    return gaps.slice(0, 2 * MAX_GAPS);
  }

  get aheadBytes(): number {
    return [...this.#chunks.values()].reduce((sum, { size }) => sum + size, 0);
  }

  #drain(): void {
    while (this.#chunks.has(this.cumulative + 1)) this.#step();
  }

  #step(): void {
    this.cumulative++;
    const chunk = this.#chunks.get(this.cumulative);
    this.#chunks.delete(this.cumulative);
    if (chunk && chunk.flags & BEGIN) {
      this.#parts = [];
      this.#streamId = chunk.streamId;
    }
    if (chunk?.streamId !== this.#streamId) this.#parts = undefined;
    if (!chunk || !this.#parts) return;
    // The first byte of a chunk is its number.
    this.#parts.push(this.cumulative & 0xff, chunk.size);
    if (!(chunk.flags & END)) return;
    this.messages.push(this.#parts);
    this.#parts = undefined;
  }
}

function dataOf(tsn: number, { flags, streamId, size }: Chunk, number: number): Uint8Array {
  const bytes = new Uint8Array(12 + size).fill(number & 0xff);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, tsn);
  view.setUint16(4, streamId);
  view.setUint32(8, flags);
  return bytes;
}

function tsnBytes(tsn: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, tsn);
  return bytes;
}

/** Numbers and sizes of the chunks of which a message is made: each has bytes of its own. */
function partsOf(bytes: Uint8Array): number[] {
  const parts: number[] = [];
  for (const byte of bytes) {
    if (parts.at(-2) === byte) parts[parts.length - 1] = (parts.at(-1) ?? 0) + 1;
    else parts.push(byte, 1);
  }
  return parts;
}

describe('SctpInbound', () => {
  const near = fc.integer({ min: -2, max: 7 });
  const far = fc.constantFrom(-(2 ** 31), -5000, 100, 4095, 4096, 4097, 70_000, 2 ** 31 - 1);
  const distance = fc.oneof({ weight: 12, arbitrary: near }, { weight: 1, arbitrary: far });
  const chunk = fc.record({
    flags: fc.constantFrom(3, 3, 2, 0, 0, 1, 7),
    streamId: fc.constantFrom(0, 0, 0, 1),
    size: fc.integer({ min: 1, max: 5 }),
  });
  const step = fc.record({
    distance,
    chunk: fc.option(chunk, { freq: 5, nil: undefined }),
  });

  it('acknowledges and delivers what a plain model does, wherever the numbers wrap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(step, { maxLength: 60 }),
        (toWrap, steps) => {
          const initialTsn = 2 ** 32 - toWrap;
          const wire = (tsn: number): number => (initialTsn - 1 + tsn) >>> 0;
          const model = new Model();
          const messages: number[][] = [];
          const inbound = new SctpInbound(initialTsn, (_stream, _protocol, bytes) =>
            messages.push(partsOf(bytes)),
          );
          for (const { distance: ahead, chunk: each } of steps) {
            const tsn = model.cumulative + ahead;
            if (each) {
              assert.ok(inbound.receive(each.flags, dataOf(wire(tsn), each, tsn)));
              model.take(tsn, each);
            } else {
              inbound.forward(tsnBytes(wire(tsn)));
              model.forward(tsn);
            }
            const sack = inbound.sack();
            const view = new DataView(sack.buffer, sack.byteOffset, sack.byteLength);
            assert.equal(view.getUint32(0), wire(model.cumulative));
            assert.equal(view.getUint32(4), RECEIVE_WINDOW_BYTES - model.aheadBytes);
            const { gaps } = model;
            assert.equal(view.getUint16(8), gaps.length / 2);
            assert.deepEqual(
              gaps.map((_, index) => view.getUint16(12 + 2 * index)),
              gaps,
            );
          }
          assert.deepEqual(messages, model.messages);
        },
      ),
      { numRuns: 1500 },
    );
  });
});
