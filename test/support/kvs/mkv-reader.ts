// Matroska as it arrives at PutMedia: header, clusters, blocks, tags, each told once it is whole.
import type { EbmlElement } from './ebml-reader.ts';
import { EbmlReader, readChildren, readUnsigned } from './ebml-reader.ts';
import type { MkvInfo, MkvTag, MkvTrack } from './mkv-header.ts';
import { checkEbmlHeader, readInfo, readTags, readTracks } from './mkv-header.ts';
import { invalidMkv, PutMediaFault } from './put-media-fault.ts';

/** Everything before the first Cluster. */
export interface MkvHeader {
  readonly info: MkvInfo;
  readonly tracks: readonly MkvTrack[];
  readonly tags: readonly MkvTag[];
  readonly bytes: Buffer;
}

/** A frame. */
export interface MkvBlock {
  readonly trackNumber: number;
  /** Relative to the Cluster; ms. */
  readonly relativeMs: number;
  readonly isKey: boolean;
  readonly data: Buffer;
}

export type MkvEvent =
  | { readonly type: 'header'; readonly header: MkvHeader }
  | { readonly type: 'timecode'; readonly timecodeMs: number }
  | { readonly type: 'block'; readonly block: MkvBlock }
  | { readonly type: 'cluster'; readonly bytes: Buffer }
  | { readonly type: 'tags'; readonly tags: readonly MkvTag[]; readonly bytes: Buffer };

const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TRACKS = 0x1654ae6b;
const CLUSTER = 0x1f43b675;
const TAGS = 0x1254c367;
const TIMESTAMP = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;
const REFERENCE_BLOCK = 0xfb;
const VOID = 0xec;
const CRC = 0xbf;
/** PrevSize, Position. */
const IN_CLUSTER = new Set([TIMESTAMP, SIMPLE_BLOCK, BLOCK_GROUP, VOID, CRC, 0xab, 0xa7]);
/** SeekHead, Cues, Chapters, Attachments. */
const IGNORED = new Set([VOID, CRC, 0x114d9b74, 0x1c53bb6b, 0x1043a770, 0x1941a469]);

interface OpenCluster {
  readonly parts: Buffer[];
  /** Position of its end; undefined while nobody knows. */
  readonly end: number | undefined;
  sizeBytes: number;
  timecodeMs: number | undefined;
}

/** A Matroska stream of one connection. */
export class MkvReader {
  readonly #maxClusterBytes: number;
  readonly #ebml: EbmlReader;
  readonly #headerParts: Buffer[] = [];
  readonly #headerTags: MkvTag[] = [];
  #hasEbml = false;
  #hasSegment = false;
  #info: MkvInfo | undefined;
  #tracks: readonly MkvTrack[] | undefined;
  #isInBody = false;
  #cluster: OpenCluster | undefined;

  constructor(maxClusterBytes: number) {
    this.#maxClusterBytes = maxClusterBytes;
    this.#ebml = new EbmlReader(new Set([SEGMENT, CLUSTER]), maxClusterBytes + 1);
  }

