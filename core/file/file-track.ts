// One track of a media file: its description, and its packets as RTP.
import { randomBytes } from 'node:crypto';
import {
  EncodedPacketSink,
  type EncodedPacket,
  type InputAudioTrack,
  type InputVideoTrack,
} from 'mediabunny';
import { MediaError } from '../base/media-error.ts';
import { parseAudioSpecificConfig } from '../codec/audio-specific-config.ts';
import type { Codec, TrackDescription } from '../codec/codec.ts';
import { splitLengthPrefixed } from '../codec/length-prefixed.ts';
import { profileLevelIdOf } from '../codec/profile-level-id.ts';
import { AAC_HBR_FRAMING, AacPacketizer } from '../rtp/aac-packetizer.ts';
import { Av1Packetizer } from '../rtp/av1-packetizer.ts';
import { H264Packetizer } from '../rtp/h264-packetizer.ts';
import { H265Packetizer } from '../rtp/h265-packetizer.ts';
import { OpusPacketizer } from '../rtp/opus-packetizer.ts';
import type { PacketSink } from '../rtp/packet-sink.ts';
import { Vp9Packetizer } from '../rtp/vp9-packetizer.ts';
import { RtpPacketWriter } from './rtp-packet-writer.ts';
import { readAvcConfiguration, readHevcConfiguration, type SampleEntry } from './sample-entry.ts';

/** Writes one sample of a track. */
type SampleWriter = (sample: Uint8Array, timestampTicks: number, sink: PacketSink) => void;

interface Understood {
  readonly codec: Codec;
  readonly write: SampleWriter;
}

const TWO_32 = 4_294_967_296;

/** A track that can be played out. */
export class FileTrack {
  readonly description: TrackDescription;
  /** Length of the track in seconds. */
  readonly durationS: number;
  readonly #sink: EncodedPacketSink;
  readonly #write: SampleWriter;
  #writer: RtpPacketWriter | undefined;

  private constructor(
    track: InputVideoTrack | InputAudioTrack,
    understood: Understood,
    numbers: { readonly payloadType: number; readonly durationS: number },
  ) {
    const kind = track.isVideoTrack() ? 'video' : 'audio';
    this.description = { kind, codec: understood.codec, payloadType: numbers.payloadType };
    this.durationS = numbers.durationS;
    this.#sink = new EncodedPacketSink(track);
    this.#write = understood.write;
  }

  /** @throws MediaError `unsupported` naming the codec. */
  static async open(
    track: InputVideoTrack | InputAudioTrack,
    payloadType: number,
  ): Promise<FileTrack> {
    const understood = await understand(track);
    const durationS = await track.computeDuration();
    return new FileTrack(track, understood, { payloadType, durationS });
  }

  /** The samples from the first to the last, in decoding order. */
  packets(): AsyncGenerator<EncodedPacket, void, unknown> {
    return this.#sink.packets();
  }

  /** Where RTP packets go; set it once before `play`. */
  connect(onPacket: (packet: Uint8Array) => void): void {
    const random = randomBytes(6);
    this.#writer = new RtpPacketWriter(
      {
        payloadType: this.description.payloadType,
        ssrc: random.readUInt32BE(0),
        firstSequence: random.readUInt16BE(4),
      },
      onPacket,
    );
  }

  /** Writes one sample whose presentation time is `timeS`, in seconds since the source started. */
  play(packet: EncodedPacket, timeS: number): void {
    if (!this.#writer) return;
    const ticks = Math.round(timeS * this.description.codec.clockRateHz);
    this.#write(packet.data, ((ticks % TWO_32) + TWO_32) % TWO_32, this.#writer);
  }
}

