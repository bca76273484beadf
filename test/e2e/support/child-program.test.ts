// A child program tells what it says, how it ends, and dies when it is told to.
import assert from 'node:assert/strict';
import { ChildProgram } from './child-program.ts';
import { findFreePorts } from './free-ports.ts';

function run(code: string): ChildProgram {
  return new ChildProgram({ name: 'child', command: process.execPath, args: ['-e', code] });
}

describe('ChildProgram', () => {
  it('waits for what the program says', async () => {
    await using child = run("console.log('ready on 7'); setInterval(() => {}, 1000);");
    const match = await child.waitForOutput(
      ({ output }) => /on (\d)/u.exec(output) ?? undefined,
      9000,
    );
    assert.equal(match[1], '7');
  });

  it('rejects when the program ends before it said it', async () => {
    await using child = run("console.error('sorry'); process.exit(3);");
    const waiting = child.waitForOutput(() => undefined, 9000);
    await assert.rejects(waiting, /ended early.*"code":3[\s\S]*sorry/u);
  });

  it('rejects when the program cannot be started', async () => {
    const child = new ChildProgram({ name: 'ghost', command: '/nonexistent', args: [] });
    await assert.rejects(
      child.waitForOutput(() => undefined, 9000),
      /ENOENT/u,
    );
    assert.deepEqual(await child.stop(), { code: null, signal: null });
  });

  it('kills a program that ignores SIGTERM', async () => {
    const child = run(
      "process.on('SIGTERM', () => {}); setInterval(() => {}, 9); console.log('up');",
    );
    await child.waitForOutput(({ stdout }) => stdout.includes('up') || undefined, 9000);
    assert.deepEqual(await child.stop(), { code: null, signal: 'SIGKILL' });
  });

  it('bounds the wait for an end', async () => {
    const child = run('setInterval(() => {}, 1000);');
    await assert.rejects(child.waitForExit(50), /still ran after 50 ms/u);
    assert.equal(child.exit?.signal, 'SIGKILL');
  });
});

describe('findFreePorts()', () => {
  it('begins with an even port and never repeats one', async () => {
    const first = await findFreePorts(4);
    const second = await findFreePorts(4);
    assert.equal(first % 2, 0);
    assert.ok(second >= first + 4 || second + 4 <= first);
  });
});
