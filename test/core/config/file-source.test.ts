// `file:` sources: relative to the configuration file, or absolute.
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { resolveFileSource } from '../../../core/config/file-source.ts';

describe('resolveFileSource()', () => {
  const cases: [source: string, file: string][] = [
    ['file:demo.mp4', '/etc/media/demo.mp4'],
    ['file:./core/demo.mp4', '/etc/media/core/demo.mp4'],
    ['file:../demo%20a.mp4', '/etc/demo a.mp4'],
    ['file://./demo.mp4', '/etc/media/demo.mp4'],
    ['file:/srv/a.mp4', '/srv/a.mp4'],
    ['file:///srv/a%20b.mp4', '/srv/a b.mp4'],
  ];
  for (const [source, file] of cases) {
    it(`takes ${source} for ${file}`, () =>
      assert.equal(resolveFileSource(source, '/etc/media/mediamtx.yml'), file));
  }

  it('counts from the working folder without a configuration file', () => {
    assert.equal(resolveFileSource('file:a.mp4', undefined), resolve('a.mp4'));
  });

  for (const source of [
    'file:',
    'rtsp://h/x',
    'file://host/a.mp4',
    'file:%zz',
    'file:a\0b',
    'publisher',
  ]) {
    it(`refuses ${JSON.stringify(source)}`, () =>
      assert.throws(() => resolveFileSource(source, '/etc/m.yml'), { kind: 'invalid-argument' }));
  }
});
