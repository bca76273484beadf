// Writes MPEG transport streams, ISO/IEC 13818-1: they play up to where they were cut, so nothing is to be closed.
import { MediaError } from '../base/media-error.ts';
import type { ContainerWriter, MuxSample, MuxTrack, MuxWrite } from './container-writer.ts';
import { createTsFormat } from './create-ts-format.ts';
import { MAX_PES_HEADER_BYTES, writePesHeader } from './pes-header.ts';
import type { TsFormat } from './ts-format.ts';
import { TS_PACKET_BYTES, TsPacketBuffer, type TsPacketStream } from './ts-packet-buffer.ts';
import { buildProgramAssociation, buildProgramMap, PROGRAM_MAP_PID } from './ts-tables.ts';

interface TsTrack extends TsPacketStream {
  readonly format: TsFormat;
  readonly clockRateHz: number;
  lastDtsTicks: number;
}

const CLOCK_HZ = 90_000;
const TIME_MODULUS = 2 ** 33;
const FIRST_PID = 0x100;
const TABLES_BYTES = 2 * TS_PACKET_BYTES;
/** The map of so many fits into one packet. */
const MAX_TRACKS = 8;
/** Stands between the clock and the samples, so that a player has time to collect them. */
const LEAD_TICKS = 0.7 * CLOCK_HZ;

/**
 * Tables stand before each part. Payload is copied in `add`; after that the sample may be used again.
 */
export class TsWriter implements ContainerWriter {
  readonly extension = '.ts';
  readonly #tracks: readonly TsTrack[];
  readonly #clockTrack: TsTrack;
  readonly #buffer = new TsPacketBuffer();
  readonly #associations: TsPacketStream = { pid: 0, continuityCounter: 0 };
  readonly #maps: TsPacketStream = { pid: PROGRAM_MAP_PID, continuityCounter: 0 };
  readonly #association = buildProgramAssociation();
  readonly #map: Uint8Array;
  readonly #pesHeader = new Uint8Array(MAX_PES_HEADER_BYTES);
  readonly #chunks: Uint8Array[] = [];
  #position = 0;

  /** @throws MediaError `unsupported` for a codec that MPEG-TS cannot carry. */
  constructor(tracks: readonly MuxTrack[]) {
    this.#tracks = tracks.map(({ codec }, index) => ({
      pid: FIRST_PID + index,
      continuityCounter: 0,
      format: createTsFormat(codec),
      clockRateHz: codec.clockRateHz,
      lastDtsTicks: -1,
    }));
    const clockTrack =
      this.#tracks.find(({ format }) => format.kind === 'video') ?? this.#tracks[0];
    if (clockTrack === undefined || tracks.length > MAX_TRACKS) {
      throw new MediaError(
        'invalid-argument',
        'track-count',
        `${tracks.length} tracks; MPEG-TS file`,
      );
    }
    this.#clockTrack = clockTrack;
    this.#map = buildProgramMap(
      clockTrack.pid,
      this.#tracks.map(({ pid, format: { streamType, descriptors } }) => ({
        pid,
        streamType,
        descriptors,
      })),
    );
  }

  begin(): readonly MuxWrite[] {
    this.#addTables();
    return this.#takeWrites();
  }

  add(sample: MuxSample): void {
    const track = this.#tracks[sample.trackIndex];
    if (track === undefined) {
      throw new MediaError(
        'invalid-argument',
        'track-index',
        `there is no track ${sample.trackIndex} of ${this.#tracks.length}; MPEG-TS file`,
      );
    }
    checkTimes(sample, track);
    const chunks = this.#chunks;
    chunks.length = 0;
    chunks.push(this.#pesHeader);
    const payloadBytes = track.format.append(sample, chunks);
    if (payloadBytes === 0) return;
    track.lastDtsTicks = sample.dtsTicks;
    // The first part follows the tables of `begin` directly.
    if (this.#buffer.isEmpty && this.#position > TABLES_BYTES) this.#addTables();
    const clockTicks = toClock(sample.dtsTicks, track.clockRateHz);
    const headerBytes = writePesHeader(this.#pesHeader, {
      streamId: track.format.streamId,
      payloadBytes,
      ptsTicks: wrap(toClock(sample.ptsTicks, track.clockRateHz) + LEAD_TICKS),
      dtsTicks: wrap(clockTicks + LEAD_TICKS),
    });
    chunks[0] = this.#pesHeader.subarray(0, headerBytes);
    this.#buffer.addPayload(track, {
      chunks,
      sizeBytes: headerBytes + payloadBytes,
      pcrTicks: track === this.#clockTrack ? wrap(clockTicks) : -1,
      isRandomAccess: sample.isKeyFrame,
    });
  }

  endPart(): readonly MuxWrite[] {
    return this.#takeWrites();
  }

  finish(): readonly MuxWrite[] {
    return this.#takeWrites();
  }

  #addTables(): void {
    this.#buffer.addSection(this.#associations, this.#association);
    this.#buffer.addSection(this.#maps, this.#map);
  }

  #takeWrites(): MuxWrite[] {
    const chunks = this.#buffer.take();
    if (chunks.length === 0) return [];
    const position = this.#position;
    for (const { length } of chunks) this.#position += length;
    return [{ position, chunks }];
  }
}

function checkTimes({ dtsTicks, ptsTicks }: MuxSample, track: TsTrack): void {
  const isValid =
    Number.isSafeInteger(dtsTicks) &&
    Number.isSafeInteger(ptsTicks) &&
    dtsTicks > track.lastDtsTicks &&
    ptsTicks >= dtsTicks;
  if (isValid) return;
  throw new MediaError(
    'invalid-argument',
    'sample-time',
    `a sample decoded at ${dtsTicks} and shown at ${ptsTicks} cannot follow one at ` +
      `${track.lastDtsTicks}; PID ${track.pid}, ${track.clockRateHz} ticks per second`,
  );
}

function toClock(ticks: number, clockRateHz: number): number {
  return clockRateHz === CLOCK_HZ ? ticks : Math.round((ticks * CLOCK_HZ) / clockRateHz);
}

function wrap(ticks: number): number {
  return ticks % TIME_MODULUS;
}
