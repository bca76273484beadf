// Finished exports are told to the index of recordings, so that lists show them at once.
import type { Logger } from '../../core/base/logger.ts';
import { toMediaError } from '../../core/base/media-error.ts';
import type { ExportTarget, PublishedExport } from './day-folder-target.ts';

/** What it works with. */
export interface IndexedTargetComponents {
  readonly target: ExportTarget;
  /** `filePath` begins with a slash and is relative to the recordings folder. */
  readonly register: (filePath: string) => Promise<unknown>;
  readonly logger: Logger;
}

/** An index that fails fails no export: it finds the file at its next reconciling. */
export class IndexedTarget implements ExportTarget {
  readonly #components: IndexedTargetComponents;

  constructor(components: IndexedTargetComponents) {
    this.#components = components;
  }

  /** @throws MediaError as the target does. */
  async publish(file: string): Promise<PublishedExport> {
    const { target, register, logger } = this.#components;
    const published = await target.publish(file);
    try {
      await register(published.filePath);
    } catch (thrown) {
      const { message } = toMediaError(thrown);
      logger.warn(`'${published.filePath}' is not in the index yet: ${message}`);
    }
    return published;
  }
}
