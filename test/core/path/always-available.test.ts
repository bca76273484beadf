// Tests of always-available paths: readers stay, whoever comes and goes.
import assert from 'node:assert/strict';
import { pathItem } from '../../../core/api/path-item.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { PathManager } from '../../../core/path/path-manager.ts';
import type { Path, PublishLease } from '../../../core/path/path.ts';
import type { Slate } from '../../../core/path/slate.ts';
import type { SourceWriter } from '../../../core/stream/source-writer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const VP8: TrackDescription = {
  ...{ kind: 'video', codec: { name: 'VP8', clockRateHz: 90000 }, payloadType: 96 },
};
const AUDIO: TrackDescription = {
  kind: 'audio',
  codec: { name: 'G711', clockRateHz: 8000, channelCount: 1, isMuLaw: true },
  payloadType: 0,
};
const NOBODY = { user: '' };
const YML =
  'paths: {cam: {alwaysAvailable: yes, alwaysAvailableTracks: [{codec: H264}], publisherHoldTime: 5s}}';

/** A slate that the test holds in its hands. */
class HandSlate implements Slate {
  tracks: readonly TrackDescription[] = [VP8];
  readonly failures: MediaError[] = [];
  /** Writers of now. */
  readonly playing = new Map<SourceWriter, (failure: MediaError) => void>();

  describe(): Promise<readonly TrackDescription[]> {
    const failure = this.failures.shift();
    return failure ? Promise.reject(failure) : Promise.resolve(this.tracks);
  }

  play(writer: SourceWriter, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.playing.set(writer, (failure) => {
        this.playing.delete(writer);
        reject(failure);
      });
      signal.addEventListener('abort', () => {
        this.playing.delete(writer);
        resolve();
      });
    });
  }
}

class Fixture implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly slate = new HandSlate();
  readonly transitions: string[] = [];
  readonly closedFor: string[] = [];
  readonly manager: PathManager;

  constructor(yml = YML) {
    this.manager = new PathManager(
      {
        ...{ clock: this.clock, logger: this.logger, random: () => 0, sourceFactories: [] },
        authorizer: { authorize: () => Promise.resolve(NOBODY) },
        createSlate: () => this.slate,
      },
      loadConfig({ text: yml, env: {} }),
    );
    this.manager.observe({
      onPathTransition: (_path, transition) => void this.transitions.push(transition),
    });
  }

  static async start(yml?: string): Promise<Fixture> {
    const fixture = new Fixture(yml);
    fixture.manager.start();
    await settle();
    return fixture;
  }

  get path(): Path {
    const path = this.manager.get('cam');
    assert.ok(path);
    return path;
  }

  /** available, online, type of the source. */
  get shown(): unknown {
    const { available, online, source } = pathItem(this.path, []);
    return [available, online, source?.type ?? null];
  }

  read(): void {
    this.manager.read(this.manager.grant('cam', NOBODY), { id: 'r', type: 'webRTCSession' });
  }

  publish(tracks: readonly TrackDescription[] = [VP8]): PublishLease {
    const onPathClosed = (reason: MediaError): void => void this.closedFor.push(reason.code);
    const publisher = { id: 'p', type: 'rtspSession', onPathClosed };
    return this.manager.publish(this.manager.grant('cam', NOBODY), { publisher, tracks });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.manager.close();
  }
}

