// Real commands: what they get, how they end, what the log says.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { systemClock } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { HookRunner } from '../../../core/hooks/hook-runner.ts';
import { StateHook } from '../../../core/hooks/state-hook.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Lines as they come, without scopes. */
class Lines extends EventEmitter {
  readonly all: string[] = [];
  readonly logger: Logger;

  constructor() {
    super();
    const add = (text: string): void => {
      this.all.push(text);
      this.emit('line', text);
    };
    this.logger = { error: add, warn: add, info: add, debug: add, scope: () => this.logger };
  }

  /** Resolves to the first line with this text. */
  async find(text: string): Promise<string> {
    for (;;) {
      const found = this.all.find((line) => line.includes(text));
      if (found !== undefined) return found;
      await once(this, 'line');
    }
  }
}

const runners: HookRunner[] = [];
const environment = { PATH: process.env['PATH'] ?? '' };
const setUp = (clock = systemClock): { readonly lines: Lines; readonly runner: HookRunner } => {
  const lines = new Lines();
  const runner = new HookRunner({ clock, logger: lines.logger, environment });
  runners.push(runner);
  return { lines, runner };
};
afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.close()));
});
const always = { name: 'runOnAvailable', isRestarted: false, variables: {} };

describe('HookRunner', () => {
  it('gives variables by the environment and as arguments, and nothing else of the server', async () => {
    const { lines, runner } = setUp();
    const variables = { MTX_PATH: 'cam; echo evil', MTX_QUERY: '$(echo evil)' };
    const command = `sh -c 'echo "[$MTX_PATH|$1|$HOME]"' sh $MTX_QUERY`;
    runner.launch({ name: 'runOnRead', command, variables });
    assert.equal(await lines.find('['), '[cam; echo evil|$(echo evil)|]');
  });

  it('names a command that fails with its code and its last words, without credentials', async () => {
    const { lines, runner } = setUp();
    const command = "sh -c 'echo rtsp://user:secret@host/x is gone >&2; exit 3'";
    runner.launch({ name: 'runOnRead', command, variables: {} });
    const line = await lines.find('failed');
    assert.match(line, /^runOnRead command failed: exit code 3: rtsp:.*host\/x is gone$/u);
    assert.doesNotMatch(lines.all.join(), /secret/u);
  });

  it('says which path each line is about', async () => {
    const lines = new Lines();
    const scoped: string[] = [];
    const scope = (name: string): Logger => {
      const add = (text: string): void => {
        scoped.push(`[${name}] ${text}`);
        lines.logger.info(text);
      };
      return { error: add, warn: add, info: add, debug: add, scope: () => lines.logger };
    };
    const logger = { ...lines.logger, scope };
    await using runner = new HookRunner({ clock: systemClock, logger, environment });
    const variables = { MTX_PATH: 'cam' };
    const begun = runner.begin({ ...always, name: 'a', command: 'sleep 60', variables });
    if (begun) runner.end('a', begun);
    runner.launch({ name: 'b', command: 'false', variables });
    await lines.find('b command failed');
    assert.deepEqual(scoped, [
      ...['[path cam] a command started', '[path cam] a command stopped'],
      ...['[path cam] b command launched', '[path cam] b command failed: exit code 1'],
    ]);
  });

  it('names a program that does not exist, and a malformed command', async () => {
    const { lines, runner } = setUp();
    runner.launch({ name: 'a', command: '/nowhere/x', variables: {} });
    runner.launch({ name: 'b', command: "echo 'x", variables: {} });
    assert.equal(
      await lines.find('a command failed'),
      "a command failed: '/nowhere/x' can't be started: ENOENT",
    );
    assert.match(await lines.find('b: '), /a single quote does not end/u);
  });

  it('ends the whole group by SIGINT', async () => {
    const { lines, runner } = setUp();
    const child = 'trap "echo child interrupted; exit" INT; echo up; while :; do sleep 0.02; done';
    const command = runner.begin({ ...always, command: `sh -c '(${child}); echo after'` });
    await lines.find('up');
    await command?.stop();
    assert.ok(lines.all.some((line) => line.includes('child interrupted')));
    assert.equal(runner.count, 0);
  });

  it('starts again 5 s after the end when it should, until it is stopped', async () => {
    const clock = new FakeClock();
    const { lines, runner } = setUp(clock);
    const command = runner.begin({ ...always, isRestarted: true, command: 'false' });
    await lines.find('failed: exit code 1');
    lines.all.length = 0;
    clock.advance(4999);
    assert.deepEqual(lines.all, []);
    clock.advance(1);
    await lines.find('failed: exit code 1');
    await command?.stop();
    clock.advance(60_000);
    assert.equal(runner.count, 0);
  });

  it('starts nothing after the end of the server', async () => {
    const { lines, runner } = setUp();
    await runner.close();
    runner.launch({ name: 'a', command: 'echo x', variables: {} });
    assert.deepEqual([lines.all, runner.count], [[], 0]);
  });
});

describe('StateHook', () => {
  it('runs the second command with the variables of the first', async () => {
    const { lines, runner } = setUp();
    const hook = new StateHook(Object.assign(runner, { tell: () => undefined }), {
      begin: 'runOnRead',
      end: 'runOnUnread',
    });
    let value = 'first';
    const commands = { begin: 'sleep 60', isRestarted: false, end: 'echo [$A]' };
    hook.begin(commands, () => ({ A: value }));
    await lines.find('runOnRead command started');
    value = 'second';
    hook.end();
    hook.end();
    assert.equal(await lines.find('['), '[first]');
    assert.equal(lines.all.filter((line) => line.includes('launched')).length, 1);
  });

  it('keeps a command that a reload did not change', async () => {
    const { lines, runner } = setUp();
    const hook = new StateHook(Object.assign(runner, { tell: () => undefined }), {
      begin: 'runOnInit',
      end: '',
    });
    const commands = { begin: 'sleep 60', isRestarted: false, end: '' };
    hook.begin(commands, () => ({}));
    await lines.find('started');
    hook.reconfigure({ ...commands, end: 'echo x' });
    hook.reconfigure({ ...commands, begin: 'sleep 61' });
    const starts = lines.all.filter((line) => line.includes('started'));
    assert.equal(starts.length, 2);
  });
});
