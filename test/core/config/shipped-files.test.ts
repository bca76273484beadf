// The file that users of the peer start from loads unmodified.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { diffConfig } from '../../../core/config/diff-config.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { globalKeys } from '../../../core/config/global-keys.ts';
import { pathKeys } from '../../../core/config/path-keys.ts';
import { isRawMap, YamlDocument } from '../../../core/config/yaml-document.ts';

const peers = fileURLToPath(
  new URL('../../../../shared/testdata/mediamtx/mediamtx.yml', import.meta.url),
);

describe("the peer's mediamtx.yml", () => {
  if (!existsSync(peers)) {
    it('is read (shared testdata absent)');
    return;
  }

  it('loads unmodified, with one warning for each function that is not built', () => {
    const { warnings, paths, global } = loadConfig({ filePath: peers, env: {} });
    const codes = new Set(warnings.map(({ code }) => code));
    assert.ok([...codes].every((code) => code === 'config-not-available'));
    assert.equal(new Set(warnings.map(({ key }) => key)).size, warnings.length);
    assert.ok(warnings.length <= 4, warnings.map(({ message }) => message).join('\n'));
    assert.deepEqual([...paths.keys()], ['all_others']);
    assert.equal(global.webrtcLocalTCPAddress, undefined);
  });

  it('has no key that we do not know, and we have no other but ours', () => {
    const { root } = new YamlDocument(readFileSync(peers, 'utf8'), 'm.yml');
    const { pathDefaults = null, ...global } = root;
    const defaults = isRawMap(pathDefaults) ? pathDefaults : {};
    const ownGlobal = Object.keys(globalKeys).filter((name) => !(name in global));
    const ownPath = Object.keys(pathKeys).filter((name) => !(name in defaults));
    assert.deepEqual(ownGlobal, ['webhooks', 'authJWTInHTTPQuery']);
    assert.deepEqual(ownPath.sort(), ['publisherHoldTime', 'webrtcAudioTranscode']);
  });

  it('has the defaults that we have, but for those that differ on purpose', () => {
    const before = loadConfig({ env: {} });
    const diff = diffConfig(before, loadConfig({ filePath: peers, env: {} }));
    assert.deepEqual([...diff.global].sort(), [
      'authInternalUsers',
      'udpReadBufferSize',
      'webrtcLocalTCPAddress',
    ]);
    assert.deepEqual([...diff.pathDefaults], ['recordPath']);
  });
});
