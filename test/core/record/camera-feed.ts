// Writes small H264 pictures and Opus packets into a stream, packet by packet.
import type { TrackDescription } from '../../../core/codec/codec.ts';
import type { SourceWriter } from '../../../core/stream/source-writer.ts';

export const H264: TrackDescription = {
  kind: 'video',
  codec: { name: 'H264', clockRateHz: 90000, packetizationMode: 1 },
  payloadType: 96,
};
export const OPUS: TrackDescription = {
  kind: 'audio',
  codec: { name: 'Opus', clockRateHz: 48000, channelCount: 2 },
  payloadType: 111,
};

/** Baseline: the parameter set promises that no picture is reordered. */
export const BASELINE_SPS = '6742c01edd8088fee0';
/** Main profile that promises nothing. */
export const MAIN_SPS = '674d0029966403c0113f2cd404040500000003e80000ea6004';
const PPS = '68ce3c80';

/** What kind of picture. */
export interface PictureOptions {
  readonly isKey?: boolean;
  readonly isB?: boolean;
  readonly sps?: string;
  /** Hex digits behind the slice header. */
  readonly data?: string;
}

/** One source with its own sequence numbers. */
export class CameraFeed {
  readonly #writer: SourceWriter;
  readonly #descriptions: readonly TrackDescription[];
  readonly #ssrc: number;
  readonly #sequences: number[];

  constructor(writer: SourceWriter, descriptions: readonly TrackDescription[], ssrc = 7) {
    this.#writer = writer;
    this.#descriptions = descriptions;
    this.#ssrc = ssrc;
    this.#sequences = descriptions.map(() => 100);
  }

  /** One picture on track 0, shown at `ticks`. */
  picture(ticks: number, options: PictureOptions = {}): void {
    const data = options.data ?? '00';
    if (options.isKey === true) {
      this.send(0, ticks, options.sps ?? BASELINE_SPS, false);
      this.send(0, ticks, PPS, false);
    }
    const slice = options.isKey === true ? '658884' : options.isB === true ? '019e' : '419a';
    this.send(0, ticks, `${slice}${data}`, true);
    this.#writer.publish();
  }

  /** One Opus packet of 20 ms on track 1. */
  sound(ticks: number): void {
    this.send(1, ticks, 'fc0102', false);
    this.#writer.publish();
  }

  /** What comes in 40 ms from `atMs` on: a picture, a key frame each second, and two sounds. */
  frame(atMs: number, hasSound = this.#descriptions.length > 1): void {
    this.picture(atMs * 90, { isKey: atMs % 1000 === 0 });
    if (!hasSound) return;
    this.sound((atMs - 20) * 48);
    this.sound(atMs * 48);
  }

  /** Leaves out one sequence number. */
  lose(track: number): void {
    this.#sequences[track] = (this.#sequences[track] ?? 0) + 1;
  }

  send(track: number, ticks: number, payload: string, isMarked: boolean): void {
    const sequence = this.#sequences[track] ?? 0;
    this.#sequences[track] = sequence + 1;
    const header = Buffer.alloc(12);
    const payloadType = this.#descriptions[track]?.payloadType ?? 0;
    header[0] = 0x80;
    header[1] = payloadType | (isMarked ? 0x80 : 0);
    header.writeUInt16BE(sequence & 0xffff, 2);
    header.writeUInt32BE(ticks >>> 0, 4);
    header.writeUInt32BE(this.#ssrc * 16 + track, 8);
    this.#writer.writeRtp(track, Buffer.concat([header, Buffer.from(payload, 'hex')]));
  }
}
