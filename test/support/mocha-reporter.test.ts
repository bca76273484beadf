// The reporter counts what passed and failed, and lets no test be skipped in CI.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const PROJECT_ROOT = dirname(dirname(import.meta.dirname));

describe('mocha reporter', () => {
  let folder = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'reporter-'));
  });

  beforeEach(() => rmSync(join(folder, 'failures.txt'), { force: true }));

  after(() => rmSync(folder, { recursive: true, force: true }));

  function run(
    tests: string,
    isCi: boolean,
    options: readonly string[] = [],
  ): { status: number | null; last: string; sum: string } {
    const spec = join(folder, 'spec.cjs');
    const summary = join(folder, 'summary.txt');
    writeFileSync(spec, tests);
    writeFileSync(summary, '');
    const mocha = join(PROJECT_ROOT, 'node_modules/mocha/bin/mocha.js');
    const reporter = join(import.meta.dirname, 'mocha-reporter.ts');
    const args = [mocha, '--no-config', '--no-package', '--reporter', reporter, ...options, spec];
    const env = {
      ...process.env,
      CI: isCi ? 'true' : '',
      MOCHA_SUMMARY_FILE: summary,
      MOCHA_FAILURES_FILE: join(folder, 'failures.txt'),
      MOCHA_GRACE_MS: '50',
    };
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    const last = stdout.trim().split('\n').at(-1) ?? '';
    return { status, last, sum: readFileSync(summary, 'utf8') };
  }

  it('counts', () => {
    const tests = "it('a', () => {}); it('b', () => {}); it('c', () => { throw new Error('c'); });";
    assert.deepEqual(run(tests, false), { status: 1, last: '2 passed, 1 failed', sum: '2 1\n' });
  });

  it('lets a test be skipped on a desk, not in CI', () => {
    const tests = "it('a', () => {}); it.skip('b', () => {});";
    assert.deepEqual(run(tests, false), { status: 0, last: '1 passed, 0 failed', sum: '1 0\n' });
    assert.deepEqual(run(tests, true), { status: 1, last: '1 passed, 1 failed', sum: '1 1\n' });
  });

  it('lets a test be skipped in CI whose data is not part of the repository', () => {
    const tests = "it('a', () => {}); it.skip('b (shared testdata absent)', () => {});";
    assert.deepEqual(run(tests, true), { status: 0, last: '1 passed, 0 failed', sum: '1 0\n' });
  });

  it('ends a process that is held open, as a failure where no test had failed', () => {
    const open = "require('node:net').createServer().listen(0, '127.0.0.1');";
    const held = /^all tests are over, but these are open: .*TCPServerWrap/u;
    const leak = run(`it('a', () => { ${open} });`, true);
    assert.equal(leak.status, 1);
    assert.match(leak.last, held);
    const tests = `let n = 0; it('a', () => { ${open} if (++n === 1) throw new Error('first'); });`;
    const mended = run(tests, true, ['--retries', '1']);
    assert.equal(mended.status, 0);
    assert.match(mended.last, held);
    assert.equal(run(`it('a', () => { ${open} throw new Error('always'); });`, true).status, 1);
  });

  it('notes what failed, and what needed a second attempt', () => {
    const tests =
      "let n = 0; it('a', () => { if (++n === 1) throw new Error('first'); });" +
      "it('b', () => { throw new Error('always'); });";
    const { last } = run(tests, true, ['--retries', '1']);
    assert.equal(last, '1 passed, 1 failed');
    const notes = readFileSync(join(folder, 'failures.txt'), 'utf8').split('\n');
    assert.deepEqual(
      notes.filter((line) => /^\S|Error/u.test(line)),
      [
        'second attempt: a',
        '  Error: first',
        'second attempt: b',
        '  Error: always',
        'failed: b',
        '  Error: always',
      ],
    );
  });
});
