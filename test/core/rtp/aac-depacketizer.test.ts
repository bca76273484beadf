// Tests of taking AAC access units out of RFC 3640 packets.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Mpeg4AudioCodec } from '../../../core/codec/codec.ts';
import { AacDepacketizer } from '../../../core/rtp/aac-depacketizer.ts';
import { countingBytes, rtpPacketOf } from './rtp-packets.ts';

const CODEC: Mpeg4AudioCodec = {
  name: 'MPEG-4 Audio',
  clockRateHz: 48000,
  sampleRateHz: 48000,
  channelCount: 2,
  config: Uint8Array.of(0x11, 0x90),
  framing: { type: 'generic', sizeLength: 13, indexLength: 3, indexDeltaLength: 3 },
};

/** A packet with AU headers of 13 bits size and 3 bits index. */
function payloadOf(units: readonly Uint8Array[], announced?: readonly number[]): number[] {
  const sizes = announced ?? units.map((unit) => unit.length);
  const headers = sizes.flatMap((size) => [(size << 3) >> 8, (size << 3) & 0xff]);
  return [
    (sizes.length * 16) >> 8,
    (sizes.length * 16) & 0xff,
    ...headers,
    ...units.flatMap((unit) => [...unit]),
  ];
}

class Bench {
  readonly units: { readonly bytes: number[]; readonly ticks: number }[] = [];
  readonly depacketizer: AacDepacketizer;

  constructor(codec: Mpeg4AudioCodec = CODEC) {
    this.depacketizer = new AacDepacketizer(codec, this);
  }

  onAccessUnit(accessUnit: Uint8Array, ticks: number): void {
    this.units.push({ bytes: [...accessUnit], ticks });
  }

  push(payload: ArrayLike<number>, timestampTicks = 0, isMarked = true): boolean {
    return this.depacketizer.push(rtpPacketOf(payload, { timestampTicks, isMarked }));
  }
}

