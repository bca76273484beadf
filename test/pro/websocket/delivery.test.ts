// Slow clients: a bounded queue that skips, and a cursor that tells what is missing.
import assert from 'node:assert/strict';
import { CursorDelivery } from '../../../pro/websocket/cursor-delivery.ts';
import type { FrameSink } from '../../../pro/websocket/delivery.ts';
import { EventHistory, type HistoryEntry } from '../../../pro/websocket/event-history.ts';
import { parseClientRequest, passes } from '../../../pro/websocket/client-request.ts';
import { QueueDelivery } from '../../../pro/websocket/queue-delivery.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const everything = { types: undefined, names: undefined };

/** Takes `room` frames, then blocks. */
class FakeSink implements FrameSink {
  readonly texts: string[] = [];
  room = 0;

  get isBlocked(): boolean {
    return this.room <= 0;
  }

  write(frame: Buffer): void {
    this.room--;
    this.texts.push(frame.subarray(2).toString());
  }
}

function setUp(maxEvents = 100): {
  clock: FakeClock;
  sink: FakeSink;
  history: EventHistory;
  append: (count: number, type?: string) => HistoryEntry[];
} {
  const history = new EventHistory('aabbccddeeff', { maxEvents, maxBytes: 1e6 });
  const append = (count: number, type = 'streamOnline'): HistoryEntry[] =>
    Array.from({ length: count }, () => {
      const number = String(history.newest + 1);
      return history.append({ type, name: 'a', plainText: number, withCursor: () => number });
    });
  return { clock: new FakeClock(), sink: new FakeSink(), history, append };
}

describe('QueueDelivery', () => {
  const limits = { maxMessages: 4, maxBytes: 1000 };

  it('skips and counts what does not fit, and keeps the order of the rest', () => {
    const { clock, sink, append } = setUp();
    const delivery = new QueueDelivery({ sink, clock, filter: everything }, limits);
    sink.room = 1;
    delivery.deliver(append(7));
    assert.equal(delivery.skipped, 2);
    assert.equal(delivery.overflowSinceMs, 0);
    sink.room = 1;
    delivery.resume();
    assert.equal(delivery.overflowSinceMs, 0, 'one place free is still too slow');
    delivery.deliver(append(1));
    sink.room = 10;
    delivery.resume();
    assert.deepEqual(sink.texts, ['1', '2', '3', '4', '5', '8']);
    assert.equal(delivery.overflowSinceMs, undefined);
  });

  it('is bounded in bytes too, but takes one large frame', () => {
    const { clock, sink, history } = setUp();
    const delivery = new QueueDelivery({ sink, clock, filter: everything }, limits);
    const large = (size: number): HistoryEntry =>
      history.append({
        ...{ type: 'broadcast', name: undefined },
        ...{ plainText: 'x'.repeat(size), withCursor: () => '' },
      });
    delivery.deliver([large(5000), large(1), large(900)]);
    assert.equal(delivery.skipped, 2);
  });

  it('leaves out what the filter does not pass', () => {
    const { clock, sink, append } = setUp();
    const filter = { types: new Set(['pathReady']), names: undefined };
    const delivery = new QueueDelivery({ sink, clock, filter }, limits);
    sink.room = 9;
    delivery.deliver([...append(1), ...append(1, 'pathReady')]);
    assert.deepEqual(sink.texts, ['2']);
    assert.equal(delivery.skipped, 0);
  });
});

describe('CursorDelivery', () => {
  it('waits in the history instead of a queue', () => {
    const { clock, sink, history, append } = setUp();
    const delivery = new CursorDelivery({ sink, clock, history, filter: everything }, 0);
    append(50);
    delivery.deliver();
    sink.room = 30;
    delivery.resume();
    sink.room = 30;
    delivery.resume();
    const expected = Array.from({ length: 50 }, (_, index) => String(index + 1));
    assert.deepEqual(sink.texts, expected);
    assert.equal(delivery.skipped, 0);
  });

  it('tells how many events left the history before they could be sent', () => {
    const { clock, sink, history, append } = setUp(10);
    const delivery = new CursorDelivery({ sink, clock, history, filter: everything }, 0);
    append(10);
    delivery.deliver();
    assert.equal(delivery.overflowSinceMs, undefined);
    clock.advance(5);
    append(3);
    delivery.deliver();
    assert.equal(delivery.overflowSinceMs, 5);
    sink.room = 3;
    delivery.resume();
    const missed = { type: 'missed', reason: 'tooOld', count: 3, cursor: 'aabbccddeeff-3' };
    const time = new Date(clock.nowMs()).toISOString();
    assert.deepEqual(JSON.parse(sink.texts[0] ?? ''), { ...missed, time });
    assert.deepEqual(sink.texts.slice(1), ['4', '5']);
    assert.equal(delivery.skipped, 3);
    assert.equal(delivery.overflowSinceMs, undefined);
  });

  it('keeps the cursor of a client fresh whose filter passes nothing', () => {
    const { clock, sink, history, append } = setUp();
    const filter = { types: new Set(['pathReady']), names: undefined };
    const delivery = new CursorDelivery({ sink, clock, history, filter }, 0);
    sink.room = 9;
    append(5);
    delivery.deliver();
    assert.equal(sink.texts.length, 0);
    delivery.refreshCursor();
    delivery.refreshCursor();
    assert.match(sink.texts.join('|'), /^\{"type":"cursor","cursor":"aabbccddeeff-5"[^|]*\}$/u);
  });
});

describe('parseClientRequest()', () => {
  const parse = (query: string): ReturnType<typeof parseClientRequest> =>
    parseClientRequest(new URLSearchParams(query));

  it('wants everything and no cursor by default', () => {
    assert.deepEqual(parse('access_token=x'), { filter: everything, since: undefined });
  });

  it('reads since, types and names', () => {
    assert.equal(parse('since=').since, '');
    assert.equal(parse('since=latest').since, '');
    assert.equal(parse('since=aa-1').since, 'aa-1');
    const { filter } = parse('types=pathReady,pathNotReady&name=a/b&name=c');
    assert.ok(passes(filter, { type: 'pathReady', name: 'a/b' }));
    assert.ok(passes(filter, { type: 'pathReady', name: undefined }));
    assert.ok(!passes(filter, { type: 'pathReady', name: 'a' }));
    assert.ok(!passes(filter, { type: 'streamOnline', name: 'c' }));
  });

  it('refuses unknown types and too many values', () => {
    const invalid = { code: 'invalid-websocket-query' };
    assert.throws(() => parse('types=pathReadyy'), invalid);
    assert.throws(() => parse('types='), invalid);
    assert.throws(() => parse(`types=${'pathReady,'.repeat(5000)}`), invalid);
    assert.throws(() => parse('name=a&'.repeat(65)), invalid);
    assert.throws(() => parse(`name=${'a'.repeat(5000)}`), invalid);
  });
});
