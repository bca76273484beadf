// One input of an export, opened for cutting: an MP4 whose packets and sample descriptions are known.
import { stat } from 'node:fs/promises';
import { MediaError } from '../../core/base/media-error.ts';
import type { FfmpegRuns } from './ffmpeg-runs.ts';
import { probePacketsArgs, probeStreamsArgs, type TimeRange } from './fluent-commands.ts';
import { readMediaInfo, type AudioInfo, type MediaInfo, type VideoInfo } from './media-info.ts';
import { emptyPacketTable, PacketTableReader, type PacketTable } from './packet-table.ts';
import { readVideoConfig, type VideoConfig } from './parameter-sets.ts';
import { readSampleDescriptions, type SampleDescription } from './sample-entry.ts';
import type { Container } from './sniff-container.ts';

/** A stream and how its samples are described. */
export interface DescribedTrack<Info> {
  readonly info: Info;
  readonly entry: Buffer;
  /** Whether samples can be copied: there is one description for all of them. */
  readonly isCopyable: boolean;
}

/** A video track; `config` is there for H.264 and H.265. */
export interface VideoTrackFile extends DescribedTrack<VideoInfo> {
  readonly config: VideoConfig | undefined;
}

/** An MP4 on disk. */
export interface MediaFile {
  /** Absolute name. */
  readonly fullPath: string;
  readonly info: MediaInfo;
  readonly video: VideoTrackFile | undefined;
  readonly audio: DescribedTrack<AudioInfo> | undefined;
}

/** Packets of both tracks. */
export interface MediaPackets {
  readonly video: PacketTable;
  readonly audio: PacketTable;
}

/** Sound stands in a file up to this much before and behind its picture. */
const MARGIN_S = 10;

/** Streams and duration of a file of either container. */
export async function probeMedia(
  runs: FfmpegRuns,
  input: { readonly fullPath: string; readonly container: Container },
  signal: AbortSignal,
): Promise<MediaInfo> {
  try {
    return readMediaInfo(await runs.probe(probeStreamsArgs(input), signal), input.fullPath);
  } catch (thrown) {
    if (!(thrown instanceof MediaError) || thrown.code !== 'ffmpeg-failed') throw thrown;
    const text = `export: '${input.fullPath}' can't be read: ${thrown.message}`;
    throw new MediaError('unsupported', 'export-not-a-recording', text, { cause: thrown });
  }
}

/** Opens an MP4. @throws MediaError `unsupported`. */
export async function openMediaFile(
  runs: FfmpegRuns,
  fullPath: string,
  signal: AbortSignal,
): Promise<MediaFile> {
  const info = await probeMedia(runs, { fullPath, container: 'mov' }, signal);
  const descriptions = await readSampleDescriptions(fullPath);
  const video = info.video && describe(info.video, descriptions);
  const config = video && readVideoConfig(video.entry);
  return {
    fullPath,
    info,
    video: video && { ...video, config },
    audio: info.audio && describe(info.audio, descriptions),
  };
}

/**
 * Lists the packets around a range of file time, at least from the key frame before it to the
 * pictures behind it; of the whole file without a range.
 */
export async function listPackets(
  runs: FfmpegRuns,
  { file, range }: { readonly file: MediaFile; readonly range?: TimeRange },
  signal: AbortSignal,
): Promise<MediaPackets> {
  const { size } = await stat(file.fullPath);
  const { video, audio } = file.info;
  const streams = [...(video ? [video] : []), ...(audio ? [audio] : [])];
  const read = async (part?: TimeRange): Promise<MediaPackets> => {
    const reader = new PacketTableReader(streams, size);
    const args = probePacketsArgs({ fullPath: file.fullPath, container: 'mov' }, part);
    await runs.probeLines(args, (text) => reader.push(text), signal);
    reader.end();
    return {
      video: video ? reader.table(video.index) : emptyPacketTable(),
      audio: audio ? reader.table(audio.index) : emptyPacketTable(),
    };
  };
  if (!range) return read();
  const fromS = Math.max(file.info.startS, range.fromS - MARGIN_S);
  const near = await read({ fromS, untilS: range.untilS + MARGIN_S });
  // Where the index of a file is wrong, seeking ends behind the key frame that is needed.
  return hasEntryBefore(near.video, range.fromS) || !video ? near : read();
}

function hasEntryBefore(table: PacketTable, timeS: number): boolean {
  return table.ptsS.some((ptsS, index) => table.isKey[index] === true && ptsS <= timeS);
}

function describe<Info extends VideoInfo | AudioInfo>(
  info: Info,
  descriptions: readonly SampleDescription[],
): DescribedTrack<Info> {
  const found = descriptions.find((description) => description.trackId === info.trackId);
  return {
    info,
    entry: found?.entry ?? Buffer.alloc(0),
    isCopyable: found !== undefined && found.entryCount === 1,
  };
}
