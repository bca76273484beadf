// Recordings as clients ask for them: once for each path, with exact errors, complete when stopped.
import assert from 'node:assert/strict';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { RecordRig } from './record-rig.ts';

const MP4 = { name: 'cam', videoFormat: 'mp4' } as const;
const G722: TrackDescription = {
  kind: 'audio',
  codec: { name: 'G722', clockRateHz: 8000, channelCount: 1 },
  payloadType: 9,
};

describe('RecordManager.record()', () => {
  it('records into a folder of the day, with a name by the minute', async () => {
    await using rig = new RecordRig();
    const publisher = rig.publish();
    await rig.play(publisher, 1000);
    const { existed, task } = await rig.manager.record(MP4);
    assert.equal(existed, false);
    assert.match(task.id, /^[0-9a-f-]{36}$/u);
    assert.equal(task.fileName, `20260506-1230-${task.id.slice(0, 8)}.mp4`);
    assert.equal(task.filePath, `/20260506/${task.fileName}`);
    assert.equal(task.fullPath, `/rec/20260506/${task.fileName}`);
    assert.equal(task.startAt, rig.clock.nowMs() - 1000);
    assert.equal(task.taskEndTime, rig.clock.nowMs() + 30 * 60_000);
    assert.deepEqual([task.isAutomatic, task.isRecording], [false, true]);
    assert.deepEqual(rig.files, [task.fullPath]);
    assert.deepEqual(rig.ofType('recordStarted'), [
      {
        type: 'recordStarted',
        name: 'cam',
        id: task.id,
        fileName: task.fileName,
        filePath: task.filePath,
        isAutomatic: false,
      },
    ]);
    assert.equal(rig.pathManager.get('cam')?.readers.size, 1);
  });

  it('starts one recording however many ask at once', async () => {
    await using rig = new RecordRig();
    await rig.play(rig.publish(), 1000);
    const results = await Promise.all(Array.from({ length: 100 }, () => rig.manager.record(MP4)));
    assert.equal(results.filter(({ existed }) => !existed).length, 1);
    assert.equal(new Set(results.map(({ task }) => task.id)).size, 1);
    assert.equal(rig.files.length, 1);
  });

  it('answers with the running recording when asked again', async () => {
    await using rig = new RecordRig();
    await rig.play(rig.publish(), 1000);
    const first = await rig.manager.record(MP4);
    const again = await rig.manager.record({ ...MP4, taskOutMinutes: 5, fileName: 'other' });
    assert.deepEqual(again, { existed: true, task: first.task });
  });

  for (const [title, request, kind, message] of [
    ['an unknown path', { name: 'x' }, 'not-found', "path 'x' not found"],
    ['a path named like a prototype key', { name: '__proto__' }, 'not-found', undefined],
    ['an empty path name', { name: '' }, 'not-found', "path '' not found"],
    [
      'a path nobody publishes to',
      { name: 'cam2' },
      'invalid-argument',
      "no one is publishing to path 'cam2'",
    ],
    [
      'another format',
      { videoFormat: 'avi' },
      'invalid-argument',
      "videoFormat must be 'mp4' or 'ts'",
    ],
    ['a name with a folder', { fileName: '../../x' }, 'invalid-argument', undefined],
  ] as const) {
    it(`refuses ${title}`, async () => {
      await using rig = new RecordRig();
      await rig.play(rig.publish(), 1000);
      await assert.rejects(rig.manager.record({ ...MP4, ...request }), {
        kind,
        ...(message === undefined ? {} : { message }),
      });
      assert.deepEqual([rig.files, rig.manager.tasks()], [[], []]);
    });
  }

  it('refuses a stream that no file can hold, and keeps nothing', async () => {
    await using rig = new RecordRig();
    rig.publish('cam', [G722]);
    await assert.rejects(rig.manager.record(MP4), { code: 'no-recordable-track' });
    assert.deepEqual(rig.manager.tasks(), []);
    assert.equal(rig.pathManager.get('cam')?.readers.size, 0);
  });

  it('gives up when no key frame comes, and keeps nothing', async () => {
    await using rig = new RecordRig({ startTimeoutMs: 3000 });
    rig.publish();
    const recorded = rig.manager.record(MP4);
    const refused = assert.rejects(recorded, { kind: 'deadline-exceeded', code: 'no-key-frame' });
    await rig.settle();
    await rig.pause(3000);
    await refused;
    assert.deepEqual([rig.files, rig.manager.tasks()], [[], []]);
  });

  it('goes on recording when the client that asked is gone', async () => {
    await using rig = new RecordRig();
    const publisher = rig.publish();
    const client = new AbortController();
    const recorded = rig.manager.record(MP4, { signal: client.signal });
    const refused = assert.rejects(recorded, { message: 'gone' });
    await rig.settle();
    client.abort(new Error('gone'));
    await refused;
    await rig.play(publisher, 1000);
    assert.equal(rig.files.length, 1);
  });

  it('tells that the disk refuses the file', async () => {
    await using rig = new RecordRig();
    await rig.play(rig.publish(), 1000);
    rig.disk.createsFailWith = 'ENOSPC';
    await assert.rejects(rig.manager.record(MP4), { code: 'disk-full' });
    assert.deepEqual(rig.manager.tasks(), []);
  });

  it('takes names as they are and numbers those that exist', async () => {
    await using rig = new RecordRig();
    await rig.play(rig.publish(), 1000);
    const names: string[] = [];
    for (let count = 0; count < 3; count++) {
      const { task } = await rig.manager.record({ ...MP4, fileName: 'Vorlesung 講義.mp4' });
      names.push(task.fileName);
      await rig.manager.stop('cam');
    }
    assert.deepEqual(names, ['Vorlesung 講義.mp4', 'Vorlesung 講義-1.mp4', 'Vorlesung 講義-2.mp4']);
  });

  it('starts a source on demand and keeps it', async () => {
    await using rig = new RecordRig();
    const { task } = await rig.manager.record({ name: 'demand', videoFormat: 'ts' });
    assert.match(task.fileName, /\.ts$/u);
    assert.equal(rig.pulled.runs, 1);
    await rig.pause(30_000);
    assert.equal(rig.pathManager.get('demand')?.stream?.isOnline, true);
  });

  it('begins nothing when the server stops while the source is being started', async () => {
    await using rig = new RecordRig();
    const asked = rig.manager.record({ name: 'demand', videoFormat: 'mp4' });
    const closed = rig.manager.close();
    await assert.rejects(asked, { code: 'server-stopping' });
    await closed;
    assert.deepEqual(rig.manager.tasks(), []);
  });

  it('ends after the minutes that were asked for', async () => {
    await using rig = new RecordRig();
    const publisher = rig.publish();
    await rig.play(publisher, 1000);
    const { task } = await rig.manager.record({ ...MP4, taskOutMinutes: 0.1 });
    assert.equal(task.taskEndTime - rig.clock.nowMs(), 6000);
    await rig.play(publisher, 7000, 1000);
    assert.deepEqual(rig.manager.tasks(), []);
    const [stopped] = rig.ofType('recordStopped');
    assert.deepEqual(
      [stopped?.reason, stopped?.id, stopped?.durationMs],
      ['timeout', task.id, 7000],
    );
    assert.equal(rig.pathManager.get('cam')?.readers.size, 0);
  });

  for (const minutes of [undefined, 0, -5, Number.NaN]) {
    it(`takes ${String(minutes)} minutes as half an hour`, async () => {
      await using rig = new RecordRig();
      await rig.play(rig.publish(), 1000);
      const asked = minutes === undefined ? {} : { taskOutMinutes: minutes };
      const { task } = await rig.manager.record({ ...MP4, ...asked });
      assert.equal(task.taskEndTime - rig.clock.nowMs(), 1_800_000);
    });
  }

  it('goes on in another file when the stream comes back', async () => {
    await using rig = new RecordRig();
    const publisher = rig.publish();
    await rig.play(publisher, 1000);
    const { task } = await rig.manager.record({ ...MP4, fileName: 'match' });
    publisher.leave();
    await rig.pause(60_000);
    assert.equal(rig.manager.task('cam').isRecording, true);
    await rig.play(rig.publish(), 1000);
    const later = rig.manager.task('cam');
    assert.deepEqual([later.id, later.fileName], [task.id, 'match-retry1.mp4']);
    assert.deepEqual(
      rig.ofType('recordGap').map(({ reason, fromAt, toAt }) => [reason, toAt - fromAt]),
      [['streamLost', 60_000]],
    );
    assert.deepEqual(rig.index.gaps.length, 1);
  });

  it('ends when the stream does not come back', async () => {
    await using rig = new RecordRig();
    const publisher = rig.publish();
    await rig.play(publisher, 1000);
    await rig.manager.record(MP4);
    publisher.leave();
    await rig.pause(530_000);
    assert.deepEqual(rig.manager.tasks(), []);
  });
});

