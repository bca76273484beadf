// The start of a live Matroska stream, RFC 9559: EBML header, Segment without end, Info, Tracks.
import { EbmlWriter } from './ebml-writer.ts';
import type { MatroskaFormat } from './matroska-format.ts';
import { MatroskaId } from './matroska-ids.ts';

/** What is written beside the tracks. */
export interface MatroskaHeaderOptions {
  /** 16 random bytes. */
  readonly segmentUuid: Uint8Array;
  /** Name of the program that writes it. */
  readonly application: string;
}

const NANOSECONDS_PER_MS = 1_000_000;
const TrackType = { video: 1, audio: 2 } as const;
const DOC_TYPE_VERSION = 4;
/** SimpleBlock needs 2. */
const DOC_TYPE_READ_VERSION = 2;

/** Tracks get the numbers 1, 2... in the order given; clusters with times in milliseconds follow. */
export function buildMatroskaHeader(
  tracks: readonly MatroskaFormat[],
  options: MatroskaHeaderOptions,
): Uint8Array {
  const writer = new EbmlWriter();
  writer.open(MatroskaId.ebml);
  writer.uint(MatroskaId.ebmlVersion, 1).uint(MatroskaId.ebmlReadVersion, 1);
  writer.uint(MatroskaId.ebmlMaxIdLength, 4).uint(MatroskaId.ebmlMaxSizeLength, 8);
  writer.text(MatroskaId.docType, 'matroska');
  writer.uint(MatroskaId.docTypeVersion, DOC_TYPE_VERSION);
  writer.uint(MatroskaId.docTypeReadVersion, DOC_TYPE_READ_VERSION).close();
  writer.openUnknownSize(MatroskaId.segment);
  writer.open(MatroskaId.info);
  writer.binary(MatroskaId.segmentUuid, options.segmentUuid);
  writer.uint(MatroskaId.timestampScale, NANOSECONDS_PER_MS);
  writer.text(MatroskaId.muxingApp, options.application);
  writer.text(MatroskaId.writingApp, options.application).close();
  writer.open(MatroskaId.tracks);
  for (const [index, format] of tracks.entries()) writeTrack(writer, format, index + 1);
  return writer.close().toBytes();
}

function writeTrack(writer: EbmlWriter, format: MatroskaFormat, number: number): void {
  const { codecId, codecPrivate, media } = format;
  writer.open(MatroskaId.trackEntry);
  writer.uint(MatroskaId.trackNumber, number).uint(MatroskaId.trackUid, number);
  writer.uint(MatroskaId.trackType, TrackType[media.kind]).uint(MatroskaId.flagLacing, 0);
  writer.text(MatroskaId.codecId, codecId).binary(MatroskaId.codecPrivate, codecPrivate);
  if (media.kind === 'video') {
    writer.open(MatroskaId.video);
    writer.uint(MatroskaId.pixelWidth, media.widthPixels);
    writer.uint(MatroskaId.pixelHeight, media.heightPixels).close();
  } else {
    writer.open(MatroskaId.audio).float(MatroskaId.samplingFrequency, media.sampleRateHz);
    if (media.outputRateHz !== undefined) {
      writer.float(MatroskaId.outputSamplingFrequency, media.outputRateHz);
    }
    writer.uint(MatroskaId.channels, media.channelCount);
    if (media.bitDepth !== undefined) writer.uint(MatroskaId.bitDepth, media.bitDepth);
    writer.close();
  }
  writer.close();
}
