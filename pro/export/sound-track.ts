// Puts the sound of all pieces on one time line without gaps of its own, in step with the pictures.
import { OutputTrack } from './output-track.ts';
import type { PacketTable } from './packet-table.ts';

/** Sound of one file with its places in it. */
export interface SoundSource {
  /** Index in the list of files. */
  readonly file: number;
  readonly table: PacketTable;
}

/** One piece on the time line. Seconds. */
export interface PlacedSound {
  /** File time that `offsetS` of the export plays. */
  readonly startS: number;
  readonly offsetS: number;
  readonly lengthS: number;
  /** Undefined: silence. */
  readonly source: SoundSource | undefined;
}

/** What the track is. */
export interface SoundTrackFormat {
  readonly sampleRateHz: number;
  /** Sample entry, a whole box. */
  readonly entry: Buffer;
  /** One packet of silence, where pieces need it. */
  readonly silence: SoundSource | undefined;
}

interface PieceTicks {
  readonly startTicks: number;
  readonly endTicks: number;
}

/** Samples in a packet of AAC-LC. */
const AAC_PACKET_TICKS = 1024;
/** No packet of AAC or Opus is longer; in MP4 the one before a hole lasts until the next one. */
const MAX_PACKET_S = 0.26;

/**
 * Builds the audio track. A packet goes where the previous one ended when that is at most half a
 * packet from its own time, so that joins play without a gap and yet no difference adds up; one
 * that would overlap by more is left out, and a gap in the source stays one.
 */
export function buildSoundTrack(
  pieces: readonly PlacedSound[],
  format: SoundTrackFormat,
): OutputTrack {
  const { sampleRateHz: timescaleHz, entry } = format;
  const track = new OutputTrack({ kind: 'audio', timescaleHz, entry, width: 0, height: 0 });
  for (const piece of pieces) {
    const startTicks = piece.offsetS * timescaleHz;
    const ticks = { startTicks, endTicks: startTicks + piece.lengthS * timescaleHz };
    if (piece.source) addSound(track, piece, ticks);
    else if (format.silence) addSilence(track, format.silence, ticks);
  }
  return track;
}

function addSound(track: OutputTrack, piece: PlacedSound, ticks: PieceTicks): void {
  const { source } = piece;
  if (!source) return;
  const { table, file } = source;
  const { timescaleHz } = track.info;
  let length = AAC_PACKET_TICKS;
  for (let index = 0; index < table.ptsS.length; index++) {
    const wantedTicks = ticks.startTicks + ((table.ptsS[index] ?? 0) - piece.startS) * timescaleHz;
    // Files don't tell it for each packet; the one before is as good.
    const toldS = table.durationS[index] ?? 0;
    if (toldS <= MAX_PACKET_S) length = Math.round(toldS * timescaleHz) || length;
    const middle = wantedTicks + length / 2;
    if (table.isHidden[index] || middle < ticks.startTicks || middle > ticks.endTicks) continue;
    const cursor = track.endTicks;
    if (wantedTicks < cursor - length / 2) continue;
    const isNext = wantedTicks <= cursor + length / 2;
    const sample = {
      file,
      position: table.position[index] ?? 0,
      sizeBytes: table.sizeBytes[index] ?? 0,
      timeTicks: isNext ? cursor : Math.round(wantedTicks),
      isKey: true,
    };
    track.add(sample, length);
  }
}

function addSilence(track: OutputTrack, { table, file }: SoundSource, ticks: PieceTicks): void {
  // The middle of the silence: the encoder has settled there.
  const index = Math.floor(table.ptsS.length / 2);
  let timeTicks = Math.max(track.endTicks, Math.round(ticks.startTicks - AAC_PACKET_TICKS / 2));
  for (; timeTicks + AAC_PACKET_TICKS / 2 <= ticks.endTicks; timeTicks += AAC_PACKET_TICKS) {
    const sample = {
      file,
      position: table.position[index] ?? 0,
      sizeBytes: table.sizeBytes[index] ?? 0,
      timeTicks: Math.max(0, timeTicks),
      isKey: true,
    };
    track.add(sample, AAC_PACKET_TICKS);
  }
}
