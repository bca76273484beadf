// Tests of the live Matroska writer: header, clusters, tags, codecs.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import type { Codec } from '../../../core/codec/codec.ts';
import { buildClusterStart, MatroskaCluster } from '../../../core/mux/matroska-cluster.ts';
import { createMatroskaFormat } from '../../../core/mux/matroska-format.ts';
import { buildMatroskaHeader } from '../../../core/mux/matroska-header.ts';
import { buildMatroskaTags } from '../../../core/mux/matroska-tags.ts';
import { DAHUA_H265, fromBase64 } from '../../support/camera-parameter-sets.ts';
import {
  bigEndian,
  clusterOf,
  ebmlElements,
  findElement,
  type EbmlElement,
} from './ebml-elements.ts';
import { AAC, H264 } from './mux-media.ts';

const UUID = Uint8Array.from({ length: 16 }, (_, index) => index);
const H265: Codec = {
  name: 'H265',
  clockRateHz: 90000,
  vps: fromBase64(DAHUA_H265.vps),
  sps: fromBase64(DAHUA_H265.sps),
  pps: fromBase64(DAHUA_H265.pps),
};
const PCMA: Codec = { name: 'G711', clockRateHz: 8000, channelCount: 1, isMuLaw: false };
const SEGMENT = 0x18538067;
const TRACKS = 0x1654ae6b;
const ENTRY = 0xae;

function header(...codecs: readonly Codec[]): EbmlElement[] {
  const formats = codecs.map(createMatroskaFormat);
  return ebmlElements(
    buildMatroskaHeader(formats, { segmentUuid: UUID, application: 'mediamtx-pro' }),
  );
}

function entries(...codecs: readonly Codec[]): readonly EbmlElement[] {
  return findElement(header(...codecs), SEGMENT, TRACKS)?.children ?? [];
}

function uint(entry: EbmlElement | undefined, ...path: number[]): number {
  return bigEndian(findElement(entry?.children ?? [], ...path)?.data ?? new Uint8Array(0));
}

function float(entry: EbmlElement | undefined, ...path: number[]): number {
  const data = findElement(entry?.children ?? [], ...path)?.data ?? new Uint8Array(8);
  return new DataView(data.buffer, data.byteOffset).getFloat64(0);
}

function text(element: EbmlElement | undefined): string {
  return Buffer.from(element?.data ?? []).toString();
}

describe('buildMatroskaHeader()', () => {
  it('begins with the EBML header of Matroska', () => {
    const [ebml] = header(H264);
    assert.equal(ebml?.id, 0x1a45dfa3);
    assert.equal(text(findElement(ebml.children, 0x4282)), 'matroska');
    assert.deepEqual(
      [0x4286, 0x42f7, 0x42f2, 0x42f3, 0x4287, 0x4285].map((id) => uint(ebml, id)),
      [1, 1, 4, 8, 4, 2],
    );
  });

  it('leaves the end of the segment open', () => {
    const segment = header(H264).find(({ id }) => id === SEGMENT);
    assert.equal(segment?.sizeBytes, undefined);
    const info = findElement(segment?.children ?? [], 0x1549a966);
    assert.deepEqual(findElement(info?.children ?? [], 0x73a4)?.data, UUID);
    assert.equal(uint(info, 0x2ad7b1), 1_000_000);
    assert.equal(text(findElement(info?.children ?? [], 0x4d80)), 'mediamtx-pro');
    assert.equal(text(findElement(info?.children ?? [], 0x5741)), 'mediamtx-pro');
  });

  it('declares video with its decoder configuration and size', () => {
    const [entry] = entries(H264);
    assert.equal(entry?.id, ENTRY);
    assert.deepEqual([uint(entry, 0xd7), uint(entry, 0x73c5), uint(entry, 0x83)], [1, 1, 1]);
    assert.equal(text(findElement(entry.children, 0x86)), 'V_MPEG4/ISO/AVC');
    assert.equal(findElement(entry.children, 0x63a2)?.data[0], 1);
    assert.deepEqual([uint(entry, 0xe0, 0xb0), uint(entry, 0xe0, 0xba)], [704, 480]);
    const [hevc] = entries(H265);
    assert.equal(text(findElement(hevc?.children ?? [], 0x86)), 'V_MPEGH/ISO/HEVC');
  });

  it('declares AAC as the second track, with its AudioSpecificConfig', () => {
    const [, entry] = entries(H264, AAC);
    assert.deepEqual([uint(entry, 0xd7), uint(entry, 0x83), uint(entry, 0x9c)], [2, 2, 0]);
    assert.equal(text(findElement(entry?.children ?? [], 0x86)), 'A_AAC');
    assert.deepEqual(findElement(entry?.children ?? [], 0x63a2)?.data, AAC.config);
    assert.deepEqual([float(entry, 0xe1, 0xb5), uint(entry, 0xe1, 0x9f)], [48000, 2]);
  });

  it('declares the rate that is heard for AAC with spectral band replication', () => {
    const config = Buffer.from('2b098800', 'hex');
    const [entry] = entries({ ...AAC, config });
    assert.deepEqual([float(entry, 0xe1, 0xb5), float(entry, 0xe1, 0x78b5)], [24000, 48000]);
  });

  it('declares G.711 by its WAVEFORMATEX', () => {
    const [entry] = entries(PCMA);
    const codecPrivate = findElement(entry?.children ?? [], 0x63a2)?.data ?? [];
    assert.equal(text(findElement(entry?.children ?? [], 0x86)), 'A_MS/ACM');
    assert.equal(
      Buffer.from(codecPrivate).toString('hex'),
      '06000100' + '401f0000' + '401f0000' + '0100' + '0800' + '0000',
    );
    assert.equal(uint(entry, 0xe1, 0x6264), 8);
  });
});

