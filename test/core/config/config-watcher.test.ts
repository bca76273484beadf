// Tests of the watch on a file, with a turned clock and real folders.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigWatcher, type WatchFolder } from '../../../core/config/config-watcher.ts';
import { FakeClock } from '../../support/fake-clock.ts';

class Fixture implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly folder: string;
  readonly filePath: string;
  readonly watcher: ConfigWatcher;
  /** What the file held when it was told of. */
  readonly seen: string[] = [];
  openWatches = 0;
  /** Runs while a change is handled. */
  onEntered: () => Promise<undefined> = () => Promise.resolve(undefined);
  #tellEvent: () => void = () => undefined;

  private constructor(folder: string) {
    this.folder = folder;
    this.filePath = join(folder, 'mediamtx.yml');
    const watchFolder: WatchFolder = (_, { onEvent }) => {
      this.openWatches++;
      this.#tellEvent = onEvent;
      return () => {
        this.openWatches -= 1;
      };
    };
    const onChange = async (): Promise<void> => {
      this.seen.push(await fs.readFile(this.filePath, 'utf8').catch(() => 'missing'));
      await this.onEntered();
    };
    const { clock, filePath } = this;
    this.watcher = new ConfigWatcher({ clock, watchFolder, onChange }, { filePath });
  }

  static async create(text = 'one'): Promise<Fixture> {
    const fixture = new Fixture(await fs.mkdtemp(join(tmpdir(), 'watch-')));
    await fixture.write(text);
    await fixture.watcher.start();
    await fixture.pass(100);
    return fixture;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watcher.close();
    await fs.rm(this.folder, { recursive: true, force: true });
  }

  write(text: string): Promise<void> {
    return fs.writeFile(this.filePath, text);
  }

  /** As editors and deployments do it: the whole file at once, under its name. */
  async exchange(text: string): Promise<void> {
    await fs.writeFile(`${this.filePath}.tmp`, text);
    await fs.rename(`${this.filePath}.tmp`, this.filePath);
  }

  event(): void {
    this.#tellEvent();
  }

  /** Turns the clock and waits for the look that comes due. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
    await this.watcher.check();
  }
}

describe('ConfigWatcher', () => {
  it('tells of a file that took the name, soon after the event', async () => {
    await using fixture = await Fixture.create();
    await fixture.exchange('two');
    fixture.event();
    await fixture.pass(20);
    assert.deepEqual(fixture.seen, ['two']);
  });

  it('tells without any event when it looks by itself', async () => {
    await using fixture = await Fixture.create();
    await fixture.exchange('two');
    await fixture.pass(2000);
    assert.deepEqual(fixture.seen, ['two']);
  });

  it('tells of a link that leads elsewhere, as Kubernetes changes a ConfigMap', async () => {
    const folder = await fs.mkdtemp(join(tmpdir(), 'watch-'));
    const inFolder = (name: string): string => join(folder, name);
    for (const version of ['v1', 'v2']) {
      await fs.mkdir(inFolder(version));
      await fs.writeFile(join(folder, version, 'mediamtx.yml'), version);
    }
    await fs.symlink('v1', inFolder('..data'));
    await fs.symlink(join('..data', 'mediamtx.yml'), inFolder('mediamtx.yml'));
    const filePath = inFolder('mediamtx.yml');
    const seen: string[] = [];
    const told = Promise.withResolvers<undefined>();
    // The real clock and the real watch of the system, for once.
    const clock = new FakeClock();
    const onChange = async (): Promise<void> => {
      seen.push(await fs.readFile(filePath, 'utf8'));
      told.resolve(undefined);
    };
    await using watcher = asDisposable(new ConfigWatcher({ clock, onChange }, { filePath }));
    await watcher.start();
    await fs.symlink('v2', inFolder('..new'));
    await fs.rename(inFolder('..new'), inFolder('..data'));
    for (let turn = 0; turn < 1000 && seen.length === 0; turn++) {
      clock.advance(20);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await told.promise;
    assert.deepEqual(seen, ['v2']);
    await fs.rm(folder, { recursive: true });
  });

  it('waits until a file that is written in place has come to rest', async () => {
    await using fixture = await Fixture.create('a whole file');
    await fixture.write('');
    fixture.event();
    await fixture.pass(20);
    await fixture.write('a who');
    fixture.event();
    await fixture.pass(150);
    await fixture.write('a whole new file');
    fixture.event();
    await fixture.pass(150);
    assert.deepEqual(fixture.seen, []);
    await fixture.pass(200);
    assert.deepEqual(fixture.seen, ['a whole new file']);
  });

  it('does not mind a file that is missing for a moment, and tells when it stays away', async () => {
    await using fixture = await Fixture.create();
    await fs.rename(fixture.filePath, `${fixture.filePath}.old`);
    fixture.event();
    await fixture.pass(20);
    await fixture.pass(1900);
    assert.deepEqual(fixture.seen, []);
    await fixture.pass(200);
    assert.deepEqual(fixture.seen, ['missing']);
    await fixture.pass(4000);
    await fixture.write('back');
    await fixture.pass(2000);
    assert.deepEqual(fixture.seen, ['missing', 'back']);
  });

  it('says nothing of a file that is the same again, and of others in the folder', async () => {
    await using fixture = await Fixture.create();
    await fs.writeFile(join(fixture.folder, 'other.yml'), 'x');
    fixture.event();
    await fixture.pass(5000);
    assert.deepEqual(fixture.seen, []);
  });

  it('does not lose what happens while a change is handled', async () => {
    await using fixture = await Fixture.create();
    const entered = Promise.withResolvers<undefined>();
    const gate = Promise.withResolvers<undefined>();
    fixture.onEntered = () => {
      entered.resolve(undefined);
      return gate.promise;
    };
    await fixture.exchange('two');
    const first = fixture.watcher.check();
    await entered.promise;
    await fixture.exchange('three');
    fixture.event();
    fixture.clock.advance(20);
    gate.resolve(undefined);
    await first;
    // A freed inode may come back, and then looks like a file that is written in place.
    await fixture.pass(200);
    await fixture.pass(200);
    assert.deepEqual(fixture.seen, ['two', 'three']);
  });

  it('looks once however many events come', async () => {
    await using fixture = await Fixture.create();
    for (let count = 0; count < 1000; count++) fixture.event();
    assert.equal(fixture.clock.pendingTimers, 2);
  });

  it('leaves no timer and no watch behind', async () => {
    const fixture = await Fixture.create();
    fixture.event();
    assert.equal(fixture.openWatches, 1);
    await fixture[Symbol.asyncDispose]();
    fixture.event();
    assert.deepEqual([fixture.openWatches, fixture.clock.pendingTimers], [0, 0]);
  });

  it('watches a folder that was made anew', async () => {
    await using fixture = await Fixture.create();
    const aside = `${fixture.folder}.aside`;
    await fs.rename(fixture.folder, aside);
    await fs.mkdir(fixture.folder);
    await fixture.exchange('two');
    await fixture.pass(2000);
    await fixture.exchange('three');
    fixture.event();
    await fixture.pass(20);
    assert.deepEqual([fixture.seen.at(-1), fixture.openWatches], ['three', 1]);
    await fs.rm(aside, { recursive: true });
  });
});

function asDisposable(watcher: ConfigWatcher): ConfigWatcher & AsyncDisposable {
  return Object.assign(watcher, { [Symbol.asyncDispose]: () => watcher.close() });
}
