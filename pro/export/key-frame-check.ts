// Whether a key packet of an MP4 is a picture at which decoding can begin with nothing of what was before.
import type { FileHandle } from 'node:fs/promises';
import { readUint32, readUint8 } from '../../core/base/bytes.ts';

/** A packet in a file. */
export interface PacketPlace {
  readonly position: number;
  readonly sizeBytes: number;
}

/** NAL units looked at before the picture: parameter sets, SEI, delimiters. */
const MAX_NAL_UNITS = 64;
const H264_IDR = 5;
const HEVC_IDR_WITH_LEADING = 19;
const HEVC_IDR = 20;
const HEVC_FIRST_NON_PICTURE = 32;

/**
 * True for IDR pictures (ITU-T H.264 table 7-1, H.265 table 7-1). Others, such as recovery points,
 * are key frames of the container only: the frame numbers behind them go on from what was before.
 */
export async function isIdrPacket(
  file: FileHandle,
  codec: 'h264' | 'hevc',
  packet: PacketPlace,
): Promise<boolean> {
  const head = new Uint8Array(5);
  const end = packet.position + packet.sizeBytes;
  let at = packet.position;
  for (let count = 0; count < MAX_NAL_UNITS && at + head.length <= end; count++) {
    const { bytesRead } = await file.read(head, 0, head.length, at);
    if (bytesRead < head.length) return false;
    const verdict = codec === 'h264' ? judgeH264(head) : judgeHevc(head);
    if (verdict !== undefined) return verdict;
    at += 4 + readUint32(head, 0);
  }
  return false;
}

/** Undefined for what is no picture. */
function judgeH264(head: Uint8Array): boolean | undefined {
  const type = readUint8(head, 4) & 0x1f;
  return type >= 1 && type <= 5 ? type === H264_IDR : undefined;
}

function judgeHevc(head: Uint8Array): boolean | undefined {
  const type = (readUint8(head, 4) >> 1) & 0x3f;
  if (type >= HEVC_FIRST_NON_PICTURE) return undefined;
  return type === HEVC_IDR_WITH_LEADING || type === HEVC_IDR;
}
