// Encodes what of an export can't be copied, each piece into a file of its own.
import { join } from 'node:path';
import { MediaError } from '../../core/base/media-error.ts';
import type { AudioFormat, VideoFormat } from './common-format.ts';
import type { FfmpegRuns } from './ffmpeg-runs.ts';
import { encodeAudioArgs, encodeVideoArgs, silenceArgs } from './fluent-commands.ts';
import { listPackets, openMediaFile } from './media-file.ts';
import type { AudioInfo } from './media-info.ts';
import type { PlannedPiece } from './planned-piece.ts';
import { freeParameterSetId } from './parameter-sets.ts';
import type { PictureSource, PlacedRun } from './picture-track.ts';
import type { ProgressMeter } from './progress-meter.ts';
import type { SoundSource } from './sound-track.ts';
import type { EncodedPictures, PictureRun } from './video-cut.ts';

/** Where to write, and bounds. */
export interface PieceEncoderOptions {
  readonly folder: string;
  /** For each file. */
  readonly maxOutputBytes: number;
  readonly signal: AbortSignal;
  readonly progress: ProgressMeter;
  /** Number of a file in the list that samples refer to. */
  readonly addFile: (fullPath: string) => number;
}

/** How the pictures of one piece are made. */
export interface PictureMaking {
  readonly format: VideoFormat;
  /** Whether the piece is copied and only its edges are encoded, to match. */
  readonly isCopied: boolean;
  /** Sample entries of all pieces. */
  readonly entries: readonly Buffer[];
}

/** Profiles that x264 makes by the names ffprobe gives them; others are left to x264. */
const X264_PROFILES = new Map([
  ['Constrained Baseline', 'baseline'],
  ['Baseline', 'baseline'],
  ['Main', 'main'],
  ['High', 'high'],
]);

/** Numbers its files; one for each export. */
export class PieceEncoder {
  readonly #runs: FfmpegRuns;
  readonly #options: PieceEncoderOptions;
  #fileCount = 0;

  constructor(runs: FfmpegRuns, options: PieceEncoderOptions) {
    this.#runs = runs;
    this.#options = options;
  }

  /** Finds or makes what each run of pictures is read from. */
  async placePictures(
    piece: PlannedPiece,
    runs: readonly PictureRun[],
    making: PictureMaking,
  ): Promise<PlacedRun[]> {
    const placed: PlacedRun[] = [];
    for (const plan of runs) {
      if (plan.kind === 'encode') {
        placed.push({ plan, source: await this.#encodePictures(piece, plan, making) });
      } else {
        const entry = piece.file.video?.entry ?? Buffer.alloc(0);
        const file = this.#options.addFile(piece.file.fullPath);
        placed.push({ plan, source: { file, table: piece.packets.video, entry } });
      }
    }
    return placed;
  }

  /** The sound of a piece from its beginning, as AAC. */
  async encodeSound(
    piece: PlannedPiece,
    info: AudioInfo,
    { sampleRateHz, channelCount }: AudioFormat,
  ): Promise<SoundSource & { readonly entry: Buffer }> {
    const args = encodeAudioArgs({
      input: { fullPath: piece.file.fullPath, container: 'mov' },
      streamIndex: info.index,
      fromS: piece.startS,
      untilS: piece.endS,
      sampleRateHz,
      channelCount,
    });
    return this.#soundOf(await this.#encode(args, () => undefined));
  }

  /** Some packets of silence. */
  async silence({ sampleRateHz, channelCount }: AudioFormat): Promise<SoundSource> {
    const args = silenceArgs(sampleRateHz, channelCount);
    return this.#soundOf(await this.#encode(args, () => undefined));
  }

  async #encodePictures(
    piece: PlannedPiece,
    plan: EncodedPictures,
    { format, isCopied, entries }: PictureMaking,
  ): Promise<PictureSource> {
    const { info } = piece.file.video ?? {};
    const [fromS = 0] = plan.ptsS;
    const lengthS = plan.untilS - fromS;
    const { advance, end } = this.#options.progress.begin(lengthS);
    const args = encodeVideoArgs({
      input: { fullPath: piece.file.fullPath, container: 'mov' },
      streamIndex: info?.index ?? 0,
      seekS: plan.seekS,
      fromS,
      untilS: plan.untilS,
      frameCount: plan.ptsS.length,
      encoder: format.encoder ?? 'libx264',
      profile: isCopied ? X264_PROFILES.get(info?.profile ?? '') : undefined,
      parameterSetId: freeParameterSetId(entries),
      letterbox: isCopied ? undefined : { width: format.width, height: format.height },
      hasFpsMode: await this.#runs.hasFpsMode(),
    });
    const path = await this.#encode(args, advance);
    const file = await openMediaFile(this.#runs, path, this.#options.signal);
    const { video } = await listPackets(this.#runs, { file }, this.#options.signal);
    end();
    if (!file.video || video.ptsS.length === 0) throw undecodable(piece, fromS);
    return { file: this.#options.addFile(path), table: video, entry: file.video.entry };
  }

  async #soundOf(path: string): Promise<SoundSource & { readonly entry: Buffer }> {
    const file = await openMediaFile(this.#runs, path, this.#options.signal);
    const { audio } = await listPackets(this.#runs, { file }, this.#options.signal);
    const entry = file.audio?.entry ?? Buffer.alloc(0);
    return { file: this.#options.addFile(path), table: audio, entry };
  }

  /** Name of the file that was made. */
  async #encode(args: readonly string[], onSeconds: (seconds: number) => void): Promise<string> {
    const { folder, maxOutputBytes, signal } = this.#options;
    const outputFile = join(folder, `piece-${this.#fileCount++}.mp4`);
    await this.#runs.encode({ args, outputFile, maxOutputBytes, signal, onSeconds });
    return outputFile;
  }
}

function undecodable({ part }: PlannedPiece, fromS: number): MediaError {
  const text = `export: no picture of '${part.fullPath}' can be decoded at ${fromS} s`;
  return new MediaError('unsupported', 'export-undecodable', text);
}
