// Which paths get periodic pictures: a small file for each beside the recordings.
import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import { diskFullError } from '../../core/library/disk-space.ts';

/** Periodic pictures of a path. */
export interface PeriodicSetting {
  readonly enabled: boolean;
  /** 1..86400. */
  readonly intervalSeconds: number;
  /** Of the JPEG, 1..100. */
  readonly quality: number;
}

/** What is to change; absent fields stay as they are. */
export type PeriodicChange = {
  readonly [K in keyof PeriodicSetting]?: PeriodicSetting[K] | undefined;
};

/** What a path has until it is changed. */
export const defaultPeriodicSetting: PeriodicSetting = {
  enabled: false,
  intervalSeconds: 10,
  quality: 80,
};

const PREFIX = 'snapshot_';
const SUFFIX = '.json';
const MAX_ENCODED_CHARS = 200;
const MAX_FILE_BYTES = 64 * 1024;
/** Paths with a setting: names of `all_others` are endless. */
const MAX_FILES = 10_000;
const MAX_NAME_CHARS = 4096;
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const fileSchema = z.object({
  pathName: z.string().min(1).max(MAX_NAME_CHARS),
  enabled: z.boolean(),
  interval: z.number().min(1).max(86_400),
  quality: z.int().min(1).max(100),
});

/** Reads all files once; writes one file at a time, whole or not at all. */
export class SnapshotConfigStore {
  readonly #logger: Logger;
  readonly #root: string;
  readonly #maxFiles: number;
  readonly #settings = new Map<string, PeriodicSetting>();
  #writing: Promise<void> = Promise.resolve();

  /** `root` is the recordings folder, absolute. */
  constructor(logger: Logger, root: string, { maxFiles = MAX_FILES } = {}) {
    this.#logger = logger;
    this.#root = root;
    this.#maxFiles = maxFiles;
  }

  /** Settings that differ from the default, by path name. */
  get all(): ReadonlyMap<string, PeriodicSetting> {
    return this.#settings;
  }

  /** Reads the files; a broken one is told and left out. */
  async load(): Promise<void> {
    for (const name of await this.#fileNames()) {
      try {
        const { pathName, interval, ...rest } = await this.#read(name);
        this.#settings.set(pathName, { ...rest, intervalSeconds: interval });
      } catch (thrown) {
        this.#logger.warn(`${name} is ignored: ${toMediaError(thrown).message}`);
      }
    }
  }

  get(pathName: string): PeriodicSetting {
    return this.#settings.get(pathName) ?? defaultPeriodicSetting;
  }

  /**
   * Changes what is given and leaves the rest as it is; resolves to all of it when it is on disk.
   * @throws MediaError invalid-argument `value-out-of-range`, resource-exhausted
   * `too-many-snapshot-configs` or `disk-full`.
   */
  async change(pathName: string, change: PeriodicChange): Promise<PeriodicSetting> {
    const previous = this.#writing;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#writing = promise.then(() => undefined);
    await previous;
    try {
      const { enabled, intervalSeconds, quality } = this.get(pathName);
      const setting = {
        enabled: change.enabled ?? enabled,
        intervalSeconds: change.intervalSeconds ?? intervalSeconds,
        quality: change.quality ?? quality,
      };
      await this.#keep(pathName, setting);
      return setting;
    } finally {
      resolve(undefined);
    }
  }

  async #keep(pathName: string, setting: PeriodicSetting): Promise<void> {
    const { enabled, intervalSeconds: interval, quality } = setting;
    const parsed = fileSchema.safeParse({ pathName, enabled, interval, quality });
    if (!parsed.success || !pathName.isWellFormed()) {
      const [issue] = parsed.error?.issues ?? [];
      const text = `${issue?.path.join('.') ?? 'pathName'}: ${issue?.message ?? 'is no text'}`;
      throw new MediaError('invalid-argument', 'value-out-of-range', text);
    }
    const file = snapshotConfigFile(pathName);
    if (isDefault(setting)) {
      await rm(join(this.#root, file), { force: true });
      this.#settings.delete(pathName);
      return;
    }
    if (!this.#settings.has(pathName) && this.#settings.size >= this.#maxFiles) {
      throw new MediaError(
        'resource-exhausted',
        'too-many-snapshot-configs',
        `${this.#maxFiles} paths have settings of periodic pictures already`,
      );
    }
    await this.#write(file, JSON.stringify(parsed.data));
    this.#settings.set(pathName, setting);
  }

  async #fileNames(): Promise<string[]> {
    try {
      const names = await readdir(this.#root);
      const files = names.filter((name) => name.startsWith(PREFIX) && name.endsWith(SUFFIX));
      return files.slice(0, this.#maxFiles);
    } catch {
      return [];
    }
  }

  async #read(name: string): Promise<z.output<typeof fileSchema>> {
    const handle = await open(join(this.#root, name), READ);
    try {
      const { size } = await handle.stat();
      if (size > MAX_FILE_BYTES) {
        throw new MediaError('invalid-argument', 'file-too-large', `it has ${size} bytes`);
      }
      return fileSchema.parse(JSON.parse(await handle.readFile('utf8')));
    } finally {
      await handle.close();
    }
  }

  async #write(name: string, text: string): Promise<void> {
    const folder = join(this.#root, 'tmp');
    await mkdir(folder, { recursive: true });
    const temporary = join(folder, `${randomUUID()}.part`);
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(text);
      await handle.sync();
      await handle.close();
      await rename(temporary, join(this.#root, name));
    } catch (thrown) {
      await handle.close();
      await unlink(temporary).catch(() => undefined);
      throw diskFullError(thrown, name) ?? thrown;
    }
  }
}

function isDefault({ enabled, intervalSeconds, quality }: PeriodicSetting): boolean {
  const standard = defaultPeriodicSetting;
  return (
    enabled === standard.enabled &&
    intervalSeconds === standard.intervalSeconds &&
    quality === standard.quality
  );
}

/** Name of the file of a path: percent-encoded, so that a slash stays inside it. */
export function snapshotConfigFile(pathName: string): string {
  const encoded = encodeURIComponent(pathName);
  if (encoded.length <= MAX_ENCODED_CHARS) return `${PREFIX}${encoded}${SUFFIX}`;
  const digest = createHash('sha256').update(pathName).digest('hex').slice(0, 32);
  return `${PREFIX}${encoded.slice(0, MAX_ENCODED_CHARS - digest.length)}${digest}${SUFFIX}`;
}
