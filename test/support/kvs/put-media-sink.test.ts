// The sink against made-up Matroska: what it accepts, each rule broken once, each ordered mishap.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { DEFAULT_KVS_KEY, KvsDouble } from './kvs-double.ts';
import type { KvsStreamStore } from './kvs-stream-store.ts';
import type { MediaMishap } from './media-injection.ts';
import {
  element,
  goodFrames,
  makeCluster,
  makeFragments,
  makeHeader,
  makeTags,
} from './mkv-maker.ts';
import type { MkvEvent } from './mkv-reader.ts';
import { MkvReader } from './mkv-reader.ts';
import type { PutMediaCallOptions, PutMediaReply } from './put-media-call.ts';
import { putMedia } from './put-media-call.ts';
import { PUT_MEDIA_ERROR_IDS } from './put-media-fault.ts';
import { PUT_MEDIA_DEFAULTS } from './put-media-sink.ts';

const GOOD = [makeHeader(), ...makeFragments(3)];

describe('PutMediaSink', () => {
  let double: KvsDouble;
  let serial = 0;
  let streamName = '';

  before(async () => {
    double = await KvsDouble.start({ media: { fragmentsPerSecond: 1000 } });
  });
  beforeEach(() => {
    serial += 1;
    streamName = `stream-${serial}`;
    double.catalog.addStream(streamName, { retentionHours: 24 });
  });
  after(() => double.close());

  const put = (
    body: PutMediaCallOptions['body'],
    headers: Record<string, string> = {},
  ): Promise<PutMediaReply> => putMedia({ double, streamName, body, headers });
  const store = (): KvsStreamStore => double.media.stream(streamName);
  const codes = ({ acks }: PutMediaReply): unknown[] => acks.map(({ ErrorCode }) => ErrorCode);

  it('acknowledges and keeps good fragments', async () => {
    const reply = await put(GOOD);
    assert.equal(reply.status, 200);
    const [a, b, c] = [0, 2000, 4000].map((timecode) =>
      ['BUFFERING', 'RECEIVED', 'PERSISTED'].map((type) => [type, timecode]),
    );
    assert.deepEqual(
      reply.acks.map((ack) => [ack.EventType, ack.FragmentTimecode]),
      [...(a ?? []), ...(b ?? []), ...(c ?? [])],
    );
    await store().ended();
    assert.deepEqual(store().toMkv(), Buffer.concat(GOOD));
    assert.equal(store().connections[0]?.end, 'complete');
    assert.equal(store().timeline(1).length, 60);
    assert.deepEqual(store().breaks(1, 100), []);
    assert.equal(new Set(store().fragments.map(({ number }) => number)).size, 3);
  });

  it('acknowledges a fragment while the request is open', async () => {
    const seen: string[] = [];
    let wake: (() => void) | undefined;
    async function* body(): AsyncGenerator<Buffer> {
      yield Buffer.concat(GOOD.slice(0, 2));
      await new Promise<void>((resolve) => (wake = resolve));
      yield makeFragments(2)[1] ?? Buffer.alloc(0);
    }
    const reply = await putMedia({
      ...{ double, streamName, body: body() },
      onAck: ({ EventType }) => {
        seen.push(EventType);
        if (EventType === 'PERSISTED') wake?.();
      },
    });
    assert.equal(reply.acks.length, 6);
    assert.equal(seen.length, 6);
  });

  it('reads a body of single bytes, and answers Expect', async () => {
    const bytes = Buffer.concat([makeHeader(), ...makeFragments(1)]);
    const reply = await put(
      Array.from(bytes, (byte) => Buffer.of(byte)),
      { expect: '100-continue' },
    );
    assert.equal(reply.hasContinued, true);
    assert.equal(store().fragments.length, 1);
  });

  const video = ['V_MPEG4/ISO/AVC'];
  const many = Array.from({ length: 11 }, (_, index) => `tag${index}`);
  const noKey = goodFrames().map((frame) => ({ ...frame, isKey: frame.track === 2 }));
  const onlyVideo = goodFrames().filter(({ track }) => track === 1);
  const annexB = Buffer.from('0000000165880000', 'hex');
  const adts = Buffer.from('fff15080', 'hex');
  const broken: readonly [string, number, readonly Buffer[]][] = [
    ['another DocType', 4006, [makeHeader({ docType: 'webm' }), ...makeFragments(1)]],
    ['another TimestampScale', 4006, [makeHeader({ timestampScale: 1 }), ...makeFragments(1)]],
    ['no EBML header', 4006, makeFragments(1)],
    ['junk', 4006, [Buffer.alloc(64)]],
    ['a second header', 4006, [...GOOD, makeHeader(), ...makeFragments(1, 6000)]],
    ['no avcC', 4006, [makeHeader({ avcc: Buffer.alloc(0) }), ...makeFragments(1)]],
    ['a Cluster without a key frame', 4006, [makeHeader(), makeCluster(0, noKey)]],
    [
      'a Cluster that begins with audio',
      4006,
      [makeHeader(), makeCluster(0, [{ track: 2, ms: 0 }, ...goodFrames()])],
    ],
    [
      'Annex B',
      4006,
      [makeHeader(), makeCluster(0, [{ track: 1, ms: 0, isKey: true, data: annexB }])],
    ],
    [
      'ADTS',
      4006,
      [makeHeader(), makeCluster(0, [...goodFrames(), { track: 2, ms: 9, data: adts }])],
    ],
    ['a cut Cluster', 4006, [makeHeader(), makeFragments(1)[0]?.subarray(0, -3) ?? Buffer.of()]],
    ['no Timestamp', 4006, [makeHeader(), element('1f43b675', element('a3', 'x'))]],
    ['a track without frames', 4011, [makeHeader(), makeCluster(0, onlyVideo)]],
    ['an undeclared track', 4010, [makeHeader({ codecs: video }), makeCluster(0, goodFrames())]],
    ['four tracks', 4012, [makeHeader({ codecs: [...video, ...video, ...video, ...video] })]],
    ['a timecode twice', 4004, [makeHeader(), ...makeFragments(1), ...makeFragments(1)]],
    ['21 s', 4002, [makeHeader(), makeCluster(0, goodFrames(21_000))]],
    [
      '0.5 s before another',
      0,
      [makeHeader(), makeCluster(0, goodFrames(500)), ...makeFragments(1, 500)],
    ],
    ['11 tags', 4009, [makeHeader(), makeTags(many), ...makeFragments(1)]],
    ['a tag named AWS', 4009, [makeHeader({ tags: ['AWS_X'] }), ...makeFragments(1)]],
    ['a long value', 4009, [makeHeader(), makeTags(['t'], 'v'.repeat(257)), ...makeFragments(1)]],
    ['a Cluster above 50 MB', 4001, [makeHeader(), Buffer.from('1f43b6750100000004000000', 'hex')]],
  ];
  for (const [what, errorId, body] of broken) {
    it(`refuses ${what} by ${errorId || 'a code without number'}`, async () => {
      const reply = await put(body);
      const last = reply.acks.at(-1);
      assert.equal(last?.EventType, 'ERROR', reply.text);
      assert.equal(last.ErrorId ?? 0, errorId);
      if (errorId === 0) assert.equal(last.ErrorCode, 'MIN_FRAGMENT_DURATION_REACHED');
      await store().ended();
      assert.equal(store().connections[0]?.end, 'error');
    });
  }

  it('refuses what is far from the clock by 4007', async () => {
    const reply = await put(GOOD, { 'x-amzn-fragment-timecode-type': 'ABSOLUTE' });
    assert.equal(reply.acks.at(-1)?.ErrorId, 4007);
  });

  it('refuses a fragment that another connection brought', async () => {
    const start = { 'x-amzn-producer-start-timestamp': (Date.now() / 1000).toFixed(3) };
    await put(GOOD, start);
    await store().ended();
    const again = await put([makeHeader(), ...makeFragments(1, 4000)], start);
    assert.deepEqual(codes(again), ['FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS']);
    await store().ended();
    const next = await put([makeHeader(), ...makeFragments(1, 6000)], start);
    assert.equal(next.acks.length, 3);
  });

  it('accepts a last fragment that is short', async () => {
    const reply = await put([makeHeader(), makeCluster(0, goodFrames(300))]);
    assert.equal(reply.acks.at(-1)?.EventType, 'PERSISTED');
  });

  it('ends a connection that is too old by 4003', async () => {
    double.media.options = { ...double.media.options, maxConnectionMs: -1 };
    const reply = await put(GOOD);
    double.media.options = { ...double.media.options, maxConnectionMs: 60_000 };
    assert.equal(reply.acks.at(-1)?.ErrorId, 4003);
  });

  const heads: readonly [string, Record<string, string>, string][] = [
    ['no stream', { 'x-amzn-stream-name': '' }, 'InvalidArgumentException'],
    ['an absent stream', { 'x-amzn-stream-name': 'absent' }, 'ResourceNotFoundException'],
    ['no timecode type', { 'x-amzn-fragment-timecode-type': '' }, 'InvalidArgumentException'],
    ['a time in ms', { 'x-amzn-producer-start-timestamp': '1735228800123' }, 'Invalid'],
    ['a close', { connection: 'close' }, 'InvalidArgumentException'],
  ];
  for (const [what, headers, type] of heads) {
    it(`refuses ${what}`, async () => {
      const reply = await put(GOOD, headers);
      assert.ok(reply.errorType.startsWith(type), reply.errorType);
    });
  }

  it('refuses a wrong signature', async () => {
    const credentials = { ...DEFAULT_KVS_KEY, secretAccessKey: 'wrong' };
    const reply = await putMedia({ double, streamName, body: GOOD, credentials });
    assert.equal(reply.status, 403);
    assert.equal(reply.errorType, 'InvalidSignatureException');
  });

  it('admits one connection at a time, and five in a second', async () => {
    let finish: (() => void) | undefined;
    async function* body(): AsyncGenerator<Buffer> {
      yield makeHeader();
      await new Promise<void>((resolve) => (finish = resolve));
    }
    const first = put(body());
    await store().connected(1);
    assert.equal((await put(GOOD)).errorType, 'ConnectionLimitExceededException');
    finish?.();
    await first;
    await store().ended();
    for (let i = 0; i < 3; i += 1) await put([]);
    assert.equal((await put(GOOD)).errorType, 'ClientLimitExceededException');
  });

  for (const errorId of PUT_MEDIA_ERROR_IDS) {
    it(`says ${errorId} when told to`, async () => {
      double.media.inject(streamName, 1, { kind: 'error', errorId });
      const reply = await put(GOOD);
      assert.equal(reply.acks.at(-1)?.ErrorId, errorId);
      assert.equal(store().fragments.length, 1);
    });
  }

  const mishaps: readonly [string, MediaMishap, number, boolean][] = [
    ['a cut at the beginning', { kind: 'cut', when: 'begin' }, 0, true],
    ['a cut in the middle', { kind: 'cut', when: 'middle' }, 0, true],
    ['a cut before the acknowledgement', { kind: 'cut', when: 'end' }, 1, true],
    ['silence', { kind: 'stall' }, 2, false],
    ['a polite end', { kind: 'finish' }, 0, false],
  ];
  for (const [what, mishap, unacknowledged, isBroken] of mishaps) {
    it(`lets happen ${what}`, async () => {
      double.media.inject(streamName, 1, mishap);
      const reply = await put(GOOD);
      await store().ended();
      assert.equal(store().fragments.length, 1);
      assert.equal(store().unacknowledged.length, unacknowledged);
      assert.equal(reply.isBroken, isBroken);
      const isAck = ({ EventType }: { EventType: string }): boolean => EventType === 'RECEIVED';
      assert.equal(reply.acks.filter(isAck).length, isBroken ? reply.acks.length && 1 : 1);
    });
  }

  it('says IDLE while nothing comes, and persists late when told to', async () => {
    const { options } = double.media;
    double.media.options = { ...options, idleMs: 10, persistDelayMs: 20 };
    let wake: (() => void) | undefined;
    async function* body(): AsyncGenerator<Buffer> {
      yield Buffer.concat([makeHeader(), ...makeFragments(1)]);
      await new Promise<void>((resolve) => (wake = resolve));
    }
    const reply = await putMedia({
      ...{ double, streamName, body: body() },
      onAck: ({ EventType }) => {
        if (EventType === 'IDLE') wake?.();
      },
    });
    double.media.options = options;
    const types = new Set(reply.acks.map(({ EventType }) => EventType));
    assert.deepEqual([...types].sort(), ['BUFFERING', 'IDLE', 'PERSISTED', 'RECEIVED']);
    assert.equal(store().fragments[0]?.isPersisted, true);
  });

  it('splits acknowledgements, mixes junk in, and stays after an error when told to', async () => {
    const { options } = double.media;
    double.media.options = { ...options, splitsObjects: true, separator: '' };
    double.media.inject(streamName, 0, { kind: 'junk', text: 'junk' });
    const mishap = { kind: 'error', errorId: 5001, when: 'end', keepsOpen: true } as const;
    double.media.inject(streamName, 1, mishap);
    const reply = await put(GOOD);
    double.media.options = options;
    assert.ok(reply.text.startsWith('junk{'), reply.text);
    assert.ok(!reply.text.includes('\n'));
    assert.ok(reply.chunkCount > reply.acks.length);
    assert.deepEqual(
      store().fragments.map(({ timecodeMs }) => timecodeMs),
      [0, 4000],
    );
  });
});

describe('MkvReader', () => {
  it('tells the same of any partition into chunks, and survives any bytes', () => {
    const bytes = Buffer.concat(GOOD);
    const read = (chunks: readonly Buffer[]): readonly MkvEvent[] => {
      const reader = new MkvReader(PUT_MEDIA_DEFAULTS.maxFragmentBytes);
      return [...chunks.flatMap((chunk) => [...reader.push(chunk)]), ...reader.end()];
    };
    const whole = read([bytes]);
    const cuts = fc.array(fc.nat(bytes.length), { maxLength: 8 });
    fc.assert(
      fc.property(cuts, (list) => {
        const places = [0, ...list.sort((a, b) => a - b), bytes.length];
        const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end));
        assert.deepEqual(read(chunks), whole);
      }),
      { numRuns: 30 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(bytes.length), (junk, at) => {
        try {
          read([bytes.subarray(0, at), Buffer.from(junk)]);
        } catch (error) {
          // Junk may be a size that is beyond every bound.
          const code = error instanceof Error ? error.message.split(':')[0] : '';
          assert.match(code ?? '', /^(?:INVALID_MKV_DATA|MAX_FRAGMENT_SIZE_REACHED)$/u);
        }
      }),
      { numRuns: 200 },
    );
  });
});
