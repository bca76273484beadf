// Tests of the Ogg reader: packets come out whole however the pipe cuts them, and garbage does no harm.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OggOpusReader } from '../../../core/transcode/ogg-opus-reader.ts';

/** Pages of at most `maxSegments` lacing values, as an Ogg muxer would write them. */
function oggPages(packets: readonly Uint8Array[], maxSegments = 255): Buffer {
  const segments: { readonly lacing: number; readonly bytes: Uint8Array }[] = [];
  for (const packet of packets) {
    let offset = 0;
    for (; packet.length - offset >= 255; offset += 255) {
      segments.push({ lacing: 255, bytes: packet.subarray(offset, offset + 255) });
    }
    segments.push({ lacing: packet.length - offset, bytes: packet.subarray(offset) });
  }
  const pages: Buffer[] = [];
  for (let start = 0; start < segments.length; start += maxSegments) {
    const slice = segments.slice(start, start + maxSegments);
    const header = Buffer.alloc(27);
    header.write('OggS');
    header[26] = slice.length;
    const table = Buffer.from(slice.map((segment) => segment.lacing));
    pages.push(header, table, ...slice.map((segment) => Buffer.from(segment.bytes)));
  }
  return Buffer.concat(pages);
}

const HEADERS = [Buffer.from('OpusHead........'), Buffer.from('OpusTags')];

function read(chunks: readonly Uint8Array[]): { packets: string[]; reader: OggOpusReader } {
  const packets: string[] = [];
  const reader = new OggOpusReader((packet) => packets.push(Buffer.from(packet).toString('hex')));
  for (const chunk of chunks) reader.push(chunk);
  return { packets, reader };
}

describe('OggOpusReader', () => {
  it('leaves out the two header packets', () => {
    const { packets } = read([oggPages([...HEADERS, Buffer.from('aa', 'hex')])]);
    assert.deepEqual(packets, ['aa']);
  });

  it('joins a packet that crosses pages', () => {
    const long = Buffer.alloc(1000, 7);
    const { packets } = read([oggPages([...HEADERS, long], 2)]);
    assert.deepEqual(packets, [long.toString('hex')]);
  });

  it('finds the next page behind garbage', () => {
    const stream = oggPages([...HEADERS, Buffer.from('aabb', 'hex')]);
    const { packets, reader } = read([Buffer.from('garbage'), stream]);
    assert.deepEqual(packets, ['aabb']);
    assert.equal(reader.skippedBytes, 7);
  });

  it('gives every packet whole, however the pipe cuts the stream', () => {
    const packetSizes = fc.array(fc.integer({ min: 1, max: 1200 }), { maxLength: 12 });
    const cuts = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(packetSizes, cuts, fc.integer({ min: 1, max: 255 }), (sizes, steps, segments) => {
        const sent = sizes.map((size, index) => Buffer.alloc(size, index + 1));
        const stream = oggPages([...HEADERS, ...sent], segments);
        const chunks: Buffer[] = [];
        let offset = 0;
        for (let step = 0; offset < stream.length; step++) {
          const length = steps[step % steps.length] ?? 1;
          chunks.push(stream.subarray(offset, offset + length));
          offset += length;
        }
        assert.deepEqual(
          read(chunks).packets,
          sent.map((packet) => packet.toString('hex')),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('survives random bytes within bounded memory', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 5 }), (chunks) => {
        read(chunks.map((chunk) => Buffer.concat([Buffer.from('OggS'), chunk])));
      }),
      { numRuns: 2000 },
    );
  });
});
