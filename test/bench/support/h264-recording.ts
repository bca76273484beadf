// A few seconds of H.264 as a camera would send them, cut into RTP payloads, to be replayed in a loop.
import { spawnSync } from 'node:child_process';
import { splitAnnexB } from '../../../core/codec/annex-b.ts';
import { H264Packetizer } from '../../../core/rtp/h264-packetizer.ts';
import type { PacketSink } from '../../../core/rtp/packet-sink.ts';

/** What to record. */
export interface H264RecordingOptions {
  readonly bitrateKbps: number;
  readonly framesPerSecond?: number;
  /** Length of the loop, whole GOPs of two seconds. */
  readonly seconds?: number;
}

/** A loop of access units. */
export interface H264Recording {
  readonly framesPerSecond: number;
  /** RTP payloads of each frame, at most 1400 bytes, as cameras cut them. */
  readonly frames: readonly (readonly Uint8Array[])[];
  /** Real bitrate of the payloads. */
  readonly bitrateKbps: number;
  /** SDP of the one track. */
  readonly sdp: string;
}

const GOP_SECONDS = 2;
const MAX_PAYLOAD_BYTES = 1400;
const ENCODE_TIMEOUT_MS = 60_000;
const NAL_TYPE_MASK = 0x1f;
const ACCESS_UNIT_DELIMITER = 9;
const SPS = 7;
const PPS = 8;

/** Encodes with ffmpeg; takes about a second. */
export function recordH264(options: H264RecordingOptions): H264Recording {
  const framesPerSecond = options.framesPerSecond ?? 30;
  const seconds = options.seconds ?? GOP_SECONDS * 2;
  const nals = splitAnnexB(encode({ ...options, framesPerSecond, seconds }));
  const frames: Uint8Array[][] = [];
  const packetizer = new H264Packetizer(MAX_PAYLOAD_BYTES);
  for (const accessUnit of accessUnits(nals)) {
    const sink = new CollectingSink();
    packetizer.packetize(accessUnit, 0, sink);
    frames.push(sink.payloads);
  }
  const sizeBytes = frames.flat().reduce((sum, payload) => sum + payload.length, 0);
  const bitrateKbps = (sizeBytes * 8) / 1000 / (frames.length / framesPerSecond);
  return { framesPerSecond, frames, bitrateKbps, sdp: sdpOf(nals) };
}

function encode(options: Required<H264RecordingOptions>): Uint8Array {
  const { bitrateKbps, framesPerSecond, seconds } = options;
  const rate = `${bitrateKbps}k`;
  const gop = String(framesPerSecond * GOP_SECONDS);
  const { stdout, stderr, status, error } = spawnSync(
    'ffmpeg',
    [
      ...['-hide_banner', '-loglevel', 'error', '-f', 'lavfi'],
      // Noise keeps the encoder at its bitrate in every frame.
      ...['-i', `testsrc2=size=1280x720:rate=${framesPerSecond},noise=alls=24:allf=t`],
      ...['-t', String(seconds), '-c:v', 'libx264', '-preset', 'ultrafast'],
      ...['-tune', 'zerolatency', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p'],
      ...['-b:v', rate, '-maxrate', rate, '-bufsize', `${bitrateKbps / 4}k`],
      ...['-g', gop, '-keyint_min', gop, '-sc_threshold', '0'],
      ...['-x264-params', 'aud=1:sliced-threads=0', '-f', 'h264', 'pipe:1'],
    ],
    { timeout: ENCODE_TIMEOUT_MS, maxBuffer: 64 << 20 },
  );
  if (status === 0) return stdout;
  throw new Error(`ffmpeg: ${error?.message ?? stderr.toString()}`);
}

/** Groups NAL units by their delimiters, which are left out. */
function accessUnits(nals: readonly Uint8Array[]): Uint8Array[][] {
  const units: Uint8Array[][] = [];
  for (const nal of nals) {
    if (typeOf(nal) === ACCESS_UNIT_DELIMITER) units.push([]);
    else units.at(-1)?.push(nal);
  }
  return units;
}

function typeOf(nal: Uint8Array): number {
  return (nal[0] ?? 0) & NAL_TYPE_MASK;
}

function sdpOf(nals: readonly Uint8Array[]): string {
  const sps = nals.find((nal) => typeOf(nal) === SPS);
  const pps = nals.find((nal) => typeOf(nal) === PPS);
  if (sps === undefined || pps === undefined) throw new Error('ffmpeg wrote no parameter sets');
  const sets = [sps, pps].map((set) => Buffer.from(set).toString('base64')).join(',');
  const profile = Buffer.from(sps.subarray(1, 4)).toString('hex');
  return [
    'v=0',
    'o=- 0 0 IN IP4 127.0.0.1',
    's=replayed camera',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    'm=video 0 RTP/AVP 96',
    'a=rtpmap:96 H264/90000',
    `a=fmtp:96 packetization-mode=1;profile-level-id=${profile};sprop-parameter-sets=${sets}`,
    'a=control:streamid=0',
    '',
  ].join('\r\n');
}

class CollectingSink implements PacketSink {
  readonly bytes = new Uint8Array(MAX_PAYLOAD_BYTES);
  readonly payloads: Uint8Array[] = [];
  #length = 0;

  reserve(payloadLength: number): number {
    this.#length = payloadLength;
    return 0;
  }

  commit(): void {
    this.payloads.push(this.bytes.slice(0, this.#length));
  }

  leaveGap(): void {
    throw new Error('the recording has a hole');
  }
}
