// Reads the AAC track of a stream and writes an Opus track beside it, in step with the source's clock.
import { writeUint16, writeUint32 } from '../base/bytes.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import { parseAudioSpecificConfig } from '../codec/audio-specific-config.ts';
import type { Mpeg4AudioCodec, TrackDescription } from '../codec/codec.ts';
import { ticksPerAacFrame, type AccessUnitHandler } from '../rtp/aac-access-unit.ts';
import { ADTS_HEADER_BYTES, AdtsHeaderWriter } from '../codec/aac-adts.ts';
import { AacDepacketizer } from '../rtp/aac-depacketizer.ts';
import { LatmDepacketizer } from '../rtp/latm-depacketizer.ts';
import { RTP_HEADER_BYTES, RtpPacket } from '../rtp/rtp-packet.ts';
import { Stream } from '../stream/stream.ts';
import type { StreamReader } from '../stream/stream-reader.ts';
import type { StreamWriter } from '../stream/stream-writer.ts';
import type { Track } from '../stream/track.ts';
import { OpusEncoder } from './opus-encoder.ts';
import { SampleTimeline } from './sample-timeline.ts';

/** What a transcoder works with. */
export interface OpusTranscoderComponents {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What to transcode, and with which program. */
export interface OpusTranscoderOptions {
  readonly source: Stream;
  readonly track: Track;
  readonly codec: Mpeg4AudioCodec;
  readonly program: string;
  /** The encoder can't go on; called once. */
  readonly onFailed: (reason: string) => void;
}

const OPUS_RATE_HZ = 48000;
const SAMPLES_PER_PACKET = 960;
const CLOCK_PERIOD_MS = 1000;
const RESTART_MS = 500;
/** A process that ran for so long did not fail at its task. */
const STABLE_MS = 30_000;
const MAX_FAILURES_IN_ROW = 4;
const MAX_PACKET_BYTES = 8192 + RTP_HEADER_BYTES;
const OPUS: TrackDescription = {
  kind: 'audio',
  codec: { name: 'Opus', clockRateHz: OPUS_RATE_HZ, channelCount: 2 },
  payloadType: 111,
};

/** Whether AAC of this kind can be handed to the encoder. */
export function canTranscode(codec: Mpeg4AudioCodec): boolean {
  const config = parseAudioSpecificConfig(codec.config);
  return config !== undefined && new AdtsHeaderWriter(config).isPossible;
}

/** Runs from construction to close(); `stream` carries the one Opus track. */
export class OpusTranscoder implements StreamReader, AccessUnitHandler {
  readonly stream: Stream;
  readonly #components: OpusTranscoderComponents;
  readonly #options: OpusTranscoderOptions;
  readonly #depacketizer: AacDepacketizer | LatmDepacketizer;
  readonly #adts: AdtsHeaderWriter;
  readonly #frameTicks: number;
  readonly #clockTimer: Timer;
  readonly #packet = new RtpPacket();
  readonly #adtsFrame = new Uint8Array(0x2000 + ADTS_HEADER_BYTES);
  readonly #output = new Uint8Array(MAX_PACKET_BYTES);
  #timeline: SampleTimeline;
  #encoder: OpusEncoder;
  #writer: StreamWriter;
  #restart: Timer | undefined;
  #startedMs = 0;
  #failuresInRow = 0;
  #next: number;
  #outputSample = 0;
  #sequence = 0;
  #hasPending = false;
  #isClosed = false;

  constructor(components: OpusTranscoderComponents, options: OpusTranscoderOptions) {
    const { clock, logger } = components;
    const { source, track, codec } = options;
    const config = parseAudioSpecificConfig(codec.config);
    if (!config) {
      throw new MediaError(
        'unsupported',
        'aac-config-unsupported',
        'AAC configuration not understood',
      );
    }
    this.#components = components;
    this.#options = options;
    this.#depacketizer =
      codec.framing.type === 'latm'
        ? new LatmDepacketizer(codec, this)
        : new AacDepacketizer(codec, this);
    this.#adts = new AdtsHeaderWriter(config);
    this.#frameTicks = ticksPerAacFrame(codec);
    this.stream = new Stream([OPUS], { clock, logger });
    this.#timeline = this.#newTimeline();
    this.#writer = this.stream.attach([OPUS]);
    this.#encoder = this.#newEncoder();
    this.#next = track.ring.head;
    source.addReader(this);
    this.#clockTimer = clock.every(CLOCK_PERIOD_MS, () => this.#followClock());
  }

