// What recording costs: fifty cameras of 4 Mbit/s written to files at their own pace.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeUint16, writeUint32 } from '../../core/base/bytes.ts';
import type { TrackDescription } from '../../core/codec/codec.ts';

import { Recorder, type RecorderListener } from '../../core/record/recorder.ts';
import { recordingFormats } from '../../core/record/recording-formats.ts';
import { Stream } from '../../core/stream/stream.ts';
import type { StreamWriter } from '../../core/stream/stream-writer.ts';
import { formatSection } from './support/bench-report.ts';
import { recordH264, type H264Recording } from './support/h264-recording.ts';

const CAMERAS = 50;
const BITRATE_KBPS = 4_000;
const ROUNDS = 4;
const ROUND_MS = 5_000;
const WARM_UP_MS = 3_000;
const MAX_SHARE_PERCENT = 50;
const PAYLOAD_TYPE = 96;
const HEADER_BYTES = 12;

const VIDEO: TrackDescription = {
  kind: 'video',
  codec: { name: 'H264', clockRateHz: 90_000, packetizationMode: 1 },
  payloadType: PAYLOAD_TYPE,
};

/** Nobody listens. */
const listener: RecorderListener = {
  opened: () => undefined,
  closed: () => undefined,
  gap: () => undefined,
  skipped: () => undefined,
  failed: (failure) => console.error(failure.message),
  ended: () => undefined,
};

/** Writes the frames of a recording into a stream, as a protocol does. */
class StreamFeeder {
  readonly stream = new Stream([VIDEO]);
  readonly #writer: StreamWriter = this.stream.attach([VIDEO]);
  readonly #recording: H264Recording;
  readonly #packet = new Uint8Array(1500);
  #sequence = 0;
  #frame: number;

  constructor(recording: H264Recording, firstFrame: number) {
    this.#recording = recording;
    this.#frame = firstFrame;
  }

  sendFrame(): void {
    const { frames, framesPerSecond } = this.#recording;
    const payloads = frames[this.#frame % frames.length] ?? [];
    const ticks = Math.round((this.#frame++ * 90_000) / framesPerSecond);
    const packet = this.#packet;
    for (const [index, payload] of payloads.entries()) {
      const isLast = index === payloads.length - 1;
      packet[0] = 0x80;
      packet[1] = isLast ? PAYLOAD_TYPE | 0x80 : PAYLOAD_TYPE;
      writeUint16(packet, 2, this.#sequence++ & 0xffff);
      writeUint32(packet, 4, ticks >>> 0);
      writeUint32(packet, 8, 1);
      packet.set(payload, HEADER_BYTES);
      this.#writer.writeRtp(0, packet.subarray(0, HEADER_BYTES + payload.length));
    }
    this.#writer.publish();
  }
}

/** All cameras at the same rate, spread over the time between two frames. */
class Fleet {
  readonly feeders: readonly StreamFeeder[];
  readonly #framesPerSecond: number;

  constructor(recording: H264Recording) {
    this.#framesPerSecond = recording.framesPerSecond;
    this.feeders = Array.from(
      { length: CAMERAS },
      (_, index) => new StreamFeeder(recording, index * 7),
    );
  }

  /** Percent of one core that the process took. */
  async play(durationMs: number): Promise<number> {
    const before = process.cpuUsage();
    const startedMs = performance.now();
    const total = Math.round((durationMs / 1000) * this.#framesPerSecond * CAMERAS);
    for (let sent = 0; sent < total;) {
      const elapsedMs = performance.now() - startedMs;
      const due = Math.min(total, Math.floor((elapsedMs / durationMs) * total));
      for (; sent < due; sent++) this.feeders[sent % CAMERAS]?.sendFrame();
      await sleep(2);
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 10 / (performance.now() - startedMs);
  }
}

function startRecorders(fleet: Fleet, folder: string): Recorder[] {
  return fleet.feeders.map(({ stream }, index) => {
    const recorder = new Recorder(
      { stream, listener },
      {
        pathName: `cam${index}`,
        format: recordingFormats.mp4,
        naming: { fileFor: ({ startAt }) => join(folder, `cam${index}-${startAt}.mp4`) },
      },
    );
    recorder.start();
    return recorder;
  });
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder)) bytes += (await stat(join(folder, name))).size;
  return bytes;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const recording = recordH264({ bitrateKbps: BITRATE_KBPS });
const fleet = new Fleet(recording);
const folder = await mkdtemp(join(tmpdir(), 'record-bench-'));
const bare: number[] = [];
const recorded: number[] = [];
let dropped = 0;
let bytes: number;
try {
  await fleet.play(WARM_UP_MS);
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await fleet.play(ROUND_MS));
    const recorders = startRecorders(fleet, folder);
    recorded.push(await fleet.play(ROUND_MS));
    await Promise.all(recorders.map((recorder) => recorder.close()));
    for (const { stats } of recorders) dropped += stats.droppedFrames;
  }
  bytes = await folderBytes(folder);
} finally {
  await rm(folder, { recursive: true });
}
const withoutPercent = median(bare);
const withPercent = median(recorded);
const share = withPercent - withoutPercent;
console.log(
  formatSection({
    title: 'Recording',
    method: [
      `${CAMERAS} H264 streams of ${(recording.bitrateKbps / 1000).toFixed(1)} Mbit/s, ` +
        `${recording.framesPerSecond} frames/s, written into their rings at real pace, then the same with a ` +
        `recorder each (MP4, parts of a second, files in the folder for temporary files). Time of all ` +
        `threads, the kernel's writing included; ${ROUNDS} rounds of ${ROUND_MS / 1000} s that take turns, medians.`,
    ],
    rows: [
      {
        what: `recording ${CAMERAS} cameras`,
        value: share,
        unit: '% of a core',
        target: { kind: 'at-most', value: MAX_SHARE_PERCENT },
      },
      { what: 'per camera', value: share / CAMERAS, unit: '% of a core', digits: 2 },
      {
        what: 'with recorders ÷ taking the packets only',
        value: withPercent / withoutPercent,
        unit: '×',
        digits: 2,
      },
      { what: 'taking the packets only', value: withoutPercent, unit: '% of a core' },
      { what: 'pictures dropped', value: dropped, unit: '', digits: 0 },
      {
        what: 'written per second',
        value: bytes / ROUNDS / (ROUND_MS / 1000) / 1e6,
        unit: 'MB/s',
      },
    ],
  }),
);
