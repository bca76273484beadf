// A manager of recordings on real paths, with a clock that the test turns and a disk in memory.
import { loadConfig } from '../../../core/config/load-config.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { PathManager } from '../../../core/path/path-manager.ts';
import type { Source, SourceContext, SourceFactory } from '../../../core/path/source.ts';
import type {
  SegmentClosed,
  SegmentGap,
  SegmentOpened,
} from '../../../core/record/recordings-index.ts';
import { EventBus } from '../../../pro/events/event-bus.ts';
import type { ProEvent } from '../../../pro/events/pro-event.ts';
import { RecordManager, type RecordManagerOptions } from '../../../pro/record/record-manager.ts';
import { CameraFeed, H264 } from '../../core/record/camera-feed.ts';
import { MemoryDisk } from '../../core/record/memory-disk.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const NOBODY = { user: '' };

/** A publisher of the test. */
export interface TestPublisher {
  readonly feed: CameraFeed;
  leave(): void;
}

/** A pulled camera: publishes two pictures as soon as it runs. */
class PulledCamera implements Source, SourceFactory {
  readonly schemes = ['rtsp'];
  readonly type = 'pulledCamera';
  runs = 0;

  create(): Source {
    return this;
  }

  run(context: SourceContext): Promise<void> {
    this.runs++;
    new CameraFeed(context.publish([H264]), [H264]).frame(0);
    return new Promise((resolve) => {
      context.signal.addEventListener('abort', () => resolve());
    });
  }
}

/** Everything around one RecordManager; recordings go to `/rec`. */
export class RecordRig implements AsyncDisposable {
  // Noon, so that no time zone makes another day of the minutes around it.
  readonly clock = new FakeClock(new Date(2026, 4, 6, 12, 30).getTime());
  readonly disk = new MemoryDisk();
  readonly logger = new RecordingLogger();
  readonly pulled = new PulledCamera();
  readonly pathManager: PathManager;
  readonly manager: RecordManager;
  readonly bus: EventBus;
  readonly events: ProEvent[] = [];
  readonly index: { opened: SegmentOpened[]; closed: SegmentClosed[]; gaps: SegmentGap[] } = {
    opened: [],
    closed: [],
    gaps: [],
  };
  /** Paths with `record: yes`. */
  readonly recorded = new Set<string>();
  readonly smart = new Set<string>();

  constructor(options: Partial<RecordManagerOptions> = {}) {
    const { clock, logger, disk } = this;
    const config = loadConfig({
      text: [
        'paths:',
        '  cam: {}',
        '  cam2: {}',
        '  demand: {source: "rtsp://127.0.0.1:1/x", sourceOnDemand: yes}',
      ].join('\n'),
      env: {},
    });
    this.pathManager = new PathManager(
      {
        clock,
        logger,
        authorizer: { authorize: () => Promise.resolve(NOBODY) },
        sourceFactories: [this.pulled],
        random: () => 0,
      },
      config,
    );
    this.pathManager.start();
    this.bus = new EventBus(logger);
    this.bus.subscribe((event) => this.events.push(event));
    this.manager = new RecordManager(
      {
        ...{ pathManager: this.pathManager, events: this.bus, clock, logger, disk },
        index: {
          opened: (segment) => this.index.opened.push(segment),
          closed: (segment) => this.index.closed.push(segment),
          gap: (gap) => this.index.gaps.push(gap),
        },
      },
      {
        settingsOf: (name) =>
          config.paths.has(name)
            ? { isRecorded: this.recorded.has(name), root: '/rec', autoRecordMs: 60_000 }
            : undefined,
        isSmart: (name) => this.smart.has(name),
        ...options,
      },
    );
    this.manager.start();
  }

  publish(name = 'cam', tracks: readonly TrackDescription[] = [H264]): TestPublisher {
    const publisher = { id: name, type: 'test', onPathClosed: () => undefined };
    const grant = this.pathManager.grant(name, NOBODY);
    const lease = this.pathManager.publish(grant, { publisher, tracks });
    return { feed: new CameraFeed(lease.writer, tracks), leave: () => lease.close() };
  }

  /** Sends pictures for so long. */
  async play(publisher: TestPublisher, durationMs: number, fromMs = 0): Promise<void> {
    for (let atMs = fromMs; atMs < fromMs + durationMs; atMs += 200) {
      publisher.feed.picture(atMs * 90, { isKey: atMs % 1000 === 0 });
      this.clock.advance(200);
      await Promise.resolve();
    }
    await this.settle();
  }

  async pause(durationMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < durationMs; passedMs += 1000) {
      this.clock.advance(1000);
      await this.settle();
    }
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  ofType<T extends ProEvent['type']>(type: T): Extract<ProEvent, { type: T }>[] {
    return this.events.filter(
      (event): event is Extract<ProEvent, { type: T }> => event.type === type,
    );
  }

  /** Names of the files on the disk. */
  get files(): string[] {
    return [...this.disk.files.keys()].sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager.close();
    await this.pathManager.close();
  }
}
