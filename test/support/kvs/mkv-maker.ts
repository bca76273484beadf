// Writes small Matroska files, right or wrong in chosen places, for tests of the sink itself.

/** A frame to write. */
export interface MadeFrame {
  readonly track: number;
  readonly ms: number;
  readonly isKey?: boolean;
  readonly data?: Buffer;
}

/** One IDR or one other slice, by its length and its first byte. */
const IDR = Buffer.from('000000026588', 'hex');
const SLICE = Buffer.from('000000024188', 'hex');
const AAC = Buffer.from('21100504', 'hex');
const AVCC = Buffer.from('0142001fffe100046742001f01000268ce', 'hex');
const ASC = Buffer.from('1190', 'hex');

/** An element whose size is written in 8 bytes, or unknown. */
export function element(id: string, data: Buffer | string, isUnknown = false): Buffer {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(bytes.length));
  size[0] = 0x01;
  const unknown = Buffer.from('01ffffffffffffff', 'hex');
  return Buffer.concat([Buffer.from(id, 'hex'), isUnknown ? unknown : size, bytes]);
}

/** What may differ in a header. */
export interface MadeHeader {
  readonly docType?: string;
  readonly timestampScale?: number;
  /** Codec of each track; H.264 and AAC by default. */
  readonly codecs?: readonly string[];
  readonly avcc?: Buffer;
  /** Names of tags in the Segment. */
  readonly tags?: readonly string[];
}

/** EBML header, Segment of unknown size, Info, Tracks. */
export function makeHeader(options: MadeHeader = {}): Buffer {
  const { docType = 'matroska', timestampScale = 1_000_000, avcc = AVCC } = options;
  const { codecs = ['V_MPEG4/ISO/AVC', 'A_AAC'], tags = [] } = options;
  const tracks = codecs.map((codecId, index) => {
    const isVideo = codecId.startsWith('V_');
    const size = Buffer.concat([element('b0', integer(320)), element('ba', integer(240))]);
    return element(
      'ae',
      Buffer.concat([
        element('d7', integer(index + 1)),
        element('83', integer(isVideo ? 1 : 2)),
        element('86', codecId),
        element('63a2', isVideo ? avcc : ASC),
        isVideo ? element('e0', size) : element('e1', element('9f', integer(1))),
      ]),
    );
  });
  const info = [
    element('2ad7b1', integer(timestampScale)),
    element('4d80', 'maker'),
    element('5741', 'maker'),
  ];
  return Buffer.concat([
    element('1a45dfa3', element('4282', docType)),
    element('18538067', Buffer.alloc(0), true),
    element('1549a966', Buffer.concat(info)),
    element('1654ae6b', Buffer.concat(tracks)),
    ...(tags.length === 0 ? [] : [makeTags(tags)]),
  ]);
}

/** A Tags element with these names. */
export function makeTags(names: readonly string[], value = 'v'): Buffer {
  const simple = names.map((name) =>
    element('67c8', Buffer.concat([element('45a3', name), element('4487', value)])),
  );
  return element('1254c367', element('7373', Buffer.concat(simple)));
}

/** A Cluster of these frames. */
export function makeCluster(
  timecodeMs: number,
  frames: readonly MadeFrame[],
  isUnknown = false,
): Buffer {
  const blocks = frames.map(({ track, ms, isKey = track !== 1, data }) => {
    const head = Buffer.alloc(4);
    head[0] = 0x80 | track;
    head.writeInt16BE(ms, 1);
    head[3] = isKey ? 0x80 : 0;
    const picture = isKey ? IDR : SLICE;
    return element('a3', Buffer.concat([head, data ?? (track === 1 ? picture : AAC)]));
  });
  return element(
    '1f43b675',
    Buffer.concat([element('e7', integer(timecodeMs)), ...blocks]),
    isUnknown,
  );
}

/** Frames of a good fragment: video from a key frame each 100 ms, audio each 200 ms. */
export function goodFrames(durationMs = 2_000): MadeFrame[] {
  const frames: MadeFrame[] = [];
  for (let ms = 0; ms < durationMs; ms += 100) {
    frames.push({ track: 1, ms, isKey: ms === 0 });
    if (ms % 200 === 0) frames.push({ track: 2, ms });
  }
  return frames;
}

/** Good fragments of 2 s each. */
export function makeFragments(count: number, startMs = 0): Buffer[] {
  return Array.from({ length: count }, (_, index) =>
    makeCluster(startMs + index * 2_000, goodFrames(), index % 2 === 1),
  );
}

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