describe('RecordManager.stop()', () => {
  it('resolves when the file is complete', async () => {
    await using rig = new RecordRig();
    await rig.play(rig.publish(), 1000);
    const { task } = await rig.manager.record(MP4);
    const stopped = await rig.manager.stop('cam');
    assert.deepEqual([stopped.id, stopped.isRecording], [task.id, false]);
    assert.equal(rig.disk.files.get(task.fullPath)?.isOpen, false);
    assert.equal(stopped.bytes, rig.disk.files.get(task.fullPath)?.bytes.length);
    assert.equal(rig.index.closed[0]?.isFinished, true);
  });

  it('refuses what is not being recorded', async () => {
    await using rig = new RecordRig();
    await assert.rejects(rig.manager.stop('cam'), {
      kind: 'not-found',
      message: 'task id that does not exist',
    });
    assert.throws(() => rig.manager.task('cam'), {
      kind: 'not-found',
      message: 'no recording task found for path: cam',
    });
  });

  it('lets a new recording begin at once', async () => {
    await using rig = new RecordRig();
    await rig.play(rig.publish(), 1000);
    for (let count = 0; count < 20; count++) {
      const started = rig.manager.record(MP4);
      const { task } = await started;
      const [stopped, again] = await Promise.all([
        rig.manager.stop('cam'),
        rig.manager.record(MP4),
      ]);
      assert.equal(stopped.id, task.id);
      assert.equal(again.existed, false);
      await rig.manager.stop('cam');
    }
    assert.equal(rig.files.length, 40);
    assert.equal(rig.index.closed.length, 40);
  });
});

