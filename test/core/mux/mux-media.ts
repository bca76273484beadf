// Tracks, samples and files in memory for the tests of container writers.
import type { H264Codec, Mpeg4AudioCodec } from '../../../core/codec/codec.ts';
import type { ContainerWriter, MuxSample, MuxWrite } from '../../../core/mux/container-writer.ts';
import type { RandomAccess } from '../../../core/mux/random-access.ts';
import { fromBase64, H264_CAMERAS } from '../../support/camera-parameter-sets.ts';

const [sps = '', pps = ''] = (H264_CAMERAS[0]?.sprop ?? '').split(',');

/** A Dahua camera, 704x480. */
export const H264: H264Codec = {
  name: 'H264',
  clockRateHz: 90000,
  packetizationMode: 1,
  sps: fromBase64(sps),
  pps: fromBase64(pps),
};

/** AAC-LC, 48 kHz, stereo. */
export const AAC: Mpeg4AudioCodec = {
  name: 'MPEG-4 Audio',
  clockRateHz: 48000,
  sampleRateHz: 48000,
  channelCount: 2,
  config: Uint8Array.of(0x11, 0x90),
  framing: { type: 'generic', sizeLength: 13, indexLength: 3, indexDeltaLength: 3 },
};

/** Frame `index` of a camera with 25 frames per second and a key frame per second; first byte tells the kind. */
export function videoSample(index: number, sizeBytes = 40): MuxSample {
  const isKeyFrame = index % 25 === 0;
  const nal = new Uint8Array(sizeBytes).fill(index);
  nal[0] = isKeyFrame ? 0x65 : 0x41;
  const ticks = index * 3600;
  return { trackIndex: 0, units: [nal], dtsTicks: ticks, ptsTicks: ticks, isKeyFrame };
}

/** Frame `index` of AAC with 48 kHz. */
export function audioSample(index: number): MuxSample {
  const ticks = index * 1024;
  const units = [new Uint8Array(20 + (index % 3)).fill(index)];
  return { trackIndex: 1, units, dtsTicks: ticks, ptsTicks: ticks, isKeyFrame: true };
}

/** Samples of both tracks in the order of time. */
export function videoAndAudio(seconds: number): MuxSample[] {
  const samples: MuxSample[] = [];
  let audioIndex = 0;
  for (let index = 0; index < seconds * 25; index++) {
    samples.push(videoSample(index));
    while (audioIndex * 1024 < (index + 1) * 1920) samples.push(audioSample(audioIndex++));
  }
  return samples;
}

/** A file in memory; what was not written is zero. */
export class MemoryFile implements RandomAccess {
  /** Bytes handed out by `read`, and how often it was called. */
  readBytes = 0;
  readCount = 0;
  #bytes = new Uint8Array(0);

  constructor(bytes = new Uint8Array(0)) {
    this.#bytes = Uint8Array.from(bytes);
  }

  get sizeBytes(): number {
    return this.#bytes.length;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  read(position: number, length: number): Uint8Array {
    const bytes = this.#bytes.slice(position, position + length);
    this.readBytes += bytes.length;
    this.readCount++;
    return bytes;
  }

  write(writes: readonly MuxWrite[]): void {
    for (const { position, chunks } of writes) {
      const total = chunks.reduce((sum, { length }) => sum + length, 0);
      if (position + total > this.#bytes.length) {
        const grown = new Uint8Array(position + total);
        grown.set(this.#bytes);
        this.#bytes = grown;
      }
      let offset = position;
      for (const chunk of chunks) {
        this.#bytes.set(chunk, offset);
        offset += chunk.length;
      }
    }
  }

  truncated(sizeBytes: number): MemoryFile {
    return new MemoryFile(this.#bytes.subarray(0, sizeBytes));
  }
}

/** A grown file, where each part ended, and what would close it. */
export interface GrownFile {
  readonly file: MemoryFile;
  readonly partEnds: readonly number[];
  readonly closing: readonly MuxWrite[];
}

/** Writes samples with a part for each second of video. */
export function grow(writer: ContainerWriter, samples: readonly MuxSample[]): GrownFile {
  const file = new MemoryFile();
  const partEnds: number[] = [];
  file.write(writer.begin());
  for (const sample of samples) {
    if (sample.trackIndex === 0 && sample.isKeyFrame && sample.dtsTicks > 0) {
      file.write(writer.endPart());
      partEnds.push(file.sizeBytes);
    }
    writer.add(sample);
  }
  file.write(writer.endPart());
  partEnds.push(file.sizeBytes);
  return { file, partEnds, closing: writer.finish() };
}

/** A box found by `boxesOf`. */
export interface FoundBox {
  readonly type: string;
  readonly position: number;
  readonly body: Uint8Array;
}

/** Boxes of a file or of a body, one level. */
export function boxesOf(bytes: Uint8Array): FoundBox[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const boxes: FoundBox[] = [];
  let position = 0;
  while (position + 8 <= bytes.length) {
    const short = view.getUint32(position);
    const headerBytes = short === 1 ? 16 : 8;
    const size = short === 1 ? Number(view.getBigUint64(position + 8)) : short;
    if (size < headerBytes) throw new Error(`a box of ${size} bytes at ${position}`);
    const type = String.fromCharCode(...bytes.subarray(position + 4, position + 8));
    const body = bytes.subarray(position + headerBytes, position + size);
    boxes.push({ type, position, body });
    position += size;
  }
  if (position !== bytes.length) throw new Error(`boxes end at ${position} of ${bytes.length}`);
  return boxes;
}

/** The first box under a path like `moov/trak/mdia`. */
export function findBox(bytes: Uint8Array, path: string): FoundBox | undefined {
  const [type, ...rest] = path.split('/');
  const box = boxesOf(bytes).find((found) => found.type === type);
  if (box === undefined || rest.length === 0) return box;
  return findBox(box.body, rest.join('/'));
}
