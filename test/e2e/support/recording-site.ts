// An RTSP server that records what is published to it, in this process.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../core/base/clock.ts';
import { EventBus } from '../../../pro/events/event-bus.ts';
import type { ProEvent } from '../../../pro/events/pro-event.ts';
import { RecordManager } from '../../../pro/record/record-manager.ts';
import { RtspFixture } from '../../support/rtsp-fixture.ts';

/** What is recorded. */
export interface RecordingSiteOptions {
  /** A folder of the caller's; by default one that goes with the site. */
  readonly folder?: string;
  /** Records every path by itself, in files of this length. */
  readonly autoRecordMs?: number;
}

/** Whoever starts it stops it. */
export class RecordingSite implements AsyncDisposable {
  readonly folder: string;
  readonly fixture: RtspFixture;
  readonly manager: RecordManager;
  readonly events: ProEvent[] = [];
  readonly #waits = new Set<() => void>();
  readonly #isOwnFolder: boolean;

  private constructor(folder: string, fixture: RtspFixture, options: RecordingSiteOptions) {
    this.folder = folder;
    this.fixture = fixture;
    this.#isOwnFolder = options.folder === undefined;
    const events = new EventBus(fixture.logger);
    events.subscribe((event) => {
      this.events.push(event);
      for (const look of [...this.#waits]) look();
    });
    const nothing = (): void => undefined;
    const { autoRecordMs } = options;
    const settings = {
      isRecorded: autoRecordMs !== undefined,
      root: folder,
      autoRecordMs: autoRecordMs ?? 1_800_000,
    };
    this.manager = new RecordManager(
      {
        pathManager: fixture.pathManager,
        index: { opened: nothing, closed: nothing, gap: nothing },
        events,
        clock: systemClock,
        logger: fixture.logger,
      },
      { settingsOf: () => settings, isSmart: () => false },
    );
  }

  static async start(options: RecordingSiteOptions = {}): Promise<RecordingSite> {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'record-')));
    const site = new RecordingSite(folder, await RtspFixture.start(), options);
    site.manager.start();
    return site;
  }

  /** Resolves when `condition` holds; looked at after each event. */
  waitUntil(condition: (events: readonly ProEvent[]) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition(this.events)) return;
        this.#waits.delete(look);
        resolve();
      };
      this.#waits.add(look);
      look();
    });
  }

  /** Absolute names of everything that was written, in order. */
  async files(): Promise<string[]> {
    const entries = await readdir(this.folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager.close();
    await this.fixture[Symbol.asyncDispose]();
    if (this.#isOwnFolder) await rm(this.folder, { recursive: true, force: true });
  }
}
