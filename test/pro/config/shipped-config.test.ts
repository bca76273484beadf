// The config.yml that users start from: every key, its true default, and an explanation above it.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { YmlValue } from '../../../core/config/encode-config.ts';
import { YamlDocument } from '../../../core/config/yaml-document.ts';
import type { RawValue } from '../../../core/config/yaml-document.ts';
import { loadProConfig } from '../../../pro/config/load-pro-config.ts';

const file = fileURLToPath(new URL('../../../config.yml', import.meta.url));
const text = readFileSync(file, 'utf8');
const { listing, warnings } = loadProConfig(file);

describe('our config.yml', () => {
  it('loads without a warning', () => assert.deepEqual(warnings, []));

  it('shows the true defaults', () => {
    assert.deepEqual(listing, loadProConfig(undefined).listing);
  });

  it('has every key', () => {
    assert.deepEqual(keysOf(new YamlDocument(text, file).root), keysOf(listing));
  });

  it('explains every key: above each one stands a comment, with no blank line between', () => {
    const bare: string[] = [];
    let isExplained = false;
    for (const line of text.split('\n')) {
      if (line.trim() === '') isExplained = false;
      else if (line.trim().startsWith('#')) isExplained = true;
      else {
        if (!isExplained && /^ *\w+:/u.test(line)) bare.push(line);
        isExplained = false;
      }
    }
    assert.deepEqual(bare, []);
  });

  it('shows examples that are accepted when their # is taken away', () => {
    const lines = text
      .split('\n')
      .map((line) => line.replace(/^( {4,})# (?=[-\s]*[\w.]+:)/u, '$1'));
    const isHead = /^ *(?:clients|entities|accounts|devices|masters): (?:\[\]|\{\})$/u;
    const shown = lines.map((line) => (isHead.test(line) ? line.replace(/ \S+$/u, '') : line));
    const folder = mkdtempSync(join(tmpdir(), 'shipped-config-'));
    try {
      const copy = join(folder, 'config.yml');
      writeFileSync(copy, shown.join('\n'));
      const { smartly, tuya, kvs } = loadProConfig(copy);
      assert.deepEqual(
        [smartly.clients[0]?.id, [...smartly.entities.keys()]],
        ['ha_x', ['camera.front_door']],
      );
      assert.deepEqual(
        [[...tuya.accounts.keys()], [...tuya.facade.devices.keys()]],
        [['main'], ['dev1']],
      );
      assert.deepEqual([...kvs.masters.keys()], ['channel1']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Dotted names of all keys; free maps have none. */
function keysOf(value: RawValue | YmlValue, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  const entries = Object.entries(value);
  if (entries.length === 0) return [path];
  return entries.flatMap(([name, inner]) => keysOf(inner, `${path}.${name}`)).sort();
}
