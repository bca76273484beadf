// What a recorder does when the disk is full, broken, slow or taken away.
import assert from 'node:assert/strict';
import { H264 } from './camera-feed.ts';
import { RecorderRig } from './recorder-rig.ts';

describe('Recorder and its disk', () => {
  it('closes the file playable when the disk is full, and goes on when there is space', async () => {
    const rig = new RecorderRig([H264]);
    rig.disk.freeBytes = 5000;
    await using recorder = rig.record();
    await rig.play(6000, 0, { hasSound: false });
    assert.equal(rig.events.failures[0]?.code, 'disk-full');
    const [full] = rig.events.closedSegments;
    assert.deepEqual([full?.reason, full?.isFinished], ['diskFull', false]);
    assert.match(rig.disk.text('/rec/0.txt'), /part\n$/u, 'nothing torn at the end');
    assert.equal(full?.durationMs, rig.lines(0).length * 40, 'what is in the file');
    assert.deepEqual([...rig.disk.files.keys()], ['/rec/0.txt'], 'no heads without pictures');
    rig.disk.freeBytes = Number.POSITIVE_INFINITY;
    await rig.play(4000, 6000, { hasSound: false });
    await recorder.close();
    const closed = rig.events.closedSegments.at(-1);
    assert.deepEqual([closed?.reason, closed?.isFinished], ['stopped', true]);
    assert.deepEqual(rig.events.gaps, [
      {
        pathName: 'cam',
        fromAt: full.startAt + full.durationMs,
        toAt: closed?.startAt,
        reason: 'diskFull',
      },
    ]);
  });

  it('leaves no empty files on a full disk', async () => {
    const rig = new RecorderRig([H264]);
    rig.disk.freeBytes = 0;
    await using recorder = rig.record();
    await rig.play(5000, 0, { hasSound: false });
    assert.ok(rig.events.failures.length >= 2, 'tried again');
    assert.deepEqual([...rig.disk.files.keys()], []);
    await recorder.close();
    assert.ok(rig.events.closedSegments.every(({ sizeBytes }) => sizeBytes === 0));
  });

  it('names the file and the reason when the disk fails', async () => {
    const rig = new RecorderRig([H264]);
    rig.disk.failsWith = 'EIO';
    await using recorder = rig.record();
    await rig.play(1000, 0, { hasSound: false });
    assert.equal(rig.events.failures[0]?.code, 'recording-write-failed');
    assert.match(rig.logger.lines[0]?.message ?? '', /EIO: test; '\/rec\/0.txt'/u);
    await recorder.close();
  });

  it('drops pictures up to a key frame when the disk cannot keep up, and counts them', async () => {
    const rig = new RecorderRig([H264]);
    await using recorder = rig.record({ maxQueueBytes: 600 });
    await rig.play(1000, 0, { hasSound: false });
    rig.disk.stick();
    await rig.play(3000, 1000, { hasSound: false });
    assert.ok(recorder.stats.queueBytes < 2000);
    assert.ok(recorder.stats.droppedFrames > 20);
    rig.disk.release();
    await rig.settle();
    await rig.play(2000, 4000, { hasSound: false });
    await recorder.close();
    const lines = rig.lines();
    const times = lines.map(({ dts }) => dts / 90);
    const hole = times.findIndex((time, index) => time - (times[index - 1] ?? 0) > 40);
    assert.equal(lines[hole]?.key, true);
    assert.equal(times[hole], 4000);
    assert.equal(rig.events.gaps.length, 1);
    assert.equal(rig.events.gaps[0]?.reason, 'failed');
    assert.equal(times.length, 150 - recorder.stats.droppedFrames);
  });

  it('takes another name when the file exists', async () => {
    const rig = new RecorderRig([H264]);
    await rig.disk.create('/rec/0.txt');
    await using recorder = rig.record();
    await rig.play(200, 0, { hasSound: false });
    await recorder.close();
    assert.equal(rig.events.openedSegments[0]?.file, '/rec/0-1.txt');
    assert.equal(rig.disk.text('/rec/0.txt'), '');
  });

  it('begins another file when the one being written was removed', async () => {
    const rig = new RecorderRig([H264]);
    await using recorder = rig.record({ syncIntervalMs: 1000 });
    await rig.play(2000, 0, { hasSound: false });
    const file = rig.disk.files.get('/rec/0.txt');
    assert.ok(file);
    file.isRemoved = true;
    await rig.play(6000, 2000, { hasSound: false });
    await recorder.close();
    assert.equal(rig.events.failures[0]?.code, 'recording-file-removed');
    assert.ok(rig.lines(1).length >= 50);
  });

  it('waits for a stuck disk no longer than allowed when it closes', async () => {
    const rig = new RecorderRig([H264]);
    await using recorder = rig.record({ closeTimeoutMs: 500 });
    rig.disk.stick();
    await rig.play(1000, 0, { hasSound: false });
    const closed = recorder.close('serverStopped');
    await rig.settle();
    rig.clock.advance(500);
    await closed;
    assert.match(rig.logger.lines.at(-1)?.message ?? '', /longer than 500 ms/u);
    rig.disk.release();
    await rig.settle();
    assert.equal(rig.events.closedSegments[0]?.reason, 'serverStopped');
  });

  it('brings written bytes onto the disk now and then, and before the last write', async () => {
    const rig = new RecorderRig([H264]);
    await using recorder = rig.record({ syncIntervalMs: 2000 });
    await rig.play(5000, 0, { hasSound: false });
    assert.equal(rig.disk.files.get('/rec/0.txt')?.syncs, 2);
    await recorder.close();
    assert.equal(rig.disk.files.get('/rec/0.txt')?.syncs, 4);
    assert.equal(rig.disk.files.get('/rec/0.txt')?.isOpen, false);
  });
});