describe('RecordManager, automatic', () => {
  it('records a path with record: yes as soon as it is there, in files of their own', async () => {
    await using rig = new RecordRig();
    rig.recorded.add('cam');
    const publisher = rig.publish();
    await rig.play(publisher, 125_000);
    const [task] = rig.manager.tasks();
    assert.equal(task?.isAutomatic, true);
    assert.equal(rig.files.length, 3);
    const started = rig.ofType('recordStarted');
    assert.equal(new Set(started.map(({ id }) => id)).size, 3);
    assert.equal(started.at(-1)?.id, task.id);
    assert.equal(task.taskEndTime - task.startAt, 60_000);
    const stopped = rig.ofType('recordStopped');
    assert.deepEqual(
      stopped.map(({ id, durationMs, reason }) => [id, durationMs, reason]),
      started.slice(0, 2).map(({ id }) => [id, 60_000, 'timeout']),
    );
    publisher.leave();
    await rig.pause(30_000);
    assert.deepEqual(rig.manager.tasks(), []);
    assert.equal(rig.ofType('recordStopped').at(-1)?.reason, 'streamLost');
  });

  it('finds by itself what the configuration turned on and off', async () => {
    await using rig = new RecordRig();
    const publisher = rig.publish();
    await rig.play(publisher, 1000);
    rig.recorded.add('cam');
    await rig.play(publisher, 6000, 1000);
    assert.equal(rig.manager.tasks().length, 1);
    rig.recorded.delete('cam');
    rig.manager.refresh();
    await rig.settle();
    assert.deepEqual(rig.manager.tasks(), []);
  });

  it('leaves a recording that a client stopped alone until the stream ends', async () => {
    await using rig = new RecordRig();
    rig.recorded.add('cam');
    const publisher = rig.publish();
    await rig.play(publisher, 2000);
    await rig.manager.stop('cam');
    await rig.play(publisher, 10_000, 2000);
    assert.deepEqual(rig.manager.tasks(), []);
    publisher.leave();
    await rig.play(rig.publish(), 2000);
    assert.equal(rig.manager.tasks().length, 1);
  });

  it('leaves smart paths to whoever decides about them', async () => {
    await using rig = new RecordRig();
    rig.recorded.add('cam');
    rig.smart.add('cam');
    const publisher = rig.publish();
    await rig.play(publisher, 6000);
    assert.deepEqual(rig.manager.tasks(), []);
    assert.equal(rig.manager.startAutomatic('cam', { preRollMs: 2500 }).name, 'cam');
    await rig.play(publisher, 1000, 6000);
    assert.equal(rig.manager.task('cam').startAt, rig.clock.nowMs() - 4000);
    const stopped = await rig.manager.stopAutomatic('cam', 'noSignal');
    assert.equal(stopped?.isAutomatic, true);
    assert.equal(rig.ofType('recordStopped')[0]?.reason, 'noSignal');
    assert.equal(await rig.manager.stopAutomatic('cam', 'noSignal'), undefined);
    assert.throws(() => rig.manager.startAutomatic('cam2'), { code: 'path-not-publishing' });
  });

  it('does not keep a source on demand running', async () => {
    await using rig = new RecordRig();
    rig.recorded.add('demand');
    const grant = rig.pathManager.grant('demand', { user: '' });
    await rig.pathManager.waitForStream(grant);
    await rig.settle();
    assert.equal(rig.manager.tasks().length, 1);
    await rig.pause(15_000);
    assert.deepEqual(rig.manager.tasks(), []);
    assert.equal(rig.index.closed.length, 1);
  });

  it('says once that a stream cannot be recorded', async () => {
    await using rig = new RecordRig();
    rig.recorded.add('cam');
    rig.publish('cam', [G722]);
    await rig.pause(20_000);
    const lines = rig.logger.lines.filter(({ message }) =>
      message.includes('no recording of path'),
    );
    assert.equal(lines.length, 1);
  });

  it('closes every file when the server stops', async () => {
    const rig = new RecordRig();
    rig.recorded.add('cam').add('cam2');
    await Promise.all([rig.play(rig.publish('cam'), 2000), rig.play(rig.publish('cam2'), 2000)]);
    await rig.manager.close();
    assert.deepEqual(
      rig.index.closed.map(({ reason, isFinished }) => [reason, isFinished]),
      [
        ['serverStopped', true],
        ['serverStopped', true],
      ],
    );
    await assert.rejects(rig.manager.record(MP4), { code: 'server-stopping' });
    await rig.pathManager.close();
    assert.equal(rig.clock.pendingTimers, 0);
  });
});
