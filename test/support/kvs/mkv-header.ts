// What stands before the first Cluster of Matroska (RFC 9559): EBML header, Info, Tracks; checked for PutMedia.
import type { EbmlElement } from './ebml-reader.ts';
import { readChildren, readUnsigned } from './ebml-reader.ts';
import { invalidMkv, PutMediaFault } from './put-media-fault.ts';

/** A TrackEntry. */
export interface MkvTrack {
  readonly number: number;
  readonly type: 'video' | 'audio' | 'other';
  readonly codecId: string;
  readonly codecPrivate: Buffer;
  readonly pixelWidth: number | undefined;
  readonly pixelHeight: number | undefined;
  readonly samplingFrequencyHz: number | undefined;
  readonly channels: number | undefined;
}

/** SegmentInfo. */
export interface MkvInfo {
  readonly timestampScaleNs: number;
  readonly segmentUid: Buffer | undefined;
  readonly muxingApp: string;
  readonly writingApp: string;
}

/** A SimpleTag. */
export interface MkvTag {
  readonly name: string;
  readonly value: string;
}

const MAX_TRACKS = 3;
const ONE_MS_IN_NS = 1_000_000;
const DEFAULT_FREQUENCY_HZ = 8000;

/** @throws PutMediaFault for another document type than matroska. */
export function checkEbmlHeader({ data }: EbmlElement): void {
  const children = readChildren(data);
  const docType = textOf(find(children, 0x4282));
  if (docType !== 'matroska') throw invalidMkv(`DocType is "${docType}"`);
  const version = find(children, 0x4285);
  if (version !== undefined && readUnsigned(version) > 4) throw invalidMkv('DocTypeReadVersion');
}

/** @throws PutMediaFault for times that are not milliseconds, or missing names. */
export function readInfo({ data }: EbmlElement): MkvInfo {
  const children = readChildren(data);
  const scale = find(children, 0x2ad7b1);
  const timestampScaleNs = scale === undefined ? ONE_MS_IN_NS : readUnsigned(scale);
  if (timestampScaleNs !== ONE_MS_IN_NS) throw invalidMkv(`TimestampScale ${timestampScaleNs}`);
  const segmentUid = find(children, 0x73a4)?.data;
  if (segmentUid !== undefined && segmentUid.length !== 16) {
    throw invalidMkv(`SegmentUID has ${segmentUid.length} bytes`);
  }
  const muxingApp = textOf(find(children, 0x4d80));
  const writingApp = textOf(find(children, 0x5741));
  if (muxingApp === '' || writingApp === '') throw invalidMkv('MuxingApp or WritingApp is missing');
  return { timestampScaleNs, segmentUid, muxingApp, writingApp };
}

/** @throws PutMediaFault 4012 for more than three tracks, 4006 for what cannot be decoded. */
export function readTracks({ data }: EbmlElement): readonly MkvTrack[] {
  const entries = readChildren(data).filter(({ id }) => id === 0xae);
  if (entries.length === 0) throw invalidMkv('Tracks has no TrackEntry');
  if (entries.length > MAX_TRACKS) throw new PutMediaFault(4012, `${entries.length} tracks`);
  const tracks = entries.map(readTrack);
  const numbers = new Set(tracks.map(({ number }) => number));
  if (numbers.size !== tracks.length || numbers.has(0)) throw invalidMkv('TrackNumber');
  tracks.forEach(checkCodec);
  return tracks;
}

/** SimpleTags of a Tags element. @throws PutMediaFault 4009 above the limits. */
export function readTags({ data }: EbmlElement): readonly MkvTag[] {
  const tags: MkvTag[] = [];
  for (const tag of readChildren(data)) {
    if (tag.id !== 0x7373) continue;
    for (const simple of readChildren(tag.data)) {
      if (simple.id !== 0x67c8) continue;
      const children = readChildren(simple.data);
      const [name, value] = [find(children, 0x45a3), find(children, 0x4487)];
      checkTag(name?.data.length ?? 0, value?.data.length ?? 0, textOf(name));
      tags.push({ name: textOf(name), value: textOf(value) });
    }
  }
  return tags;
}

function checkTag(nameBytes: number, valueBytes: number, name: string): void {
  const isWithin = nameBytes > 0 && nameBytes <= 128 && valueBytes <= 256;
  if (isWithin && !name.startsWith('AWS')) return;
  throw new PutMediaFault(4009, `tag ${name.slice(0, 40)}: ${nameBytes} and ${valueBytes} bytes`);
}

function readTrack({ data }: EbmlElement): MkvTrack {
  const children = readChildren(data);
  const number = (id: number, list = children): number | undefined => {
    const element = find(list, id);
    return element === undefined ? undefined : readUnsigned(element);
  };
  const kind = number(0x83);
  const video = readChildren(find(children, 0xe0)?.data ?? Buffer.alloc(0));
  const audio = readChildren(find(children, 0xe1)?.data ?? Buffer.alloc(0));
  const isAudio = kind === 2;
  return {
    number: number(0xd7) ?? 0,
    type: kind === 1 ? 'video' : isAudio ? 'audio' : 'other',
    codecId: textOf(find(children, 0x86)),
    codecPrivate: find(children, 0x63a2)?.data ?? Buffer.alloc(0),
    pixelWidth: number(0xb0, video),
    pixelHeight: number(0xba, video),
    samplingFrequencyHz: isAudio ? floatOf(find(audio, 0xb5)) : undefined,
    channels: isAudio ? (number(0x9f, audio) ?? 1) : undefined,
  };
}

/** Codecs that the service's documents name; others pass as long as they have a CodecID. */
function checkCodec(track: MkvTrack): void {
  const { codecId, codecPrivate, number } = track;
  const [version = 0] = codecPrivate;
  const refuse = (why: string): never => {
    throw invalidMkv(`track ${number}, ${codecId}: ${why}`);
  };
  if (codecId === '') refuse('no CodecID');
  if (track.type === 'video' && ((track.pixelWidth ?? 0) < 1 || (track.pixelHeight ?? 0) < 1)) {
    refuse('no PixelWidth or PixelHeight');
  }
  switch (codecId) {
    case 'V_MPEG4/ISO/AVC': {
      const hasSets = ((codecPrivate[5] ?? 0) & 0x1f) > 0;
      if (codecPrivate.length < 11 || version !== 1 || !hasSets) refuse('no avcC CodecPrivate');
      break;
    }
    case 'V_MPEGH/ISO/HEVC':
      if (codecPrivate.length < 23 || version !== 1) refuse('no hvcC CodecPrivate');
      break;
    case 'A_AAC':
      if (codecPrivate.length < 2) refuse('no AudioSpecificConfig in CodecPrivate');
      break;
    case 'A_MS/ACM':
      if (codecPrivate.length < 16) refuse('no WAVEFORMATEX in CodecPrivate');
      break;
    default:
      if (!/^[VAS]_/u.test(codecId)) refuse('the CodecID is none');
  }
}

function find(children: readonly EbmlElement[], id: number): EbmlElement | undefined {
  return children.find((child) => child.id === id);
}

function textOf(element: EbmlElement | undefined): string {
  return (element?.data.toString('utf8') ?? '').replace(/\0+$/u, '');
}

function floatOf(element: EbmlElement | undefined): number {
  if (element === undefined) return DEFAULT_FREQUENCY_HZ;
  if (element.data.length === 4) return element.data.readFloatBE(0);
  if (element.data.length === 8) return element.data.readDoubleBE(0);
  throw invalidMkv(`a float of ${element.data.length} bytes`);
}
