// Measures what it costs to put a camera into an MP4 file, against the fragmented writer of mediabunny.
import {
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  Mp4OutputFormat,
  Output,
  StreamTarget,
} from 'mediabunny';
import { spawnSync } from 'node:child_process';
import { splitAnnexB } from '../../core/codec/annex-b.ts';
import { buildAvcConfiguration } from '../../core/codec/avc-configuration.ts';
import type { H264Codec, Mpeg4AudioCodec } from '../../core/codec/codec.ts';
import { H264NalType, h264NalType } from '../../core/codec/h264-nal-unit.ts';
import { joinLengthPrefixed } from '../../core/codec/length-prefixed.ts';
import type { MuxSample, MuxWrite } from '../../core/mux/container-writer.ts';
import { Mp4Writer } from '../../core/mux/mp4-writer.ts';
import { TsWriter } from '../../core/mux/ts-writer.ts';
import { formatSection, quantile } from './support/bench-report.ts';

const FRAMES_PER_SECOND = 25;
const FRAME_TICKS = 3600;
const BITRATE_KBPS = 4000;
const CAMERA_SECONDS = 60;
const ROUNDS = 5;
const AUDIO_RATE_HZ = 48_000;
const AUDIO_FRAME_TICKS = 1024;
const AUDIO_FRAME_BYTES = 170;
const CAMERAS = 50;

const AAC: Mpeg4AudioCodec = {
  name: 'MPEG-4 Audio',
  clockRateHz: AUDIO_RATE_HZ,
  sampleRateHz: AUDIO_RATE_HZ,
  channelCount: 1,
  config: Uint8Array.of(0x11, 0x88),
  framing: { type: 'generic', sizeLength: 13, indexLength: 3, indexDeltaLength: 3 },
};

interface Media {
  readonly codec: H264Codec;
  readonly samples: readonly MuxSample[];
}

/** What a writer put out: so that nobody wins by doing less. */
interface Outcome {
  readonly bytes: number;
}

/** A minute of a camera, with sound. */
function createMedia(): Media {
  const [sps, pps, ...frames] = encodeFrames();
  if (sps === undefined || pps === undefined) throw new Error('ffmpeg wrote no parameter sets');
  const codec: H264Codec = { name: 'H264', clockRateHz: 90000, packetizationMode: 1, sps, pps };
  const samples: MuxSample[] = [];
  let audioIndex = 0;
  for (let index = 0; index < CAMERA_SECONDS * FRAMES_PER_SECOND; index++) {
    const nal = frames[index % frames.length] ?? new Uint8Array(0);
    const isKeyFrame = h264NalType(nal[0] ?? 0) === H264NalType.idrSlice;
    const units = isKeyFrame ? [sps, pps, nal] : [nal];
    const ticks = index * FRAME_TICKS;
    samples.push({ trackIndex: 0, units, dtsTicks: ticks, ptsTicks: ticks, isKeyFrame });
    const untilSeconds = (index + 1) / FRAMES_PER_SECOND;
    for (; (audioIndex * AUDIO_FRAME_TICKS) / AUDIO_RATE_HZ < untilSeconds; audioIndex++) {
      const audioTicks = audioIndex * AUDIO_FRAME_TICKS;
      const times = { dtsTicks: audioTicks, ptsTicks: audioTicks };
      const audio = new Uint8Array(AUDIO_FRAME_BYTES).fill(audioIndex);
      samples.push({ trackIndex: 1, units: [audio], isKeyFrame: true, ...times });
    }
  }
  return { codec, samples };
}

