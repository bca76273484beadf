// Bounded history of events and the cursors that point into it.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EventHistory, type HistoryDraft } from '../../../pro/websocket/event-history.ts';
import { encodeTextFrame } from '../../../pro/websocket/text-frame.ts';

const EPOCH = 'aabbccddeeff';

function draft(text = '{}'): HistoryDraft {
  return { type: 'broadcast', name: undefined, plainText: text, withCursor: () => text };
}

function historyOf(count: number, maxEvents = 4): EventHistory {
  const history = new EventHistory(EPOCH, { maxEvents, maxBytes: 1_000_000 });
  for (let index = 0; index < count; index++) history.append(draft());
  return history;
}

describe('EventHistory', () => {
  it('numbers events and forgets the oldest', () => {
    const history = historyOf(6);
    assert.deepEqual([history.oldest, history.newest], [3, 6]);
    assert.equal(history.at(2), undefined);
    assert.equal(history.at(7), undefined);
    assert.deepEqual(
      [3, 4, 5, 6].map((number) => history.at(number)?.number),
      [3, 4, 5, 6],
    );
  });

  it('goes on after a cursor, and tells when it can not', () => {
    const history = historyOf(6);
    const resume = (cursor: string): unknown => history.resume(cursor);
    assert.deepEqual(resume(`${EPOCH}-5`), { type: 'known', number: 5 });
    assert.deepEqual(resume(`${EPOCH}-2`), { type: 'known', number: 2 });
    assert.deepEqual(resume(`${EPOCH}-1`), { type: 'missed', reason: 'tooOld', number: 2 });
    assert.deepEqual(resume(`${EPOCH}-7`), { type: 'missed', reason: 'unknown', number: 6 });
    assert.deepEqual(resume('112233445566-5'), { type: 'missed', reason: 'restarted', number: 2 });
    for (const bad of ['x', '-1', `${EPOCH}-`, `${EPOCH}--1`, `${EPOCH}-1e3`, `${EPOCH}-1 `]) {
      assert.equal(history.resume(bad), undefined, bad);
    }
  });

  it('begins before the first event', () => {
    const history = historyOf(0);
    assert.deepEqual(history.resume(`${EPOCH}-0`), { type: 'known', number: 0 });
    assert.equal(history.cursorOf(0), `${EPOCH}-0`);
  });

  it('stays within its bytes but keeps the newest event', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 40 }), (sizes) => {
        const history = new EventHistory(EPOCH, { maxEvents: 10, maxBytes: 500 });
        for (const size of sizes) history.append(draft('x'.repeat(size)));
        const count = history.newest - history.oldest + 1;
        let bytes = 0;
        for (let number = history.oldest; number <= history.newest; number++) {
          bytes += 2 * (history.at(number)?.plainFrame.length ?? NaN);
        }
        assert.equal(bytes, history.sizeBytes);
        assert.equal(history.newest, sizes.length);
        assert.ok(count <= 10 && (bytes <= 500 || count === 1));
        assert.ok(sizes.length === 0 || count >= 1);
      }),
      { numRuns: 300 },
    );
  });
});

describe('encodeTextFrame()', () => {
  it('writes the three lengths of RFC 6455', () => {
    const starts: readonly (readonly [number, string])[] = [
      [0, '8100'],
      [125, '817d'],
      [126, '817e007e'],
      [65_535, '817effff'],
      [65_536, '817f0000000000010000'],
    ];
    for (const [size, start] of starts) {
      const frame = encodeTextFrame('x'.repeat(size));
      assert.equal(frame.subarray(0, start.length / 2).toString('hex'), start);
      assert.equal(frame.length, start.length / 2 + size);
    }
    assert.equal(encodeTextFrame('ü').toString('hex'), '8102c3bc');
  });
});
