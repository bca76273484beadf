// The launcher tells an old Node.js what is needed, instead of failing with a syntax error.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const LAUNCHER = join(dirname(dirname(import.meta.dirname)), 'pro/launch.js');

describe('pro/launch.js', () => {
  let folder = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'launch-'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const name of ['packed/pro', 'packed/dist/pro', 'source/pro', 'source/dist/pro']) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    for (const name of ['packed', 'source']) {
      copyFileSync(LAUNCHER, join(folder, name, 'pro/launch.js'));
      const program = "console.log('build', ...process.argv.slice(2));";
      writeFileSync(join(folder, name, 'dist/pro/main.js'), program);
    }
    const program = "const from: string = 'source'; console.log(from, ...process.argv.slice(2));";
    writeFileSync(join(folder, 'source/pro/main.ts'), program);
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  function launch(name: string, version = process.versions.node): ReturnType<typeof run> {
    return run(join(folder, name, 'pro/launch.js'), version);
  }

  it('starts the source with its arguments', () => {
    const { status, stdout, stderr } = launch('source');
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'source a b\n', stderr: '' });
  });

  it('starts the build where there is no source', () => {
    const { status, stdout } = launch('packed');
    assert.deepEqual({ status, stdout }, { status: 0, stdout: 'build a b\n' });
  });

  it('names what an old Node.js needs, and fails', () => {
    const { status, stdout, stderr } = launch('source', '20.20.2');
    assert.deepEqual({ status, stdout }, { status: 1, stdout: '' });
    assert.match(stderr, /needs Node\.js 24 or newer/u);
    assert.match(stderr, /npm ci && npm start/u);
  });

  it('warns on Node.js 24, and starts', () => {
    const { status, stdout, stderr } = launch('source', '24.21.0');
    assert.deepEqual({ status, stdout }, { status: 0, stdout: 'source a b\n' });
    assert.match(stderr, /Node\.js 24 creates ciphers/u);
  });
});

/** Starts the launcher under a Node.js that calls itself `version`. */
function run(
  launcher: string,
  version: string,
): { status: number | null; stdout: string; stderr: string } {
  const versions = `{ ...process.versions, node: '${version}' }`;
  const code = `Object.defineProperty(process, 'versions', { value: ${versions} })`;
  const disguise = `data:text/javascript,${encodeURIComponent(code)}`;
  const args = ['--import', disguise, launcher, 'a', 'b'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}
