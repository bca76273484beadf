// Wraps single frames into a Matroska stream (RFC 9559), which gives each its size and its number.

/** Codecs that can be wrapped. */
export type WrappedCodecName = 'H264' | 'H265' | 'VP8' | 'VP9' | 'AV1';

/** RFC 9559 section 27.1 and the codec registry beside it; NAL units lie in Annex B without private data. */
const CODEC_IDS: Readonly<Record<WrappedCodecName, string>> = {
  H264: 'V_MPEG4/ISO/AVC',
  H265: 'V_MPEGH/ISO/HEVC',
  VP8: 'V_VP8',
  VP9: 'V_VP9',
  AV1: 'V_AV1',
};
const ElementId = {
  ebml: 0x1a45dfa3,
  ebmlVersion: 0x4286,
  ebmlReadVersion: 0x42f7,
  ebmlMaxIdLength: 0x42f2,
  ebmlMaxSizeLength: 0x42f3,
  docType: 0x4282,
  docTypeVersion: 0x4287,
  docTypeReadVersion: 0x4285,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  codecId: 0x86,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
} as const;
/** A size of 8 bytes: marker bit, then 56 bits. */
const SIZE_BYTES = 8;
const TRACK_NUMBER = 1;
const NANOSECONDS_PER_TICK = 1_000_000;
/** The number lies in a cluster's timestamp; clocks of readers stay exact far beyond that. */
const TIMESTAMP_BYTES = 6;
/** Track number, relative timestamp 0, key frame flag. */
const BLOCK_HEADER = Buffer.from([0x80 | TRACK_NUMBER, 0, 0, 0x80]);

/** What stands before the first frame: a segment of unknown length with one video track. */
export function matroskaStreamHead(codecName: WrappedCodecName): Buffer {
  const head = element(
    ElementId.ebml,
    uint(ElementId.ebmlVersion, 1),
    uint(ElementId.ebmlReadVersion, 1),
    uint(ElementId.ebmlMaxIdLength, 4),
    uint(ElementId.ebmlMaxSizeLength, 8),
    element(ElementId.docType, Buffer.from('matroska')),
    uint(ElementId.docTypeVersion, 4),
    uint(ElementId.docTypeReadVersion, 2),
  );
  const segment = Buffer.concat([id(ElementId.segment), Buffer.from('01ffffffffffffff', 'hex')]);
  const info = element(ElementId.info, uint(ElementId.timestampScale, NANOSECONDS_PER_TICK));
  const track = element(
    ElementId.trackEntry,
    uint(ElementId.trackNumber, TRACK_NUMBER),
    uint(ElementId.trackUid, TRACK_NUMBER),
    uint(ElementId.trackType, 1),
    element(ElementId.codecId, Buffer.from(CODEC_IDS[codecName])),
    // Required, but only what the frames say counts.
    element(ElementId.video, uint(ElementId.pixelWidth, 64), uint(ElementId.pixelHeight, 64)),
  );
  return Buffer.concat([head, segment, info, element(ElementId.tracks, track)]);
}

/** What stands before a frame of `sizeBytes` whose timestamp is `number` milliseconds. */
export function matroskaFrameHead(number: number, sizeBytes: number): Buffer {
  const timestamp = Buffer.alloc(TIMESTAMP_BYTES);
  timestamp.writeUIntBE(number, 0, TIMESTAMP_BYTES);
  const clusterTime = element(ElementId.timestamp, timestamp);
  const blockHead = [
    id(ElementId.simpleBlock),
    size(BLOCK_HEADER.length + sizeBytes),
    BLOCK_HEADER,
  ];
  const inside = Buffer.concat([clusterTime, ...blockHead]);
  return Buffer.concat([id(ElementId.cluster), size(inside.length + sizeBytes), inside]);
}

function element(elementId: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([id(elementId), size(content.length), content]);
}

function uint(elementId: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return element(elementId, bytes);
}

function id(elementId: number): Buffer {
  const hex = elementId.toString(16);
  return Buffer.from(hex, 'hex');
}

function size(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(SIZE_BYTES);
  bytes.writeBigUInt64BE(BigInt(sizeBytes) | (1n << 56n));
  return bytes;
}
