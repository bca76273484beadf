// The mediamtx.yml that users start from: it loads without a warning, and explains every key.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { diffConfig } from '../../../core/config/diff-config.ts';
import { preferredSource } from '../../../core/config/source-list.ts';
import { resolveFileSource } from '../../../core/config/file-source.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { findPathConfig } from '../../../core/config/path-match.ts';
import { ignoredPathKeys } from '../../../pro/config/pro-path-keys.ts';
import { ProKeys } from '../../../pro/config/pro-keys.ts';

const ours = fileURLToPath(new URL('../../../mediamtx.yml', import.meta.url));
const { registry } = new ProKeys();

describe('our mediamtx.yml', () => {
  const config = loadConfig({ filePath: ours, env: {}, registry });

  it('loads without a warning', () => assert.deepEqual(config.warnings, []));

  it('shows the true defaults, and has the API on', () => {
    const diff = diffConfig(loadConfig({ env: {}, registry }), config);
    assert.deepEqual([[...diff.global], [...diff.pathDefaults]], [['api'], []]);
  });

  it('has a demo path whose file exists, and accepts every other name', () => {
    const demo = findPathConfig(config, 'demo');
    assert.equal(
      existsSync(resolveFileSource(demo ? preferredSource(demo.config) : '', ours)),
      true,
    );
    assert.equal(findPathConfig(config, 'anything')?.confName, 'all_others');
  });

  it('has every Pro key that does something', () => {
    const text = readFileSync(ours, 'utf8');
    const ignored = new Set<string>(ignoredPathKeys);
    const names = [...Object.keys(registry.globalKeys), ...Object.keys(registry.pathKeys)];
    const missing = names.filter((name) => !new RegExp(`^ *${name}:`, 'mu').test(text));
    assert.deepEqual(
      missing.filter((name) => !ignored.has(name)),
      [],
    );
  });

  it('explains every key: above each one stands a comment, with no blank line between', () => {
    const bare: string[] = [];
    let isExplained = false;
    for (const line of readFileSync(ours, 'utf8').split('\n')) {
      if (line.trim() === '') isExplained = false;
      else if (line.trim().startsWith('#')) isExplained = true;
      else if (!isExplained && /^ *\w+:/u.test(line)) bare.push(line);
    }
    assert.deepEqual(bare, ['pathDefaults:', 'paths:']);
  });
});