describe('AacDepacketizer', () => {
  it('gives seven access units of one packet their own timestamps', () => {
    const bench = new Bench();
    const units = Array.from({ length: 7 }, (_, index) => countingBytes(150 + index, index));
    assert.equal(bench.push(payloadOf(units), 0xfffffc00), true);
    assert.deepEqual(
      bench.units.map(({ bytes }) => bytes),
      units.map((unit) => [...unit]),
    );
    assert.deepEqual(
      bench.units.map(({ ticks }) => ticks),
      [0xfffffc00, 0, 1024, 2048, 3072, 4096, 5120],
    );
  });

  it('counts 2048 ticks per frame when the RTP clock runs at the SBR rate', () => {
    // HE-AAC: core 24 kHz, output 48 kHz.
    const config = Uint8Array.of(0x2b, 0x11, 0x88, 0x00);
    const bench = new Bench({ ...CODEC, config, sampleRateHz: 24000 });
    bench.push(payloadOf([countingBytes(10), countingBytes(10)]));
    assert.deepEqual(
      bench.units.map(({ ticks }) => ticks),
      [0, 2048],
    );
  });

  it('rounds the ticks of a clock that does not divide the frame', () => {
    const config = Uint8Array.of(0x12, 0x10);
    const bench = new Bench({ ...CODEC, config, sampleRateHz: 44100, clockRateHz: 90000 });
    bench.push(payloadOf([1, 2, 3].map((first) => countingBytes(4, first))));
    assert.deepEqual(
      bench.units.map(({ ticks }) => ticks),
      [0, 2090, 4180],
    );
  });

  it('reads the headers of mode AAC-lbr', () => {
    const framing = {
      type: 'generic',
      sizeLength: 6,
      indexLength: 2,
      indexDeltaLength: 2,
    } as const;
    const bench = new Bench({ ...CODEC, framing });
    assert.equal(bench.push([0, 16, 2 << 2, 3 << 2, 1, 2, 3, 4, 5]), true);
    assert.deepEqual(
      bench.units.map(({ bytes }) => bytes),
      [
        [1, 2],
        [3, 4, 5],
      ],
    );
  });

  it('places interleaved access units by their index delta', () => {
    const bench = new Bench();
    const payload = payloadOf([countingBytes(2), countingBytes(2)]);
    payload[5] = (payload[5] ?? 0) | 2;
    bench.push(payload, 100);
    assert.deepEqual(
      bench.units.map(({ ticks }) => ticks),
      [100, 100 + 3 * 1024],
    );
  });

  it('joins the fragments of a long access unit', () => {
    const bench = new Bench();
    const unit = countingBytes(3000);
    const cuts = [unit.subarray(0, 1400), unit.subarray(1400, 2800), unit.subarray(2800)];
    const answers = cuts.map((cut, index) => bench.push(payloadOf([cut], [3000]), 77, index === 2));
    assert.deepEqual(answers, [true, true, true]);
    assert.deepEqual(bench.units, [{ bytes: [...unit], ticks: 77 }]);
  });

  it('drops an access unit whose last fragment is missing', () => {
    const bench = new Bench();
    bench.push(payloadOf([countingBytes(1400)], [3000]), 0, false);
    assert.equal(bench.push(payloadOf([countingBytes(20)]), 1024), false);
    assert.deepEqual(
      bench.units.map(({ ticks }) => ticks),
      [1024],
    );
    assert.equal(bench.push(payloadOf([countingBytes(20)]), 2048), true);
  });

  it('drops an access unit that a marker ends too early', () => {
    const bench = new Bench();
    assert.equal(bench.push(payloadOf([countingBytes(1400)], [3000]), 0, true), false);
    assert.deepEqual(bench.units, []);
  });

  it('forgets fragments at reset', () => {
    const bench = new Bench();
    bench.push(payloadOf([countingBytes(1000)], [2000]), 0, false);
    bench.depacketizer.reset();
    bench.push(payloadOf([countingBytes(1000)], [2000]), 0, true);
    assert.deepEqual(bench.units, []);
  });

  it('takes ADTS headers off', () => {
    const bench = new Bench();
    bench.push(payloadOf([Uint8Array.of(0xff, 0xf1, 0x4c, 0x80, 0x01, 0x3f, 0xfc, 0x21, 0x22)]));
    assert.deepEqual(
      bench.units.map(({ bytes }) => bytes),
      [[0x21, 0x22]],
    );
  });

  for (const [fault, payload] of [
    ['an empty payload', []],
    ['one byte', [0]],
    ['headers longer than the packet', [0xff, 0xff, 1, 2]],
    ['headers shorter than one header', [0, 8, 1, 2]],
    ['no data', [0, 16, 0, 8]],
    ['a size beyond what AAC can have', [0, 16, 0xff, 0xff, 1]],
  ] as const) {
    it(`refuses ${fault}`, () => {
      const bench = new Bench();
      assert.equal(bench.push(payload), false);
      assert.deepEqual(bench.units, []);
    });
  }

  it('hands out no more than the packet holds and never throws', () => {
    const framings = fc.record(
      {
        type: fc.constant('generic' as const),
        sizeLength: fc.integer({ min: 0, max: 32 }),
        indexLength: fc.integer({ min: 0, max: 32 }),
        indexDeltaLength: fc.integer({ min: 0, max: 32 }),
      },
      { noNullPrototype: true },
    );
    const header = fc.oneof(fc.integer({ min: 0, max: 80 }), fc.integer({ min: 0, max: 65535 }));
    fc.assert(
      fc.property(framings, header, fc.uint8Array({ maxLength: 60 }), (framing, bits, rest) => {
        const bench = new Bench({ ...CODEC, framing });
        const payload = [bits >> 8, bits & 0xff, ...rest];
        for (const isMarked of [false, true]) bench.push(payload, 5, isMarked);
        const total = bench.units.reduce((sum, { bytes }) => sum + bytes.length, 0);
        assert.ok(total <= 2 * rest.length);
      }),
      { numRuns: 10_000 },
    );
  });
});
