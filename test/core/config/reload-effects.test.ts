// Every global key has an effect at run time that somebody decided on.
import assert from 'node:assert/strict';
import { globalKeys } from '../../../core/config/global-keys.ts';
import { notBuiltGlobalKeys } from '../../../core/config/not-built-keys.ts';
import {
  keysWithEffect,
  reloadEffects,
  type ReloadEffect,
} from '../../../core/config/reload-effects.ts';

const effects = Object.keys(reloadEffects);

function isEffect(name: string): name is ReloadEffect {
  return effects.includes(name);
}

function effectsOf(key: string): readonly string[] {
  return effects.filter((name) => isEffect(name) && keysWithEffect([key], name).length > 0);
}

describe('reloadEffects', () => {
  it('has exactly one effect for each global key', () => {
    const wrong = Object.keys(globalKeys).filter((key) => effectsOf(key).length !== 1);
    assert.deepEqual(wrong, []);
  });

  it('names no key that does not exist', () => {
    const names = Object.keys(globalKeys);
    const rows = Object.values(reloadEffects).flat();
    const unused = rows.filter((row) => {
      const stem = row.replace(/\*$/u, '');
      return !names.some((name) => (row === stem ? name === stem : name.startsWith(stem)));
    });
    assert.deepEqual(unused, []);
  });

  it('calls no key live whose function is not built', () => {
    const wrong = notBuiltGlobalKeys.filter(({ key }) => effectsOf(key).includes('live'));
    assert.deepEqual(wrong, []);
  });
});