describe('createMatroskaFormat()', () => {
  it('refuses codecs that it does not know, and video without parameter sets', () => {
    const codeOf = (codec: Codec): string | undefined => {
      try {
        createMatroskaFormat(codec);
        return undefined;
      } catch (thrown) {
        return thrown instanceof MediaError ? thrown.code : 'other';
      }
    };
    assert.equal(codeOf({ name: 'VP8', clockRateHz: 90000 }), 'codec-not-in-container');
    const bare: Codec = { name: 'H264', clockRateHz: 90000, packetizationMode: 1 };
    assert.equal(codeOf(bare), 'no-parameter-sets');
    assert.equal(codeOf({ ...H264, sps: Uint8Array.of(0x67) }), 'bad-parameter-set');
  });
});

describe('MatroskaCluster', () => {
  const block = fc.record({
    trackNumber: fc.integer({ min: 1, max: 126 }),
    relativeMs: fc.integer({ min: -32768, max: 32767 }),
    isKeyFrame: fc.boolean(),
    chunks: fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), {
      minLength: 1,
      maxLength: 4,
    }),
  });

  it('comes back block by block', () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 12 }), fc.nat(2 ** 31), (blocks, low) => {
        const timestampMs = low * 1024;
        const cluster = new MatroskaCluster();
        for (const { chunks, ...fields } of blocks) {
          const sizeBytes = chunks.reduce((sum, { length }) => sum + length, 0);
          assert.ok(cluster.add({ ...fields, chunks, sizeBytes }));
        }
        const { sizeBytes } = cluster;
        const content = cluster.finish();
        const bytes = Buffer.concat([buildClusterStart(timestampMs, content.length), content]);
        assert.equal(bytes.length, sizeBytes);
        const [element, ...rest] = ebmlElements(bytes);
        assert.ok(element && rest.length === 0);
        const found = clusterOf(element);
        assert.equal(found.timestampMs, timestampMs);
        assert.deepEqual(
          found.blocks.map(({ payload, ...fields }) => ({ ...fields, payload: [...payload] })),
          blocks.map(({ trackNumber, relativeMs, isKeyFrame, chunks }) => ({
            track: trackNumber,
            relativeMs,
            isKeyFrame,
            lacing: 0,
            payload: chunks.flatMap((chunk) => [...chunk]),
          })),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('refuses what a SimpleBlock cannot say', () => {
    const cluster = new MatroskaCluster();
    const good = {
      trackNumber: 1,
      relativeMs: 0,
      isKeyFrame: true,
      chunks: [Uint8Array.of(1)],
      sizeBytes: 1,
    };
    assert.equal(cluster.add({ ...good, relativeMs: 32_768 }), false);
    assert.equal(cluster.add({ ...good, relativeMs: -32_769 }), false);
    assert.equal(cluster.add({ ...good, trackNumber: 127 }), false);
    assert.equal(cluster.add({ ...good, trackNumber: 0 }), false);
    assert.equal(cluster.add({ ...good, sizeBytes: 0 }), false);
    assert.equal(cluster.add(good), true);
  });
});

describe('buildMatroskaTags()', () => {
  it('writes names and values', () => {
    const [tags] = ebmlElements(buildMatroskaTags({ site: 'Tor', zone: 'ñ' }));
    assert.deepEqual(
      tags?.children.map(({ children }) =>
        [0x45a3, 0x4487].map((id) => text(findElement(children, 0x67c8, id))),
      ),
      [
        ['site', 'Tor'],
        ['zone', 'ñ'],
      ],
    );
    assert.equal(buildMatroskaTags({}).length, 0);
  });

  it('takes what the service takes, and refuses the next larger', () => {
    const many = (count: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, '']));
    for (const tags of [many(10), { ['n'.repeat(128)]: 'v'.repeat(256) }, { xAWS: '' }]) {
      assert.ok(buildMatroskaTags(tags).length > 0);
    }
    const refused: [Record<string, string>, RegExp][] = [
      [many(11), /11 tags are more than 10/u],
      [{ ['n'.repeat(129)]: '' }, /129 bytes/u],
      [{ ['é'.repeat(65)]: '' }, /130 bytes/u],
      [{ '': '' }, /0 bytes/u],
      [{ site: 'v'.repeat(257) }, /257 bytes/u],
      [{ AwsName: '' }, /begins with AWS/u],
    ];
    for (const [tags, message] of refused) {
      assert.throws(() => buildMatroskaTags(tags), { code: 'bad-fragment-tag', message });
    }
  });
});
