// Which entry of `paths` a requested name belongs to.
import assert from 'node:assert/strict';
import { loadConfig } from '../../../core/config/load-config.ts';
import { findPathConfig } from '../../../core/config/path-match.ts';
import type { Config } from '../../../core/config/config.ts';

function paths(...names: string[]): Config {
  const text = `paths:\n${names.map((name) => `  '${name}':\n`).join('')}`;
  return loadConfig({ text, env: {} });
}

describe('findPathConfig()', () => {
  it('takes the exact name before any regular expression', () => {
    const match = findPathConfig(paths('~^cam', 'cam1', 'all_others'), 'cam1');
    assert.equal(match?.confName, 'cam1');
    assert.deepEqual(match.groups, []);
  });

  it('takes regular expressions in alphabetical order, whatever the order of the file', () => {
    const config = paths('~^c', '~^b|c', '~^a|c');
    assert.equal(findPathConfig(config, 'cam')?.confName, '~^a|c');
    assert.equal(findPathConfig(config, 'cx')?.confName, '~^a|c');
    assert.equal(findPathConfig(config, 'bx')?.confName, '~^b|c');
  });

  for (const catchAll of ['all', 'all_others', '~^.*$']) {
    it(`takes ${catchAll} last`, () => {
      const config = paths(catchAll, '~^z');
      assert.equal(findPathConfig(config, 'zoo')?.confName, '~^z');
      assert.equal(findPathConfig(config, 'cam')?.confName, catchAll);
    });
  }

  it('gives the groups of the regular expression', () => {
    assert.deepEqual(findPathConfig(paths('~^ch_(\\d+)/(.+)$'), 'ch_7/main')?.groups, [
      'ch_7/main',
      '7',
      'main',
    ]);
  });

  it('finds nothing for a name that no entry takes', () => {
    assert.equal(findPathConfig(paths('cam1', '~^x'), 'cam2'), undefined);
  });

  it('does not take the key of a catch-all or regular expression for an exact name', () => {
    assert.equal(findPathConfig(paths('all_others'), 'all_others')?.groups.length, 1);
    assert.equal(findPathConfig(paths('~^x$'), '~^x$'), undefined);
  });

  const invalid = [
    '',
    '/a',
    'a/',
    'a/../b',
    './a',
    'a b',
    'a~b',
    'ä',
    'a%2f',
    '\n',
    'x'.repeat(256),
  ];
  for (const name of invalid) {
    it(`finds nothing for the invalid name ${JSON.stringify(name.slice(0, 20))}`, () =>
      assert.equal(findPathConfig(paths('all_others'), name), undefined));
  }

  it('does not find keys of Object.prototype', () => {
    assert.equal(findPathConfig(paths('cam1'), 'constructor'), undefined);
    assert.equal(findPathConfig(paths('cam1'), '__proto__'), undefined);
  });
});
