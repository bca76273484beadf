// A live stream as MP4 through a pipe.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { openLiveMp4, type LiveMp4Options } from '../../../core/record/live-mp4.ts';
import { RecorderRig } from './recorder-rig.ts';

const signal = new AbortController().signal;

class Watcher {
  readonly rig = new RecorderRig();
  bytes = Buffer.alloc(0);

  async open(options: Partial<LiveMp4Options> = {}): Promise<Readable> {
    const { stream, clock } = this.rig;
    const kinds = ['video', 'audio'] as const;
    const readable = await openLiveMp4(
      { stream, clock },
      { ...{ pathName: 'cam', kinds, signal }, ...options },
    );
    readable.on('data', (chunk: Buffer) => (this.bytes = Buffer.concat([this.bytes, chunk])));
    return readable;
  }

  count(type: string): number {
    return this.bytes.toString('latin1').split(type).length - 1;
  }
}

describe('openLiveMp4()', () => {
  it('gives the header and a fragment each 200 ms, from the last key frame on', async () => {
    const watcher = new Watcher();
    await watcher.rig.play(400, 0);
    const readable = await watcher.open();
    await watcher.rig.play(2000, 400);
    assert.equal(watcher.bytes.toString('latin1', 4, 12), 'ftypiso5');
    assert.equal(watcher.count('trak'), 2);
    assert.ok(watcher.count('moof') >= 10, `${watcher.count('moof')} fragments`);
    readable.destroy();
    await watcher.rig.settle();
    assert.equal(watcher.rig.stream.readerCount, 0);
  });

  it('leaves out the kinds that nobody wants', async () => {
    const watcher = new Watcher();
    await watcher.rig.play(400, 0);
    const opening = watcher.open({ kinds: ['audio'] });
    await watcher.rig.play(1000, 400);
    const readable = await opening;
    await watcher.rig.play(400, 1400);
    assert.equal(watcher.count('trak'), 1);
    assert.equal(watcher.count('soun'), 1);
    readable.destroy();
  });

  it('ends after the duration that is asked for', async () => {
    const watcher = new Watcher();
    await watcher.rig.play(400, 0);
    const readable = await watcher.open({ durationMs: 1000 });
    const end = once(readable, 'end');
    await watcher.rig.play(1400, 400);
    await end;
    assert.ok(watcher.count('moof') >= 5);
    assert.equal(watcher.rig.stream.readerCount, 0);
  });

  it('ends with the stream, and when the decoder would have to begin anew', async () => {
    const watcher = new Watcher();
    await watcher.rig.play(400, 0);
    const end = once(await watcher.open(), 'end');
    await watcher.rig.play(400, 400);
    watcher.rig.endStream();
    await end;
    const other = new Watcher();
    await other.rig.play(400, 0);
    const changed = once(await other.open(), 'end');
    await other.rig.play(600, 400);
    const sps = '674d0029966403c0113f2cd404040500000003e80000ea6004';
    other.rig.feed.picture(1000 * 90, { isKey: true, sps });
    await other.rig.play(400, 1040);
    await changed;
    assert.equal(other.count('ftyp'), 1);
    assert.equal(other.rig.stream.readerCount, 0);
  });

  it('waits for a key frame, but not for ever and not for somebody who left', async () => {
    const watcher = new Watcher();
    const refused = assert.rejects(watcher.open(), { code: 'no-key-frame' });
    await watcher.rig.pause(11_000);
    await refused;
    const abort = new AbortController();
    const abandoned = watcher.open({ signal: abort.signal });
    abort.abort();
    await assert.rejects(abandoned, { code: 'live-mp4-not-begun' });
    await assert.rejects(watcher.open({ signal: abort.signal }), { code: 'live-mp4-not-begun' });
    await assert.rejects(watcher.open({ kinds: [] }), { code: 'no-recordable-track' });
    await watcher.rig.settle();
    assert.equal(watcher.rig.stream.readerCount, 0);
  });

  it('keeps little for a reader that does not read', async () => {
    const watcher = new Watcher();
    await watcher.rig.play(40, 0);
    const readable = await watcher.open();
    readable.pause();
    const data = 'ab'.repeat(1200);
    for (let atMs = 40; atMs < 240_000; atMs += 40) {
      watcher.rig.feed.picture(atMs * 90, { isKey: atMs % 1000 === 0, data });
      watcher.rig.clock.advance(40);
    }
    await watcher.rig.settle();
    assert.ok(readable.readableLength < 1 << 20, `${readable.readableLength} bytes wait`);
    readable.destroy();
    await watcher.rig.settle();
    assert.equal(watcher.rig.stream.readerCount, 0);
  });
});