/** Lets pending promises run; no timer is involved. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

describe('an always-available path', () => {
  it('can be read at once, and is not online', async () => {
    await using fixture = await Fixture.start();
    assert.deepEqual(fixture.shown, [true, false, null]);
    assert.deepEqual(fixture.transitions, ['available']);
    const grant = fixture.manager.grant('cam', NOBODY);
    assert.equal(await fixture.manager.waitForStream(grant), fixture.path.stream);
    assert.equal(fixture.slate.playing.size, 1);
  });

  it('lets readers wait until the slate was read', async () => {
    const fixture = new Fixture();
    fixture.manager.start();
    const stream = await fixture.manager.waitForStream(fixture.manager.grant('cam', NOBODY));
    assert.equal(stream, fixture.path.stream);
    await fixture.manager.close();
    assert.equal(fixture.clock.pendingTimers, 0);
    assert.equal(fixture.slate.playing.size, 0);
  });

  it('gives the stream to a publisher and takes it back, without end for its readers', async () => {
    await using fixture = await Fixture.start();
    const { stream } = fixture.path;
    fixture.read();
    const lease = fixture.publish();
    assert.equal(lease.stream, stream);
    assert.equal(fixture.slate.playing.size, 0);
    assert.deepEqual(fixture.shown, [true, true, 'rtspSession']);
    lease.close();
    assert.equal(fixture.slate.playing.size, 1);
    assert.deepEqual(fixture.shown, [true, false, null]);
    fixture.clock.advance(60_000);
    assert.equal(fixture.path.stream, stream);
    assert.equal(stream?.closedReason, undefined);
    const second = fixture.publish();
    const third = fixture.publish();
    second.close();
    assert.equal(third.stream, stream);
    assert.equal(fixture.slate.playing.size, 0);
    assert.deepEqual(fixture.transitions, ['available', 'online', 'offline', 'online', 'online']);
    third.close();
    assert.equal(fixture.path.stream, stream);
  });

  it('stays without any reader', async () => {
    await using fixture = await Fixture.start();
    const { stream } = fixture.path;
    fixture.publish().close();
    assert.equal(fixture.path.stream, stream);
    assert.equal(fixture.slate.playing.size, 1);
  });

  it('refuses a publisher with other tracks, who does not replace the one that is there', async () => {
    await using fixture = await Fixture.start();
    fixture.publish();
    assert.throws(() => fixture.publish([VP8, AUDIO]), {
      ...{ kind: 'invalid-argument', code: 'slate-tracks-differ' },
      message:
        "path 'cam' is always available with VP8, but the source has VP8, G711 (mu-law, 8000 Hz, 1 channel)",
    });
    assert.deepEqual(fixture.closedFor, []);
    assert.deepEqual(fixture.shown, [true, true, 'rtspSession']);
  });

  it('reads the slate again and again while it can not be read', async () => {
    const fixture = new Fixture();
    fixture.slate.failures.push(new MediaError('unavailable', 'gone', 'no such file'));
    fixture.manager.start();
    await settle();
    assert.deepEqual(fixture.shown, [false, false, null]);
    assert.match(fixture.logger.lines.at(-1)?.message ?? '', /nothing to show: no such file/u);
    fixture.clock.advance(5000);
    await settle();
    assert.deepEqual(fixture.shown, [true, false, null]);
    const [fail] = fixture.slate.playing.values();
    fixture.read();
    fail?.(new MediaError('unavailable', 'gone', 'disk error'));
    await settle();
    assert.equal(fixture.slate.playing.size, 0);
    fixture.clock.advance(5000);
    await settle();
    assert.equal(fixture.slate.playing.size, 1);
    assert.equal(fixture.path.readers.size, 1);
    await fixture.manager.close();
  });

  it('takes a publisher who is there before the slate, and warns about other tracks', async () => {
    const fixture = new Fixture();
    fixture.manager.start();
    const lease = fixture.publish([AUDIO]);
    await settle();
    assert.deepEqual(fixture.shown, [true, true, 'rtspSession']);
    assert.match(fixture.logger.lines.at(-1)?.message ?? '', /other tracks/u);
    fixture.read();
    lease.close();
    assert.equal(lease.stream.closedReason?.code, 'stream-ended');
    assert.deepEqual(
      fixture.path.stream?.tracks.map(({ codec }) => codec.name),
      ['VP8'],
    );
    await fixture.manager.close();
  });

  it('begins and ends with a reload', async () => {
    await using fixture = await Fixture.start('paths: {cam: {}}');
    assert.deepEqual(fixture.shown, [false, false, null]);
    fixture.manager.reconfigure(loadConfig({ text: YML, env: {} }));
    await settle();
    assert.deepEqual(fixture.shown, [true, false, null]);
    const { stream } = fixture.path;
    fixture.manager.reconfigure(loadConfig({ text: 'paths: {cam: {}}', env: {} }));
    assert.deepEqual(fixture.shown, [false, false, null]);
    assert.equal(stream?.closedReason?.code, 'path-changed');
    assert.deepEqual(fixture.transitions, ['available', 'unavailable']);
  });
});
