// Tests of something that is started again with other settings.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import { Restartable } from '../../../core/base/restartable.ts';

interface Running {
  readonly settings: string;
  close(): Promise<void>;
}

function setUp(): { subject: Restartable<string, Running>; steps: string[] } {
  const steps: string[] = [];
  const subject = new Restartable<string, Running>(async (settings) => {
    await Promise.resolve();
    if (settings.startsWith('bad')) throw new MediaError('unavailable', 'x', `${settings} failed`);
    if (settings === 'off') return undefined;
    steps.push(`open ${settings}`);
    const close = (): Promise<void> => {
      steps.push(`close ${settings}`);
      return Promise.resolve();
    };
    return { settings, close };
  });
  return { subject, steps };
}

describe('Restartable', () => {
  it('closes what runs before it starts with other settings', async () => {
    const { subject, steps } = setUp();
    await subject.start('one');
    await subject.replace('two');
    assert.deepEqual(steps, ['open one', 'close one', 'open two']);
    assert.equal(subject.current?.settings, 'two');
  });

  it('turns off and on', async () => {
    const { subject } = setUp();
    const settings = async (change: Promise<void>): Promise<string | undefined> => {
      await change;
      return subject.current?.settings;
    };
    assert.equal(await settings(subject.start('off')), undefined);
    assert.equal(await settings(subject.replace('one')), 'one');
    assert.equal(await settings(subject.replace('off')), undefined);
  });

  it('goes back to the old settings when the new ones fail, and says why they did', async () => {
    const { subject, steps } = setUp();
    await subject.start('one');
    await assert.rejects(subject.replace('bad'), { message: 'bad failed' });
    assert.equal(subject.current?.settings, 'one');
    await subject.replace('two');
    assert.deepEqual(steps, ['open one', 'close one', 'open one', 'close one', 'open two']);
  });

  it('makes changes one after another', async () => {
    const { subject, steps } = setUp();
    await Promise.all([subject.start('one'), subject.replace('two'), subject.replace('three')]);
    await subject.close();
    assert.deepEqual(steps.slice(-2), ['open three', 'close three']);
    assert.equal(steps.length, 6);
  });

  it('starts nothing after it was closed', async () => {
    const { subject, steps } = setUp();
    await subject.start('one');
    await Promise.all([subject.close(), subject.replace('two'), subject.close()]);
    assert.deepEqual(steps, ['open one', 'close one']);
    assert.equal(subject.current, undefined);
  });
});
