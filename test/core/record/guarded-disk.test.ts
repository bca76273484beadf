// A disk that counts as full while others need the room.
import assert from 'node:assert/strict';
import { GuardedDisk } from '../../../core/record/guarded-disk.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemoryDisk } from './memory-disk.ts';

function setUp(): { clock: FakeClock; disk: GuardedDisk; free: { bytes: number; asked: number } } {
  const clock = new FakeClock();
  const free = { bytes: 5000, asked: 0 };
  const freeBytesOf = (): Promise<number> => {
    free.asked++;
    return Promise.resolve(free.bytes);
  };
  const disk = new GuardedDisk({ clock, disk: new MemoryDisk(), freeBytesOf }, 1000);
  return { clock, disk, free };
}

describe('GuardedDisk', () => {
  it('passes everything while there is room, and looks every five seconds', async () => {
    const { clock, disk, free } = setUp();
    await disk.makeFolder('/rec');
    const handle = await disk.create('/rec/a');
    for (let second = 0; second < 12; second++) {
      assert.deepEqual(await handle.writev([Buffer.from('x')], second), { bytesWritten: 1 });
      clock.advance(1000);
    }
    assert.equal(free.asked, 3);
    await handle.datasync();
    await handle.truncate(3);
    assert.deepEqual(await handle.stat(), { nlink: 1 });
    await handle.close();
    await disk.remove('/rec/a');
  });

  it('refuses as a full disk does, until there is clearly room again', async () => {
    const { clock, disk, free } = setUp();
    const handle = await disk.create('/rec/a');
    free.bytes = 999;
    clock.advance(5000);
    await assert.rejects(handle.writev([Buffer.from('x')], 0), { code: 'ENOSPC' });
    await assert.rejects(disk.create('/rec/b'), { code: 'ENOSPC' });
    free.bytes = 1050;
    clock.advance(5000);
    await assert.rejects(disk.create('/rec/b'), { code: 'ENOSPC' });
    free.bytes = 1100;
    clock.advance(5000);
    await disk.create('/rec/b');
  });
});
