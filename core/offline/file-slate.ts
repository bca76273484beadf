// The slate of `alwaysAvailableFile`: an MP4 file in a loop.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import { describeFile, playFile } from '../file/play-file.ts';
import { hasSameTracks } from '../path/slate-tracks.ts';
import type { Slate } from '../path/slate.ts';
import type { SourceWriter } from '../stream/source-writer.ts';

/** What it plays. */
export interface FileSlateOptions {
  readonly fileName: string;
  readonly logger: Logger;
}

/** Reads the file anew whenever it is shown. */
export class FileSlate implements Slate {
  readonly #clock: Clock;
  readonly #options: FileSlateOptions;
  #tracks: readonly TrackDescription[] = [];

  constructor(clock: Clock, options: FileSlateOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  async describe(): Promise<readonly TrackDescription[]> {
    this.#tracks = await describeFile(this.#options);
    return this.#tracks;
  }

  play(writer: SourceWriter, signal: AbortSignal): Promise<void> {
    const publish = (tracks: readonly TrackDescription[]): SourceWriter => {
      if (hasSameTracks(this.#tracks, tracks)) return writer;
      const message = `the file ${this.#options.fileName} has other tracks than when the path was opened`;
      throw new MediaError('failed-precondition', 'slate-changed', message);
    };
    return playFile({ ...this.#options, clock: this.#clock, signal, publish });
  }
}