  /** @throws PutMediaFault */
  *push(chunk: Buffer): Generator<MkvEvent> {
    for (const element of this.#ebml.push(chunk)) yield* this.#take(element);
    const size = (this.#cluster?.sizeBytes ?? 0) + this.#ebml.pendingBytes;
    if (size > this.#maxClusterBytes) throw new PutMediaFault(4001, `${size} bytes`);
  }

  /** The body is over: a Cluster of unknown size ends here. @throws PutMediaFault */
  *end(): Generator<MkvEvent> {
    const { pendingBytes } = this.#ebml;
    if (pendingBytes > 0) throw invalidMkv(`the body ends ${pendingBytes} bytes into an element`);
    if (this.#cluster?.end !== undefined) throw invalidMkv('the body ends inside a Cluster');
    yield* this.#closeCluster();
  }

  *#take(element: EbmlElement): Generator<MkvEvent> {
    const cluster = this.#cluster;
    if (cluster !== undefined) {
      if (IN_CLUSTER.has(element.id)) {
        yield* this.#takeInCluster(cluster, element);
        return;
      }
      if (cluster.end !== undefined) throw invalidMkv(`${nameOf(element)} inside a Cluster`);
      yield* this.#closeCluster();
    }
    if (element.id === CLUSTER) yield* this.#openCluster(element);
    else if (this.#isInBody) yield* this.#takeInBody(element);
    else this.#takeHeader(element);
  }

  #takeHeader(element: EbmlElement): void {
    this.#headerParts.push(element.raw);
    if (!this.#hasEbml) {
      if (element.id !== EBML) throw invalidMkv(`the body begins with ${nameOf(element)}`);
      checkEbmlHeader(element);
      this.#hasEbml = true;
      return;
    }
    if (!this.#hasSegment) {
      if (element.id === VOID) return;
      if (element.id !== SEGMENT) throw invalidMkv(`${nameOf(element)} before the Segment`);
      this.#hasSegment = true;
      return;
    }
    if (element.id === INFO) this.#info = readInfo(element);
    else if (element.id === TRACKS) this.#tracks = readTracks(element);
    else if (element.id === TAGS) this.#headerTags.push(...readTags(element));
    else if (!IGNORED.has(element.id)) throw invalidMkv(`${nameOf(element)} in the Segment`);
  }

  *#takeInBody(element: EbmlElement): Generator<MkvEvent> {
    if (element.id === TAGS) yield { type: 'tags', tags: readTags(element), bytes: element.raw };
    else if (!IGNORED.has(element.id)) {
      throw invalidMkv(`${nameOf(element)} after the first Cluster`);
    }
  }

  *#openCluster(element: EbmlElement): Generator<MkvEvent> {
    const { raw, size, dataOffset } = element;
    if (!this.#isInBody) {
      const [info, tracks] = [this.#info, this.#tracks];
      if (info === undefined || tracks === undefined) {
        throw invalidMkv('a Cluster before Info and Tracks');
      }
      this.#isInBody = true;
      const bytes = Buffer.concat(this.#headerParts);
      yield { type: 'header', header: { info, tracks, tags: this.#headerTags, bytes } };
    }
    if (size !== undefined && size + raw.length > this.#maxClusterBytes) {
      throw new PutMediaFault(4001, `a Cluster of ${size} bytes`);
    }
    const end = size === undefined ? undefined : dataOffset + size;
    this.#cluster = { parts: [raw], end, sizeBytes: raw.length, timecodeMs: undefined };
  }

  *#takeInCluster(cluster: OpenCluster, element: EbmlElement): Generator<MkvEvent> {
    const { id, raw, dataOffset, data } = element;
    cluster.parts.push(raw);
    cluster.sizeBytes += raw.length;
    if (cluster.sizeBytes > this.#maxClusterBytes) {
      throw new PutMediaFault(4001, `${cluster.sizeBytes} bytes`);
    }
    const behind = dataOffset + data.length;
    if (cluster.end !== undefined && behind > cluster.end) {
      throw invalidMkv(`${nameOf(element)} ends behind its Cluster`);
    }
    if (id === TIMESTAMP) {
      if (cluster.timecodeMs !== undefined) throw invalidMkv('a Cluster with two Timestamps');
      cluster.timecodeMs = readUnsigned(element);
      yield { type: 'timecode', timecodeMs: cluster.timecodeMs };
    } else if (id === SIMPLE_BLOCK || id === BLOCK_GROUP) {
      if (cluster.timecodeMs === undefined) throw invalidMkv('a block before the Timestamp');
      const block = id === SIMPLE_BLOCK ? readBlock(data, undefined) : readBlockGroup(element);
      yield { type: 'block', block };
    }
    if (behind === cluster.end) yield* this.#closeCluster();
  }

  *#closeCluster(): Generator<MkvEvent> {
    const cluster = this.#cluster;
    if (cluster === undefined) return;
    this.#cluster = undefined;
    if (cluster.timecodeMs === undefined) throw invalidMkv('a Cluster without Timestamp');
    yield { type: 'cluster', bytes: Buffer.concat(cluster.parts) };
  }
}

function readBlockGroup({ data }: EbmlElement): MkvBlock {
  const children = readChildren(data);
  const block = children.find(({ id }) => id === BLOCK);
  if (block === undefined) throw invalidMkv('a BlockGroup without Block');
  return readBlock(block.data, !children.some(({ id }) => id === REFERENCE_BLOCK));
}

/** In a SimpleBlock the flags say whether it is a key frame, in a BlockGroup its references do. */
function readBlock(data: Buffer, isKey: boolean | undefined): MkvBlock {
  const first = data[0] ?? 0;
  const length = first === 0 ? 9 : Math.clz32(first) - 23;
  if (length > 4 || data.length < length + 3) throw invalidMkv('a block without its header');
  const trackNumber = data.readUIntBE(0, length) - 2 ** (7 * length);
  const flags = data[length + 2] ?? 0;
  if ((flags & 0x06) !== 0) throw invalidMkv('a block with lacing');
  return {
    trackNumber,
    relativeMs: data.readInt16BE(length),
    isKey: isKey ?? (flags & 0x80) !== 0,
    data: data.subarray(length + 3),
  };
}

function nameOf({ id, offset }: EbmlElement): string {
  return `element 0x${id.toString(16)} at byte ${offset}`;
}
