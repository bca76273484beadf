// Tests of paths with a list of sources: who feeds the path when, and that readers stay.
import assert from 'node:assert/strict';
import { pathItem } from '../../../core/api/path-item.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { pathMetrics } from '../../../core/path/path-metrics.ts';
import { AWAY, Fixture, picture, settle, TRACKS } from './failover-fixture.ts';

const TWO = 'paths: {cam: {source: ["rtsp://a/", "rtsp://b/"]}}';
const THREE = 'paths: {cam: {source: ["rtsp://a/", "rtsp://b/", "rtsp://c/"]}}';

describe('a path with a list of sources', () => {
  it('tries the next one at once, and waits only when all have failed', async () => {
    await using fixture = new Fixture(THREE);
    await fixture.fail('rtsp://a/');
    await fixture.fail('rtsp://b/');
    assert.deepEqual(fixture.started, ['rtsp://a/', 'rtsp://b/', 'rtsp://c/']);
    await fixture.fail('rtsp://c/');
    assert.deepEqual(fixture.runs, []);
    await fixture.advance(999);
    assert.deepEqual(fixture.runs, []);
    await fixture.advance(1);
    fixture.run('rtsp://a/');
    for (const url of ['rtsp://a/', 'rtsp://b/', 'rtsp://c/']) await fixture.fail(url);
    await fixture.advance(1999);
    assert.deepEqual(fixture.runs, []);
    await fixture.advance(1);
    fixture.run('rtsp://a/');
  });

  it('spares a camera that refuses the password, wherever it stands in the list', async () => {
    await using fixture = new Fixture(TWO);
    for (let round = 0; round < 6; round++) {
      await fixture.fail('rtsp://a/', new MediaError('unauthenticated', 'unauthenticated', 'no'));
      await fixture.fail('rtsp://b/');
      await fixture.advance(10_000);
    }
    await fixture.fail('rtsp://a/', new MediaError('unauthenticated', 'unauthenticated', 'no'));
    await fixture.fail('rtsp://b/');
    await fixture.advance(4999);
    assert.deepEqual(fixture.runs, []);
    await fixture.advance(1);
    fixture.run('rtsp://a/');
  });

  it('keeps the stream and its readers when one source ends and the next one begins', async () => {
    await using fixture = new Fixture(TWO);
    fixture.publish('rtsp://a/');
    const { stream } = fixture.path;
    fixture.read();
    assert.equal(fixture.index, 0);
    await fixture.advance(60_000);
    await fixture.fail('rtsp://a/');
    assert.equal(fixture.index, 1);
    fixture.publish('rtsp://b/');
    assert.equal(fixture.path.stream, stream);
    assert.deepEqual(fixture.transitions, ['available', 'online', 'offline', 'online']);
    assert.deepEqual(fixture.switches, ['source 2 of 2 feeds the path now: rtsp://b/']);
    assert.deepEqual(pathItem(fixture.path, []).source, { type: 'handSource', id: '', index: 1 });
  });

  it('goes back to the preferred source without a break as soon as it shows a key frame', async () => {
    await using fixture = new Fixture(TWO);
    await fixture.fail('rtsp://a/');
    const lower = fixture.publish('rtsp://b/');
    fixture.read();
    const ring = fixture.path.stream?.tracks[0]?.ring;
    assert.ok(ring);
    await fixture.advance(29_999);
    assert.equal(fixture.runs.length, 1);
    await fixture.advance(1);
    const writer = fixture.run('rtsp://a/').context.publish(TRACKS);
    writer.writeRtp(0, picture(100, false));
    writer.publish();
    assert.equal(lower.isClosed, false);
    lower.writeRtp(0, picture(2, false));
    const before = ring.head;
    writer.writeRtp(0, picture(101, true));
    writer.publish();
    assert.equal(lower.isClosed, true);
    assert.equal(writer.isClosed, false);
    writer.writeRtp(0, picture(102, false));
    writer.publish();
    // The gap that tells decoders of the change, the key frame and the picture behind it.
    assert.equal(ring.head, before + 3);
    assert.equal(ring.newestKeyFrame, before + 1);
    assert.equal(fixture.path.stream.tracks[0]?.stats.packetsLost, 0);
    await settle();
    assert.deepEqual(
      fixture.runs.map(({ url }) => url),
      ['rtsp://a/'],
    );
    assert.deepEqual(fixture.transitions, ['available', 'online']);
    assert.equal(fixture.switches.at(-1), 'source 1 of 2 feeds the path now: rtsp://a/');
    assert.equal(fixture.index, 0);
    await fixture.advance(120_000);
    assert.equal(fixture.started.length, 3);
  });

  it('goes on with the lower source while the preferred one is not back', async () => {
    await using fixture = new Fixture(THREE);
    await fixture.fail('rtsp://a/');
    await fixture.fail('rtsp://b/');
    const lower = fixture.publish('rtsp://c/');
    await fixture.advance(30_000);
    await fixture.fail('rtsp://a/');
    fixture.run('rtsp://b/').context.publish(TRACKS);
    // A source without key frame is no better one.
    await fixture.advance(25_000);
    assert.equal(lower.isClosed, false);
    assert.deepEqual(
      fixture.runs.map(({ url }) => url),
      ['rtsp://c/'],
    );
    await fixture.advance(5000);
    fixture.run('rtsp://a/');
    assert.equal(fixture.index, 2);
  });

  it('ends a trial with the source that it was to replace, and everything when the path closes', async () => {
    const fixture = new Fixture(TWO);
    await fixture.fail('rtsp://a/');
    fixture.publish('rtsp://b/');
    await fixture.advance(30_000);
    const trial = fixture.run('rtsp://a/');
    await fixture.fail('rtsp://b/');
    assert.equal(trial.context.signal.aborted, true);
    assert.notEqual(fixture.run('rtsp://a/'), trial);
    fixture.publish('rtsp://a/');
    await fixture.manager.close();
    assert.deepEqual(fixture.runs, []);
    assert.equal(fixture.clock.pendingTimers, 0);
  });

  it('drops nobody when a reload adds, removes or moves others than the running source', async () => {
    await using fixture = new Fixture('paths: {cam: {source: "rtsp://a/"}}');
    const writer = fixture.publish('rtsp://a/');
    fixture.read();
    fixture.reload(TWO);
    fixture.reload(THREE);
    fixture.reload('paths: {cam: {source: ["rtsp://d/", "rtsp://a/"]}}');
    assert.equal(writer.isClosed, false);
    assert.deepEqual(fixture.started, ['rtsp://a/']);
    assert.deepEqual(fixture.transitions, ['available', 'online']);
    assert.equal(fixture.index, 1);
    await fixture.advance(30_000);
    fixture.run('rtsp://d/');
    fixture.reload('paths: {cam: {source: "rtsp://d/"}}');
    assert.equal(writer.isClosed, true);
    await fixture.advance(3000);
    fixture.publish('rtsp://d/');
    assert.equal(fixture.path.readers.size, 1);
    assert.deepEqual(fixture.transitions, ['available', 'online', 'offline', 'online']);
  });

  it('fails over on demand too, within one wait of the viewer', async () => {
    await using fixture = new Fixture(
      'paths: {cam: {source: ["rtsp://a/", "rtsp://b/"], sourceOnDemand: yes, sourceOnDemandCloseAfter: 5s}}',
    );
    assert.deepEqual(fixture.runs, []);
    const waiting = fixture.manager.waitForStream(fixture.manager.grant('cam', { user: '' }));
    await settle();
    await fixture.fail('rtsp://a/');
    fixture.publish('rtsp://b/');
    assert.equal(await waiting, fixture.path.stream);
    await fixture.advance(5000);
    assert.deepEqual(fixture.runs, []);
  });

  it('waits a bounded time only for a source that waits itself', async () => {
    await using fixture = new Fixture(TWO);
    fixture.run('rtsp://a/').context.onWaiting?.(AWAY);
    await fixture.advance(7999);
    assert.deepEqual(fixture.started, ['rtsp://a/']);
    await fixture.advance(1);
    assert.deepEqual(fixture.started, ['rtsp://a/', 'rtsp://b/']);
    assert.equal(fixture.path.lastFailure, AWAY);
    fixture.run('rtsp://b/').context.onWaiting?.(AWAY);
    fixture.publish('rtsp://b/');
    await fixture.advance(8000);
    assert.equal(fixture.path.stream?.isOnline, true);
  });

  it('leaves a silent source after 5 s, and all of them their time when none was faster', async () => {
    await using fixture = new Fixture(TWO);
    await fixture.advance(4999);
    assert.deepEqual(fixture.started, ['rtsp://a/']);
    await fixture.advance(1);
    assert.deepEqual(fixture.started, ['rtsp://a/', 'rtsp://b/']);
    await fixture.advance(5000);
    // Nobody was faster: after a pause each may take as long as it likes.
    await fixture.advance(1000);
    assert.equal(fixture.started.length, 3);
    await fixture.advance(60_000);
    assert.equal(fixture.started.length, 3);
    fixture.publish('rtsp://a/');
    assert.equal(fixture.index, 0);
  });

  it('notices the end of a source that closes its writer itself', async () => {
    await using fixture = new Fixture('paths: {cam: {source: "rtsp://a/"}}');
    const writer = fixture.publish('rtsp://a/');
    fixture.read();
    writer.close();
    await fixture.fail('rtsp://a/');
    assert.deepEqual(fixture.transitions, ['available', 'online', 'offline']);
    assert.equal(fixture.path.onlineAt, undefined);
  });

  it('goes on with the next one when a source fails soon after it took over', async () => {
    await using fixture = new Fixture(TWO);
    await fixture.fail('rtsp://a/');
    fixture.publish('rtsp://b/');
    fixture.read();
    for (const periodMs of [30_000, 60_000, 120_000, 240_000, 240_000]) {
      await fixture.advance(periodMs - 1);
      assert.equal(fixture.index, 1, `${periodMs} ms`);
      await fixture.advance(1);
      fixture.publish('rtsp://a/');
      assert.equal(fixture.index, 0);
      await fixture.advance(1000);
      await fixture.fail('rtsp://a/');
      // At once, and not after a pause that belongs to failures of all.
      fixture.publish('rtsp://b/');
    }
    await fixture.advance(240_000);
    fixture.publish('rtsp://a/');
    await fixture.advance(60_000);
    await fixture.fail('rtsp://a/');
    fixture.publish('rtsp://b/');
    await fixture.advance(30_000);
    fixture.run('rtsp://a/');
  });

  it('lets no source take over that a reload has moved behind the running one', async () => {
    await using fixture = new Fixture(TWO);
    await fixture.fail('rtsp://a/');
    const writer = fixture.publish('rtsp://b/');
    fixture.read();
    await fixture.advance(30_000);
    const trial = fixture.run('rtsp://a/');
    fixture.reload('paths: {cam: {source: ["rtsp://b/", "rtsp://a/"]}}');
    fixture.publish('rtsp://a/');
    assert.equal(writer.isClosed, false);
    assert.equal(trial.context.signal.aborted, true);
    assert.equal(fixture.index, 0);
  });

  it('tries every source when the groups of a name make two of them the same', async () => {
    await using fixture = new Fixture(
      "paths: {'~^(.+)-(.+)$': {source: ['rtsp://$G1/', 'rtsp://$G2/', 'rtsp://b/'], sourceOnDemand: yes}}",
    );
    const grant = fixture.manager.grant('a-a', { user: '' });
    const waiting = fixture.manager.waitForStream(grant);
    await settle();
    await fixture.fail('rtsp://a/');
    fixture.publish('rtsp://b/');
    assert.ok(await waiting);
    assert.deepEqual(fixture.started, ['rtsp://a/', 'rtsp://b/']);
  });

  it('tells in numbers which source is in use, and nothing of paths without a list', async () => {
    await using fixture = new Fixture(
      'paths: {cam: {source: ["rtsp://a/", "rtsp://b/"]}, one: {source: "rtsp://c/"}}',
    );
    await fixture.fail('rtsp://a/');
    fixture.publish('rtsp://b/');
    const metrics = pathMetrics({ paths: () => fixture.manager.list(), sessions: () => [] });
    const samplesOf = (name: string | undefined): unknown =>
      metrics.collect(name).find((family) => family.name === 'paths_source_index')?.samples;
    const labels = { name: 'cam', state: 'ready' };
    assert.deepEqual(samplesOf(undefined), [{ labels, value: 1 }]);
    assert.deepEqual(samplesOf('one'), []);
  });

  it('leaves out what can not be pulled', async () => {
    await using fixture = new Fixture('paths: {cam: {source: ["srt://a:9/", "rtsp://b/"]}}');
    assert.deepEqual(fixture.started, ['rtsp://b/']);
    assert.equal(fixture.index, undefined);
  });
});
