// The sending half of SCTP with peers that acknowledge whatever they like, and numbers that wrap.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SctpInbound } from '../../../../core/webrtc/client/sctp-inbound.ts';
import { SctpOutbound } from '../../../../core/webrtc/client/sctp-outbound.ts';

const WINDOW = 1 << 20;

function sackOf(cumulative: number, gaps: readonly (readonly [number, number])[] = []): Uint8Array {
  const bytes = new Uint8Array(12 + gaps.length * 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, cumulative);
  view.setUint32(4, WINDOW);
  view.setUint16(8, gaps.length);
  gaps.forEach(([from, to], index) => {
    view.setUint16(12 + index * 4, from);
    view.setUint16(14 + index * 4, to);
  });
  return bytes;
}

function push(outbound: SctpOutbound, size: number, maxRetransmits: number | undefined): boolean {
  const bytes = new Uint8Array(size).fill(size & 0xff);
  return outbound.push({ streamId: 0, protocol: 53, bytes, isOrdered: true, maxRetransmits });
}

describe('SctpOutbound', () => {
  const limit = fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined });
  const gap = fc.tuple(fc.nat(30), fc.nat(30)).map(([from, length]) => [from, from + length]);
  const hostile = fc.oneof(
    fc.record({
      type: fc.constant('push' as const),
      size: fc.integer({ min: 1, max: 4000 }),
      limit,
    }),
    fc.record({ type: fc.constant('send' as const), count: fc.nat(5) }),
    fc.record({
      type: fc.constant('sack' as const),
      /** From the newest number that was sent. */
      behind: fc.oneof(fc.integer({ min: -2, max: 40 }), fc.integer()),
      gaps: fc.array(gap, { maxLength: 5 }),
    }),
    fc.record({ type: fc.constant('timeout' as const) }),
    fc.record({ type: fc.constant('garbage' as const), bytes: fc.uint8Array({ maxLength: 30 }) }),
  );

  it('sends everything to the end, whatever a peer acknowledged before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.boolean(),
        fc.array(hostile, { maxLength: 60 }),
        (toWrap, canGiveUp, steps) => {
          const outbound = new SctpOutbound(2 ** 32 - toWrap);
          outbound.begin(WINDOW, canGiveUp);
          for (const step of steps) {
            switch (step.type) {
              case 'push':
                push(outbound, step.size, step.limit);
                break;
              case 'send':
                for (let count = 0; count < step.count; count++) outbound.next(count);
                break;
              case 'sack': {
                const cumulative = (outbound.lastTsn - step.behind) >>> 0;
                outbound.acknowledge(
                  sackOf(
                    cumulative,
                    step.gaps.map(([from = 0, to = 0]) => [from, to]),
                  ),
                  1,
                );
                break;
              }
              case 'timeout':
                outbound.onTimeout();
                break;
              case 'garbage':
                outbound.acknowledge(step.bytes, 1);
            }
            outbound.forwardTsn();
            assert.ok(outbound.bufferedBytes >= 0);
          }
          // From now on the peer is honest.
          outbound.acknowledge(sackOf(outbound.lastTsn), 1);
          for (let turn = 0; turn < 300 && outbound.bufferedBytes > 0; turn++) {
            while (outbound.next(turn)) assert.ok(outbound.isWaiting);
            assert.notEqual(outbound.acknowledge(sackOf(outbound.lastTsn), turn + 1), undefined);
          }
          assert.deepEqual([outbound.bufferedBytes, outbound.isWaiting], [0, false]);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is understood by the receiving half through loss, wherever the numbers wrap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 20 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
        (toWrap, sizes, chance) => {
          const initialTsn = 2 ** 32 - toWrap;
          const got: number[] = [];
          const inbound = new SctpInbound(initialTsn, (_stream, _protocol, bytes) =>
            got.push(bytes.length),
          );
          const outbound = new SctpOutbound(initialTsn);
          outbound.begin(WINDOW, true);
          const isLost = (): boolean => (chance.next().value ?? 0) === 0;
          for (const size of sizes) assert.ok(push(outbound, size, undefined));
          for (let turn = 0; turn < 3000 && outbound.bufferedBytes > 0; turn++) {
            for (let due = outbound.next(turn); due; due = outbound.next(turn)) {
              if (!isLost()) inbound.receive(due.flags, due.value.slice());
            }
            if (!isLost()) outbound.acknowledge(inbound.sack(), turn + 1);
            if (outbound.isWaiting && turn % 4 === 3) outbound.onTimeout();
          }
          assert.deepEqual(got, sizes);
          assert.deepEqual([outbound.bufferedBytes, outbound.isWaiting], [0, false]);
        },
      ),
      { numRuns: 300 },
    );
  });
});
