// What a reload has to touch.
import assert from 'node:assert/strict';
import { diffConfig } from '../../../core/config/diff-config.ts';
import type { ConfigDiff } from '../../../core/config/diff-config.ts';
import { loadConfig } from '../../../core/config/load-config.ts';

function diff(before: string, after: string): ConfigDiff {
  return diffConfig(loadConfig({ text: before, env: {} }), loadConfig({ text: after, env: {} }));
}

describe('diffConfig()', () => {
  it('is empty when only the writing differs', () => {
    const { isEmpty } = diff(
      'readTimeout: 60s\npaths: {a: {}}',
      '# c\npaths:\n  a:\nreadTimeout: 1m',
    );
    assert.equal(isEmpty, true);
  });

  it('names changed global keys, lists of structs included', () => {
    const { global, isEmpty } = diff(
      'authInternalUsers: [{user: a}]',
      'logLevel: debug\nauthInternalUsers: [{user: b}]',
    );
    assert.deepEqual([...global].sort(), ['authInternalUsers', 'logLevel']);
    assert.equal(isEmpty, false);
  });

  it('names added, removed and changed paths with their keys', () => {
    const result = diff(
      'paths: {a: {}, b: {}, c: {}}',
      'paths: {b: {maxReaders: 2}, c: {}, d: {}}',
    );
    assert.deepEqual([result.addedPaths, result.removedPaths], [['d'], ['a']]);
    assert.deepEqual([...result.changedPaths], [['b', new Set(['maxReaders'])]]);
  });

  it('shows a change of pathDefaults in the paths that inherit it', () => {
    const result = diff(
      'paths: {a: {}, b: {maxReaders: 1}}',
      'pathDefaults: {maxReaders: 5}\npaths: {a: {}, b: {maxReaders: 1}}',
    );
    assert.deepEqual([...result.pathDefaults], ['maxReaders']);
    assert.deepEqual([...result.changedPaths.keys()], ['a']);
  });
});