async function understand(track: InputVideoTrack | InputAudioTrack): Promise<Understood> {
  const config = await track.getDecoderConfig();
  const description = bytesOf(config?.description);
  const codec = await track.getCodec();
  switch (codec) {
    case 'avc':
      return understandH264(description);
    case 'hevc':
      return understandH265(description);
    case 'aac':
      return understandAac(description);
    case 'opus': {
      const packetizer = new OpusPacketizer();
      const channelCount = track.isAudioTrack() ? await track.getNumberOfChannels() : 2;
      return {
        codec: { name: 'Opus', clockRateHz: 48000, channelCount },
        write: (sample, ticks, sink) => void packetizer.packetize(sample, ticks, sink),
      };
    }
    case 'vp9': {
      const packetizer = new Vp9Packetizer();
      return {
        codec: { name: 'VP9', clockRateHz: 90000 },
        write: (sample, ticks, sink) => void packetizer.packetize(sample, ticks, sink),
      };
    }
    case 'av1': {
      const packetizer = new Av1Packetizer();
      return {
        codec: { name: 'AV1', clockRateHz: 90000 },
        write: (sample, ticks, sink) => void packetizer.packetize(sample, ticks, sink),
      };
    }
    default:
      throw unsupported(`codec '${codec ?? 'unknown'}' of a file can't be played out`);
  }
}

function understandH264(description: Uint8Array | undefined): Understood {
  const entry = description && readAvcConfiguration(description);
  const sps = entry?.parameterSets.find((nal) => ((nal[0] ?? 0) & 0x1f) === 7);
  const pps = entry?.parameterSets.find((nal) => ((nal[0] ?? 0) & 0x1f) === 8);
  if (!entry || !sps || !pps) throw unsupported('H264 without SPS and PPS in its avcC box');
  const profileLevelId = profileLevelIdOf(sps);
  const packetizer = new H264Packetizer();
  return {
    codec: {
      name: 'H264',
      clockRateHz: 90000,
      packetizationMode: 1,
      sps,
      pps,
      ...(profileLevelId === undefined ? {} : { profileLevelId }),
    },
    write: nalWriter(entry, packetizer),
  };
}

function understandH265(description: Uint8Array | undefined): Understood {
  const entry = description && readHevcConfiguration(description);
  const find = (type: number): Uint8Array | undefined =>
    entry?.parameterSets.find((nal) => (((nal[0] ?? 0) >> 1) & 0x3f) === type);
  const [vps, sps, pps] = [find(32), find(33), find(34)];
  if (!entry || !vps || !sps || !pps)
    throw unsupported('H265 without VPS, SPS and PPS in its hvcC box');
  const packetizer = new H265Packetizer();
  return {
    codec: { name: 'H265', clockRateHz: 90000, vps, sps, pps },
    write: nalWriter(entry, packetizer),
  };
}

function understandAac(description: Uint8Array | undefined): Understood {
  const config = description && parseAudioSpecificConfig(description);
  if (!config) throw unsupported('AAC without an AudioSpecificConfig');
  const packetizer = new AacPacketizer();
  return {
    codec: {
      name: 'MPEG-4 Audio',
      clockRateHz: config.sampleRateHz,
      sampleRateHz: config.sampleRateHz,
      channelCount: config.channelCount,
      config: description,
      framing: AAC_HBR_FRAMING,
    },
    write: (sample, ticks, sink) => void packetizer.packetize(sample, ticks, sink),
  };
}

function nalWriter(
  entry: SampleEntry,
  packetizer: {
    packetize(nals: readonly Uint8Array[], timestampTicks: number, sink: PacketSink): void;
  },
): SampleWriter {
  return (sample, ticks, sink) => {
    const nals = splitLengthPrefixed(sample, entry.lengthBytes);
    if (nals && nals.length > 0) packetizer.packetize(nals, ticks, sink);
  };
}

/** A copy of what a decoder configuration carries; WebCodecs allows buffers and views alike. */
function bytesOf(source: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice();
  }
  return source instanceof ArrayBuffer ? new Uint8Array(source.slice(0)) : undefined;
}

function unsupported(message: string): MediaError {
  return new MediaError('unsupported', 'file-codec-unsupported', message);
}