/** SPS, PPS, then one slice per frame: two GOPs of a second. */
function encodeFrames(): Uint8Array[] {
  const { stdout, stderr, status } = spawnSync(
    'ffmpeg',
    [
      ...[
        '-loglevel',
        'error',
        '-f',
        'lavfi',
        '-i',
        'testsrc2=size=1280x720:rate=25,noise=alls=24:allf=t',
      ],
      ...['-t', '2', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency'],
      ...['-pix_fmt', 'yuv420p', '-b:v', `${BITRATE_KBPS}k`, '-g', '25'],
      ...['-x264-params', 'sliced-threads=0', '-f', 'h264', 'pipe:1'],
    ],
    { timeout: 60_000, maxBuffer: 64 << 20 },
  );
  if (status !== 0) throw new Error(`ffmpeg: ${stderr.toString()}`);
  const nals = splitAnnexB(stdout);
  const ofType = (...types: number[]): Uint8Array[] =>
    nals.filter((nal) => types.includes(h264NalType(nal[0] ?? 0)));
  const parameterSets = [ofType(H264NalType.sps)[0], ofType(H264NalType.pps)[0]];
  const frames = ofType(H264NalType.idrSlice, H264NalType.slice);
  return [...parameterSets.filter((set) => set !== undefined), ...frames];
}

function writeOurs(media: Media, container: 'mp4' | 'ts'): Outcome {
  const tracks = [{ codec: media.codec }, { codec: AAC }];
  const writer =
    container === 'mp4'
      ? new Mp4Writer(tracks, { expectedDurationMs: CAMERA_SECONDS * 1000 })
      : new TsWriter(tracks);
  let bytes = 0;
  const take = (writes: readonly MuxWrite[]): void => {
    for (const { chunks } of writes) for (const chunk of chunks) bytes += chunk.length;
  };
  take(writer.begin());
  for (const sample of media.samples) {
    if (sample.trackIndex === 0 && sample.isKeyFrame) take(writer.endPart());
    writer.add(sample);
  }
  take(writer.finish());
  return { bytes };
}

async function writeWithMediabunny({ codec, samples }: Media): Promise<Outcome> {
  let bytes = 0;
  const writable = new WritableStream<{ readonly data: Uint8Array }>({
    write: ({ data }) => {
      bytes += data.length;
    },
  });
  const output = new Output({
    format: new Mp4OutputFormat({ fastStart: 'fragmented', minimumFragmentDuration: 1 }),
    target: new StreamTarget(writable),
  });
  const video = new EncodedVideoPacketSource('avc');
  const audio = new EncodedAudioPacketSource('aac');
  output.addVideoTrack(video);
  output.addAudioTrack(audio);
  await output.start();
  const { sps, pps } = codec;
  if (sps === undefined || pps === undefined) throw new Error('no parameter sets');
  const description = buildAvcConfiguration(sps, pps);
  const videoConfig = { codec: 'avc1.42c01f', codedWidth: 1280, codedHeight: 720, description };
  const audioConfig = {
    codec: 'mp4a.40.2',
    numberOfChannels: 1,
    sampleRate: AUDIO_RATE_HZ,
    description: AAC.config,
  };
  for (const sample of samples) {
    const kind = sample.isKeyFrame ? 'key' : 'delta';
    if (sample.trackIndex === 0) {
      const slices = sample.units.slice(-1);
      const seconds = sample.ptsTicks / codec.clockRateHz;
      const data = joinLengthPrefixed(slices);
      const packet = new EncodedPacket(data, kind, seconds, 1 / FRAMES_PER_SECOND);
      await video.add(packet, { decoderConfig: videoConfig });
    } else {
      const data = sample.units[0] ?? new Uint8Array(0);
      const seconds = sample.ptsTicks / AUDIO_RATE_HZ;
      const packet = new EncodedPacket(data, kind, seconds, AUDIO_FRAME_TICKS / AUDIO_RATE_HZ);
      await audio.add(packet, { decoderConfig: audioConfig });
    }
  }
  await output.finalize();
  return { bytes };
}

/** Milliseconds of processor time per second of one camera. */
async function costOf(
  write: () => Outcome | Promise<Outcome>,
  mediaBytes: number,
): Promise<number> {
  const before = process.cpuUsage();
  const { bytes } = await write();
  const { user, system } = process.cpuUsage(before);
  if (bytes < mediaBytes) throw new Error(`${bytes} of ${mediaBytes} bytes came out`);
  return (user + system) / 1000 / CAMERA_SECONDS;
}

async function main(): Promise<void> {
  const media = createMedia();
  const payloads = media.samples.map(({ units }) => units.at(-1)?.length ?? 0);
  const mediaBytes = payloads.reduce((sum, length) => sum + length, 0);
  const ways = {
    mp4: () => writeOurs(media, 'mp4'),
    ts: () => writeOurs(media, 'ts'),
    mediabunny: () => writeWithMediabunny(media),
  };
  const costs: Record<keyof typeof ways, number[]> = { mp4: [], ts: [], mediabunny: [] };
  // They take turns, so that other load of the machine meets all; the first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const name of ['mp4', 'ts', 'mediabunny'] as const) {
      globalThis.gc?.();
      const cost = await costOf(ways[name], mediaBytes);
      if (round > 0) costs[name].push(cost);
    }
  }
  const [mp4, ts, mediabunny] = [costs.mp4, costs.ts, costs.mediabunny].map((list) =>
    quantile(list, 0.5),
  );
  report({ mp4, ts, mediabunny }, mediaBytes);
}

function report(
  costs: Readonly<Record<'mp4' | 'ts' | 'mediabunny', number | undefined>>,
  mediaBytes: number,
): void {
  const { mp4 = Number.NaN, ts = Number.NaN, mediabunny = Number.NaN } = costs;
  const rateKbps = (mediaBytes * 8) / 1000 / CAMERA_SECONDS;
  console.log(
    formatSection({
      title: 'Cameras into files',
      method: [
        `H264 with ${FRAMES_PER_SECOND} frames/s and AAC, ${rateKbps.toFixed(0)} kbit/s, a part per second; ` +
          `processor time of container writing alone (no disk, no RTP), median of ${ROUNDS} rounds that take turns.`,
      ],
      rows: [
        {
          what: 'mediabunny, fragmented MP4 ÷ our MP4',
          value: mediabunny / mp4,
          unit: '×',
          target: { kind: 'at-least', value: 3 },
        },
        {
          what: `our MP4, ${CAMERAS} cameras`,
          value: (mp4 * CAMERAS) / 10,
          unit: '% of a core',
          digits: 2,
          target: { kind: 'at-most', value: 10 },
        },
        {
          what: 'our MP4, closed with its index in front',
          value: mp4 * 1000,
          unit: 'us per camera second',
        },
        { what: 'our MPEG-TS', value: ts * 1000, unit: 'us per camera second' },
        {
          what: 'mediabunny, fragmented MP4',
          value: mediabunny * 1000,
          unit: 'us per camera second',
        },
      ],
    }),
  );
}

if (import.meta.main) await main();
