// Keys of outer layers: registered, loaded, inherited, overridden, and checked like our own.
import assert from 'node:assert/strict';
import { z } from 'zod';
import { key } from '../../../core/config/config-key.ts';
import { ConfigRegistry } from '../../../core/config/config-registry.ts';
import { diffConfig } from '../../../core/config/diff-config.ts';
import { encodeConfig } from '../../../core/config/encode-config.ts';
import { checkConfig, loadConfig } from '../../../core/config/load-config.ts';
import { redactConfig } from '../../../core/config/redact-config.ts';
import { duration, secretText } from '../../../core/config/value-schemas.ts';

const registry = new ConfigRegistry();
const smart = registry.addGlobalKey(
  'smart',
  key(z.strictObject({ url: z.string(), token: secretText.default('') }), { url: '' }, 'A struct.'),
);
const snapshotEvery = registry.addPathKey('snapshotEvery', key(duration, '5s', 'A duration.'));

describe('ConfigRegistry', () => {
  it('gives defaults', () => {
    const config = loadConfig({ text: 'paths: {a: {}}', env: {}, registry });
    const path = config.paths.get('a') ?? config.pathDefaults;
    assert.deepEqual([smart.read(config.global).url, snapshotEvery.read(path)], ['', 5000]);
  });

  it('loads values from the file, from pathDefaults and from the environment', () => {
    const text =
      'smart: {url: u}\npathDefaults: {snapshotEvery: 7s}\npaths: {a: {}, b: {snapshotEvery: 8s}}';
    const env = { MTX_SMART_TOKEN: 't', MTX_PATHS_B_SNAPSHOTEVERY: '9s' };
    const config = loadConfig({ text, env, registry });
    assert.deepEqual(smart.read(config.global), { url: 'u', token: 't' });
    const periods = [...config.paths.values()].map((path) => snapshotEvery.read(path));
    assert.deepEqual(periods, [7000, 9000]);
    assert.equal(Object.isFrozen(smart.read(config.global)), true);
  });

  it('takes part in errors, redaction, encoding and diffs', () => {
    const text = 'smart: {url: u, token: t}';
    const config = loadConfig({ text, env: {}, registry });
    assert.deepEqual(redactConfig(config, registry).global['smart'], { url: 'u', token: '***' });
    assert.equal(encodeConfig(config, registry).pathDefaults['snapshotEvery'], '5s');
    const other = loadConfig({ text: 'smart: {url: v, token: t}', env: {}, registry });
    assert.deepEqual([...diffConfig(config, other).global], ['smart']);
    const { issues } = checkConfig({ text: 'smartt: 1', env: {}, registry });
    assert.match(issues[0]?.message ?? '', /did you mean "smart"/u);
    assert.match(checkConfig({ text, env: {} }).issues[0]?.message ?? '', /unknown field "smart"/u);
  });

  for (const name of ['readTimeout', 'paths', 'smart']) {
    it(`refuses the key ${name}, which is taken`, () =>
      assert.throws(() => registry.addGlobalKey(name, key(z.string(), '', '')), {
        kind: 'already-exists',
      }));
  }

  for (const name of ['', 'a_b', 'Upper', '__proto__', 'constructor']) {
    it(`refuses the name '${name}'`, () =>
      assert.throws(() => registry.addPathKey(name, key(z.string(), '', '')), {
        code: 'config-key-name',
      }));
  }
});

describe('ConfigRegistry tables and rules', () => {
  const tables = new ConfigRegistry();
  const global = tables.addGlobalKeys({ limit: key(z.int(), 1, 'A number.') });
  const path = tables.addPathKeys({
    limitOfPath: key(z.int(), 2, 'A number.'),
    open: key(z.record(z.string(), z.strictObject({ pass: secretText.default('') })), {}, 'A map.'),
  });
  tables.addRule(({ global: values, paths }, report) => {
    if (global.read(values).limit > 9) report.error(['limit'], 'is too much');
    for (const [name, config] of paths) {
      if (path.read(config).limitOfPath > 9) report.warn(['paths', name, 'limitOfPath'], 'is much');
    }
  });

  it('read all values of a table', () => {
    const config = loadConfig({ text: 'limit: 5\npaths: {a: {}}', env: {}, registry: tables });
    assert.deepEqual(global.read(config.global), { limit: 5 });
    assert.equal(path.read(config.pathDefaults).limitOfPath, 2);
  });

  it('tell errors and warnings of rules with their place', () => {
    const check = checkConfig({ text: 'limit: 10', env: {}, registry: tables });
    assert.deepEqual(
      check.issues.map(({ place, key: name, message }) => [place.text, name, message]),
      [['configuration:1:1', 'limit', 'is too much']],
    );
    const text = 'paths:\n  a:\n    limitOfPath: 10';
    assert.deepEqual(loadConfig({ text, env: {}, registry: tables }).warnings, [
      {
        code: 'config-doubtful-value',
        key: 'paths.a.limitOfPath',
        message: 'configuration:3:5: paths.a.limitOfPath: is much',
        text: 'is much',
      },
    ]);
  });

  it('run no rule while single values are wrong', () => {
    const { issues } = checkConfig({ text: 'limit: 10\nrtsp: 5', env: {}, registry: tables });
    assert.deepEqual(
      issues.map(({ key: name }) => name),
      ['rtsp'],
    );
  });

  it('hide secrets below keys that the user chose, and keep entries without settings', () => {
    const text = 'pathDefaults: {open: {a: {pass: canary}, b: }}';
    const config = loadConfig({ text, env: {}, registry: tables });
    assert.deepEqual(redactConfig(config, tables).pathDefaults['open'], {
      a: { pass: '***' },
      b: { pass: '' },
    });
  });
});
