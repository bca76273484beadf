// Whether a frame has the shape that its track's CodecPrivate announces.
import type { MkvTrack } from './mkv-header.ts';
import type { MkvBlock } from './mkv-reader.ts';
import { invalidMkv } from './put-media-fault.ts';

/** @throws PutMediaFault for NAL units without length prefix, key frames that are none, ADTS. */
export function checkFrame(track: MkvTrack, { data, isKey }: MkvBlock): void {
  if (data.length === 0) throw invalidMkv(`an empty frame of track ${track.number}`);
  switch (track.codecId) {
    case 'V_MPEG4/ISO/AVC': {
      const lengthSize = ((track.codecPrivate[4] ?? 0) & 3) + 1;
      const types = nalHeaders(data, lengthSize).map((header) => header & 0x1f);
      if (isKey && !types.includes(5)) throw invalidMkv('a key frame without IDR');
      break;
    }
    case 'V_MPEGH/ISO/HEVC': {
      const lengthSize = ((track.codecPrivate[21] ?? 0) & 3) + 1;
      const types = nalHeaders(data, lengthSize).map((header) => (header >> 1) & 0x3f);
      if (isKey && !types.some((type) => type >= 16 && type <= 21)) {
        throw invalidMkv('a key frame without IRAP');
      }
      break;
    }
    case 'A_AAC':
      if (data[0] === 0xff && ((data[1] ?? 0) & 0xf6) === 0xf0) throw invalidMkv('AAC with ADTS');
      break;
    default:
  }
}

function nalHeaders(data: Buffer, lengthSize: number): number[] {
  const headers: number[] = [];
  let at = 0;
  while (at < data.length) {
    if (at + lengthSize > data.length) throw invalidMkv('a NAL unit without its length');
    const length = data.readUIntBE(at, lengthSize);
    const start = at + lengthSize;
    if (length === 0 || start + length > data.length) {
      throw invalidMkv(`a NAL unit of ${length} bytes in a frame of ${data.length}`);
    }
    headers.push(data[start] ?? 0);
    at = start + length;
  }
  return headers;
}
