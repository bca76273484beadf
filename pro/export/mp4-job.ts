// One export by the ffmpeg of this machine, step by step: open, plan, encode what must be, write.
import { open, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { MediaError } from '../../core/base/media-error.ts';
import { chooseAudioFormat, chooseVideoFormat, type VideoFormat } from './common-format.ts';
import type { ExportOutput, ExportWatch, ExportWork } from './export-backend.ts';
import type { FfmpegRuns } from './ffmpeg-runs.ts';
import { remuxArgs } from './fluent-commands.ts';
import { isIdrPacket } from './key-frame-check.ts';
import { listPackets, openMediaFile, type MediaFile } from './media-file.ts';
import type { Chapter } from './movie-box.ts';
import type { OutputTrack } from './output-track.ts';
import { PieceEncoder } from './piece-encoder.ts';
import { buildPictureTrack } from './picture-track.ts';
import { checkRange, type PlannedPiece } from './planned-piece.ts';
import { ProgressMeter } from './progress-meter.ts';
import { sniffContainer } from './sniff-container.ts';
import { buildSoundTrack } from './sound-track.ts';
import { spliceMp4 } from './splice-mp4.ts';
import { planStill, planVideoCut, type PictureRun, type VideoCut } from './video-cut.ts';

/** What a job works with. */
export interface Mp4JobComponents {
  readonly runs: FfmpegRuns;
}

/** What a job may do. */
export interface Mp4JobOptions {
  /** Disk space that stays free, bytes. */
  readonly minFreeBytes: number;
}

/** Does one work; `run` is called once. */
export class Mp4Job {
  readonly #runs: FfmpegRuns;
  readonly #options: Mp4JobOptions;
  readonly #work: ExportWork;
  readonly #watch: ExportWatch;
  readonly #progress: ProgressMeter;
  readonly #sources = new Map<string, MediaFile>();
  /** Files that samples come from. */
  readonly #files: string[] = [];

  constructor(
    { runs }: Mp4JobComponents,
    options: Mp4JobOptions,
    { work, watch }: { readonly work: ExportWork; readonly watch: ExportWatch },
  ) {
    this.#runs = runs;
    this.#options = options;
    this.#work = work;
    this.#watch = watch;
    this.#progress = new ProgressMeter(watch.onProgress);
  }

  /** Makes `export.mp4` in the folder of the job. */
  async run(): Promise<ExportOutput> {
    const pieces = await this.#planPieces();
    const encoder = new PieceEncoder(this.#runs, {
      folder: this.#work.folder,
      maxOutputBytes: this.#work.maxOutputBytes,
      signal: this.#watch.signal,
      progress: this.#progress,
      addFile: (file) => this.#fileIndex(file),
    });
    const video = await this.#makePictures(pieces, encoder);
    const audio = await this.#makeSound(pieces, encoder);
    const tracks = [video, audio].filter((track) => track !== undefined && track.sampleCount > 0);
    return this.#write(
      tracks.filter((track) => track !== undefined),
      pieces,
    );
  }

  async #planPieces(): Promise<PlannedPiece[]> {
    const pieces: PlannedPiece[] = [];
    let offsetS = 0;
    for (const part of this.#work.parts) {
      this.#watch.signal.throwIfAborted();
      const file = await this.#open(part.fullPath);
      const { startS: originS, durationS } = file.info;
      if (part.range) checkRange(part, durationS);
      const startS = originS + (part.range?.startS ?? 0);
      const endS = originS + Math.min(part.range?.endS ?? durationS, durationS);
      const range = part.range ? { fromS: startS, untilS: endS } : undefined;
      const packets = await listPackets(
        this.#runs,
        range ? { file, range } : { file },
        this.#watch.signal,
      );
      pieces.push({ part, file, startS, endS, offsetS, packets });
      offsetS += endS - startS;
    }
    return pieces;
  }

  async #makePictures(
    pieces: readonly PlannedPiece[],
    encoder: PieceEncoder,
  ): Promise<OutputTrack | undefined> {
    const tracks = pieces.map(({ file }) => file.video).filter((track) => track !== undefined);
    if (tracks.length === 0) return undefined;
    if (tracks.length < pieces.length) throw withoutPictures(pieces);
    let format = chooseVideoFormat(tracks, true);
    let plans = await this.#planCuts(pieces, format);
    const mustEncode = plans.some((runs) => runs.some((run) => run.kind === 'encode'));
    if (mustEncode && format?.encoder === undefined) {
      format = chooseVideoFormat(tracks, false);
      plans = await this.#planCuts(pieces, format);
    }
    if (!format) return undefined;
    this.#progress.expect(encodedSeconds(plans));
    const placed = [];
    for (const [index, piece] of pieces.entries()) {
      const runs = await encoder.placePictures(piece, plans[index] ?? [], {
        format,
        isCopied: format.mayCopy[index] === true,
        entries: tracks.map((track) => track.entry),
      });
      placed.push({ ...placeOf(piece), runs });
    }
    const width = Math.round(format.width * format.pixelAspect);
    return buildPictureTrack(placed, { width, height: format.height });
  }

  async #planCuts(
    pieces: readonly PlannedPiece[],
    format: VideoFormat | undefined,
  ): Promise<PictureRun[][]> {
    const plans: PictureRun[][] = [];
    for (const [index, piece] of pieces.entries()) {
      const codec = piece.file.video?.config?.codec;
      await using handle = await open(piece.file.fullPath, 'r');
      const { video: table } = piece.packets;
      const cut: VideoCut = {
        table,
        startS: piece.startS,
        endS: piece.endS,
        mayCopy: format?.mayCopy[index] === true,
        isEntry: async (packet) => {
          const position = table.position[packet] ?? 0;
          const sizeBytes = table.sizeBytes[packet] ?? 0;
          return codec === undefined || isIdrPacket(handle, codec, { position, sizeBytes });
        },
      };
      const runs = await planVideoCut(cut);
      const shown = runs.length > 0 ? runs : planStill(cut, piece.startS);
      if (shown.length === 0) throw withoutPicture(piece);
      plans.push(shown);
    }
    return plans;
  }

  async #makeSound(
    pieces: readonly PlannedPiece[],
    encoder: PieceEncoder,
  ): Promise<OutputTrack | undefined> {
    const tracks = pieces.map(({ file }) => file.audio);
    const format = chooseAudioFormat(tracks);
    if (!format) return undefined;
    const isAac = format.mode === 'aac';
    const silence = tracks.includes(undefined) ? await encoder.silence(format) : undefined;
    let entry = isAac ? undefined : tracks.find((track) => track !== undefined)?.entry;
    const placed = [];
    for (const piece of pieces) {
      const place = placeOf(piece);
      if (!piece.file.audio) {
        placed.push({ ...place, source: undefined });
      } else if (isAac) {
        const encoded = await encoder.encodeSound(piece, piece.file.audio.info, format);
        entry ??= encoded.entry;
        // The encoder's file begins with the piece.
        placed.push({ ...place, startS: 0, source: encoded });
      } else {
        const file = this.#fileIndex(piece.file.fullPath);
        placed.push({ ...place, source: { file, table: piece.packets.audio } });
      }
    }
    const { sampleRateHz } = format;
    return entry && buildSoundTrack(placed, { sampleRateHz, entry, silence });
  }

  async #write(
    tracks: readonly OutputTrack[],
    pieces: readonly PlannedPiece[],
  ): Promise<ExportOutput> {
    if (tracks.length === 0) throw nothing(this.#work);
    const outputFile = join(this.#work.folder, 'export.mp4');
    const bytes = tracks.reduce(
      (sum, track) => sum + track.fileBytes.reduce((a, b) => a + b, 0),
      0,
    );
    await this.#checkDisk(bytes);
    await spliceMp4(
      {
        files: this.#files,
        tracks,
        chapters: chaptersOf(pieces),
        outputFile,
        maxBytes: this.#work.maxOutputBytes,
      },
      { signal: this.#watch.signal, onProgress: (part) => this.#progress.finish(part) },
    );
    const endsS = tracks.map((track) => track.endTicks / track.info.timescaleHz);
    return { file: outputFile, durationS: Math.max(...endsS) };
  }

  /** MPEG-TS is rewritten as MP4 first, without touching the pictures: positions count from there. */
  async #open(fullPath: string): Promise<MediaFile> {
    const known = this.#sources.get(fullPath);
    if (known) return known;
    let path = fullPath;
    const container = await sniffContainer(fullPath);
    if (container !== 'mov') {
      const { size } = await stat(fullPath);
      await this.#checkDisk(size);
      path = join(this.#work.folder, `source-${this.#sources.size}.mp4`);
      const args = remuxArgs({ fullPath, container }, path, size * 2);
      await this.#runs.remux(args, this.#watch.signal);
    }
    const file = await openMediaFile(this.#runs, path, this.#watch.signal);
    this.#sources.set(fullPath, file);
    return file;
  }

  #fileIndex(fullPath: string): number {
    const index = this.#files.indexOf(fullPath);
    return index < 0 ? this.#files.push(fullPath) - 1 : index;
  }

  async #checkDisk(neededBytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#work.folder);
    const freeBytes = bavail * bsize;
    if (freeBytes - neededBytes >= this.#options.minFreeBytes) return;
    const text =
      `export: ${neededBytes} bytes are needed and ${this.#options.minFreeBytes} have to stay ` +
      `free, the disk has ${freeBytes}`;
    throw new MediaError('unavailable', 'export-disk-full', text);
  }
}

function placeOf(piece: PlannedPiece): { startS: number; offsetS: number; lengthS: number } {
  const { startS, endS, offsetS } = piece;
  return { startS, offsetS, lengthS: endS - startS };
}

function encodedSeconds(plans: readonly (readonly PictureRun[])[]): number {
  let sumS = 0;
  for (const run of plans.flat()) {
    if (run.kind === 'encode') sumS += run.untilS - (run.ptsS[0] ?? run.untilS);
  }
  return sumS;
}

function chaptersOf(pieces: readonly PlannedPiece[]): Chapter[] {
  return pieces.flatMap(({ part, file, startS, endS, offsetS }) =>
    part.marks
      .map((mark) => ({ atS: file.info.startS + mark.seconds, title: mark.content }))
      .filter(({ atS }) => atS >= startS && atS < endS)
      .map(({ atS, title }) => ({ startS: offsetS + atS - startS, title })),
  );
}

function withoutPictures(pieces: readonly PlannedPiece[]): MediaError {
  const found = pieces.find(({ file }) => !file.video);
  const text = `export: '${found?.part.fullPath ?? ''}' has no pictures, other pieces have`;
  return new MediaError('unsupported', 'export-no-pictures', text);
}

function withoutPicture({ part, startS, endS }: PlannedPiece): MediaError {
  const text = `export: '${part.fullPath}' has no picture between ${startS} s and ${endS} s`;
  return new MediaError('unsupported', 'export-no-pictures', text);
}

function nothing({ id }: ExportWork): MediaError {
  return new MediaError('unsupported', 'export-no-pictures', `export ${id} has nothing to show`);
}
