// Silence in every audio format that mediamtx.yml can ask of a slate.
import { randomBytes } from 'node:crypto';
import { AacObjectType, buildAudioSpecificConfig } from '../codec/audio-specific-config.ts';
import type { Codec, TrackDescription } from '../codec/codec.ts';
import type { PathConfig } from '../config/config.ts';
import { RtpPacketWriter } from '../file/rtp-packet-writer.ts';
import { AAC_HBR_FRAMING, AacPacketizer } from '../rtp/aac-packetizer.ts';
import type { PacketSink } from '../rtp/packet-sink.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES } from '../rtp/track-normalizer.ts';
import type { SlateTrack } from './slate-track.ts';

/** A track of `alwaysAvailableTracks`. */
export type DeclaredTrack = PathConfig['alwaysAvailableTracks'][number];

interface Silence {
  readonly codec: Codec;
  /** Length of one packet. */
  readonly ticks: number;
  readonly write: (timestampTicks: number, sink: PacketSink) => void;
}

/** One frame of AAC-LC without sound, by channels; valid at every sample rate. */
const SILENT_AAC: Readonly<Record<number, string>> = {
  1: '00c800802380',
  2: '210049900219002380',
  3: '00c8008020840126400864008e',
  4: '00c80080208401264008640080' + '2c80080238',
  5: '00c80080208401264008640082' + '3004990021900238',
  6: '00c80080208401264008640082' + '30049900219002' + '00b2002008e0',
};
/** 20 ms of nothing, mono, which decoders of stereo take as well (RFC 6716 section 3.1). */
const SILENT_OPUS = Uint8Array.of(0xf8, 0xff, 0xfe);
const OPUS_TICKS = 960;
const AAC_TICKS = 1024;
const SILENT_MU_LAW = 0xff;
const SILENT_A_LAW = 0xd5;
const LPCM_BITS = 16;
const PACKETS_PER_S = 50;

/** Writes silent packets, one after the other. */
export class SilenceTrack implements SlateTrack {
  readonly description: TrackDescription;
  readonly #silence: Silence;
  #writer: RtpPacketWriter | undefined;
  #packets = 0;

  constructor(declared: DeclaredTrack, payloadType: number) {
    this.#silence = silenceOf(declared);
    this.description = { kind: 'audio', codec: this.#silence.codec, payloadType };
  }

  begin(onPacket: (packet: Uint8Array) => void): void {
    const random = randomBytes(6);
    const { payloadType } = this.description;
    this.#packets = 0;
    this.#writer = new RtpPacketWriter(
      {
        payloadType,
        ssrc: random.readUInt32BE(0),
        firstSequence: random.readUInt16BE(4),
      },
      onPacket,
    );
  }

  playUntil(elapsedS: number): void {
    const { codec, ticks, write } = this.#silence;
    if (!this.#writer) return;
    while ((this.#packets * ticks) / codec.clockRateHz < elapsedS) {
      write((this.#packets * ticks) % 2 ** 32, this.#writer);
      this.#packets++;
    }
  }
}

function silenceOf({ codec, sampleRate, channelCount, muLaw }: DeclaredTrack): Silence {
  const rate = { clockRateHz: sampleRate, channelCount };
  switch (codec) {
    case 'MPEG4Audio':
      return silentAac(sampleRate, channelCount);
    case 'G711':
      return constantSilence(
        { name: 'G711', isMuLaw: muLaw, ...rate },
        { tickBytes: channelCount, byte: muLaw ? SILENT_MU_LAW : SILENT_A_LAW },
      );
    case 'LPCM':
      return constantSilence(
        { name: 'LPCM', bitDepth: LPCM_BITS, ...rate },
        { tickBytes: channelCount * (LPCM_BITS / 8), byte: 0 },
      );
    default:
      return {
        codec: { name: 'Opus', clockRateHz: 48_000, channelCount: 2 },
        ticks: OPUS_TICKS,
        write: payloadWriter(SILENT_OPUS),
      };
  }
}

function silentAac(sampleRateHz: number, channelCount: number): Silence {
  const frame = Buffer.from(SILENT_AAC[channelCount] ?? '', 'hex');
  const packetizer = new AacPacketizer();
  const config = buildAudioSpecificConfig({
    ...{ objectType: AacObjectType.lc, sampleRateHz, channelConfig: channelCount },
    hasParametricStereo: false,
  });
  return {
    codec: {
      ...{ name: 'MPEG-4 Audio', clockRateHz: sampleRateHz, sampleRateHz, channelCount },
      ...{ config, framing: AAC_HBR_FRAMING },
    },
    ticks: AAC_TICKS,
    write: (ticks, sink) => void packetizer.packetize(frame, ticks, sink),
  };
}

function constantSilence(
  codec: Codec,
  { tickBytes, byte }: { readonly tickBytes: number; readonly byte: number },
): Silence {
  const most = Math.floor(MAX_NORMALIZED_PAYLOAD_BYTES / tickBytes);
  const ticks = Math.max(1, Math.min(most, Math.floor(codec.clockRateHz / PACKETS_PER_S)));
  return { codec, ticks, write: payloadWriter(new Uint8Array(ticks * tickBytes).fill(byte)) };
}

function payloadWriter(payload: Uint8Array): Silence['write'] {
  return (ticks, sink) => {
    const offset = sink.reserve(payload.length);
    sink.bytes.set(payload, offset);
    sink.commit(ticks, false, 0);
  };
}
