// A source that plays a media file in a loop and in real time.
import type { Clock } from '../base/clock.ts';
import { resolveFileSource } from '../config/file-source.ts';
import type { Source, SourceContext, SourceFactory } from '../path/source.ts';
import { playFile } from './play-file.ts';

/** Makes sources for `file:` URLs. */
export class FileSourceFactory implements SourceFactory {
  readonly schemes = ['file'];
  readonly type = 'fileSource';
  readonly #clock: Clock;
  readonly #configFilePath: string | undefined;

  /** Relative names count from the folder of `configFilePath`. */
  constructor(clock: Clock, configFilePath: string | undefined) {
    this.#clock = clock;
    this.#configFilePath = configFilePath;
  }

  create(): Source {
    return new FileSource(this.#clock, this.#configFilePath);
  }
}

class FileSource implements Source {
  readonly #clock: Clock;
  readonly #configFilePath: string | undefined;

  constructor(clock: Clock, configFilePath: string | undefined) {
    this.#clock = clock;
    this.#configFilePath = configFilePath;
  }

  async run({ url, logger, signal, publish }: SourceContext): Promise<void> {
    const fileName = resolveFileSource(url, this.#configFilePath);
    await playFile({ fileName, logger, signal, publish, clock: this.#clock });
  }
}
