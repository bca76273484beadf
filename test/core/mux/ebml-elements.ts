// Takes EBML apart for tests, by RFC 8794 and without the code under test.

/** An element with its data, or with its children when it is a master. */
export interface EbmlElement {
  readonly id: number;
  /** Undefined for an unknown size. */
  readonly sizeBytes: number | undefined;
  readonly data: Uint8Array;
  readonly children: readonly EbmlElement[];
}

/** Masters of Matroska: EBML, Segment, Info, Tracks, TrackEntry, Video, Audio, Cluster, Tags, Tag, SimpleTag. */
const MASTERS: readonly number[] = [
  0x1a45dfa3, 0x18538067, 0x1549a966, 0x1654ae6b, 0xae, 0xe0, 0xe1, 0x1f43b675, 0x1254c367, 0x7373,
  0x67c8,
];

/** Elements one after the other. Throws when they do not fill `bytes` exactly. */
export function ebmlElements(bytes: Uint8Array): EbmlElement[] {
  const elements: EbmlElement[] = [];
  let position = 0;
  while (position < bytes.length) {
    const idLength = Math.clz32(bytes[position] ?? 0) - 23;
    const id = bigEndian(bytes.subarray(position, position + idLength));
    position += idLength;
    const sizeLength = Math.clz32(bytes[position] ?? 0) - 23;
    const field = bytes.slice(position, position + sizeLength);
    position += sizeLength;
    field[0] = (field[0] ?? 0) & (0xff >> sizeLength);
    const isUnknown =
      field[0] === 0xff >> sizeLength && field.subarray(1).every((byte) => byte === 0xff);
    const sizeBytes = isUnknown ? undefined : bigEndian(field);
    const end = sizeBytes === undefined ? bytes.length : position + sizeBytes;
    if (idLength > 4 || sizeLength > 8 || end > bytes.length) {
      throw new Error(`element ${id.toString(16)} ends at ${end} of ${bytes.length}`);
    }
    const data = bytes.subarray(position, end);
    const children = MASTERS.includes(id) ? ebmlElements(data) : [];
    elements.push({ id, sizeBytes, data, children });
    position = end;
  }
  return elements;
}

/** The first element under a path of identifiers. */
export function findElement(
  elements: readonly EbmlElement[],
  ...path: readonly number[]
): EbmlElement | undefined {
  const [id, ...rest] = path;
  const found = elements.find((element) => element.id === id);
  return found === undefined || rest.length === 0 ? found : findElement(found.children, ...rest);
}

/** An unsigned integer. */
export function bigEndian(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

/** A SimpleBlock taken apart. */
export interface FoundBlock {
  readonly track: number;
  readonly relativeMs: number;
  readonly isKeyFrame: boolean;
  readonly lacing: number;
  readonly payload: Uint8Array;
}

/** Timestamp and blocks of a Cluster element. */
export function clusterOf(cluster: EbmlElement): {
  readonly timestampMs: number;
  readonly blocks: readonly FoundBlock[];
} {
  const [timestamp, ...blocks] = cluster.children;
  if (timestamp?.id !== 0xe7) throw new Error('a Cluster has to begin with its Timestamp');
  return { timestampMs: bigEndian(timestamp.data), blocks: blocks.map(blockOf) };
}

function blockOf({ id, data }: EbmlElement): FoundBlock {
  if (id !== 0xa3) throw new Error(`no SimpleBlock: ${id.toString(16)}`);
  const view = new DataView(data.buffer, data.byteOffset);
  const flags = data[3] ?? 0;
  return {
    track: (data[0] ?? 0) & 0x7f,
    relativeMs: view.getInt16(1),
    isKeyFrame: (flags & 0x80) !== 0,
    lacing: (flags >> 1) & 3,
    payload: data.subarray(4),
  };
}