  onPublish(track: Track): void {
    if (track !== this.#options.track || this.#isClosed) return;
    const { ring } = track;
    if (this.#next < ring.tail) {
      this.#next = ring.tail;
      this.#depacketizer.reset();
    }
    for (; this.#next < ring.head; this.#next++) {
      const slot = ring.slotOf(this.#next);
      const length = ring.lengths[slot] ?? 0;
      const offset = ring.offsets[slot] ?? 0;
      if (length === 0) this.#depacketizer.reset();
      else if (this.#packet.parse(ring.bytes.subarray(offset, offset + length))) {
        this.#depacketizer.push(this.#packet);
      }
    }
  }

  onStreamClosed(reason: MediaError): void {
    this.stream.close(reason);
    this.close();
  }

  onAccessUnit(accessUnit: Uint8Array, timestampTicks: number): void {
    const frame = this.#adtsFrame;
    const start = this.#adts.write(frame, 0, accessUnit.length);
    if (start === 0 || start + accessUnit.length > frame.length) return;
    frame.set(accessUnit, start);
    this.#timeline.noteInput(timestampTicks, this.#frameTicks);
    this.#encoder.write(frame.subarray(0, start + accessUnit.length));
  }

  /** Ends the encoder and the Opus stream. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#clockTimer.cancel();
    this.#restart?.cancel();
    this.#options.source.removeReader(this);
    this.#encoder.close();
    this.#writer.close();
    this.stream.close(new MediaError('unavailable', 'transcoder-ended', 'the transcoder ended'));
  }

  #onOpus(packet: Uint8Array): void {
    if (this.#isClosed || packet.length + RTP_HEADER_BYTES > MAX_PACKET_BYTES) return;
    const output = this.#output;
    output[0] = 0x80;
    output[1] = OPUS.payloadType;
    writeUint16(output, 2, this.#sequence);
    writeUint32(output, 4, this.#timeline.outputTime(this.#outputSample));
    writeUint32(output, 8, 1);
    output.set(packet, RTP_HEADER_BYTES);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#outputSample += SAMPLES_PER_PACKET;
    this.#writer.writeRtp(0, output.subarray(0, RTP_HEADER_BYTES + packet.length));
    if (this.#outputSample === SAMPLES_PER_PACKET) this.#followClock();
    this.#schedulePublish();
  }

  /** One wake-up of the readers for all packets of a pipe read. */
  #schedulePublish(): void {
    if (this.#hasPending) return;
    this.#hasPending = true;
    queueMicrotask(() => {
      this.#hasPending = false;
      this.#writer.publish();
    });
  }

  /** Ties the Opus timestamps to the same instant that the source's clock gives its AAC track. */
  #followClock(): void {
    const { source, track, codec } = this.#options;
    const first = this.#timeline.firstTicks;
    const nowMs = this.#components.clock.monotonicMs();
    const sourceTicks = source.clock.ticksAt(track.index, nowMs);
    if (first === undefined || sourceTicks === undefined) return;
    const elapsedS = ((sourceTicks - first) | 0) / codec.clockRateHz;
    this.#writer.writeSenderReport(0, nowMs, Math.round(elapsedS * OPUS_RATE_HZ) >>> 0);
  }

  /**
   * A process that died is started again, later each time, while its listeners hear silence; after
   * too many failures in a row the transcoder gives up.
   */
  #onExit(reason: string): void {
    if (this.#isClosed) return;
    const { clock, logger } = this.#components;
    const ranMs = clock.monotonicMs() - this.#startedMs;
    this.#failuresInRow = ranMs > STABLE_MS ? 1 : this.#failuresInRow + 1;
    if (this.#failuresInRow > MAX_FAILURES_IN_ROW) {
      this.close();
      this.#options.onFailed(reason);
      return;
    }
    logger.warn(`AAC to Opus by ffmpeg ${reason}; it is started again`);
    this.#writer.close();
    this.#restart = clock.after(RESTART_MS * 2 ** (this.#failuresInRow - 1), () => {
      this.#timeline = this.#newTimeline();
      this.#outputSample = 0;
      this.#writer = this.stream.attach([OPUS]);
      this.#encoder = this.#newEncoder();
    });
  }

  #newTimeline(): SampleTimeline {
    return new SampleTimeline(this.#options.codec.clockRateHz, OPUS_RATE_HZ);
  }

  #newEncoder(): OpusEncoder {
    this.#startedMs = this.#components.clock.monotonicMs();
    return new OpusEncoder(this.#components.logger, {
      program: this.#options.program,
      onPacket: (packet) => this.#onOpus(packet),
      onExit: (reason) => this.#onExit(reason),
    });
  }
}
