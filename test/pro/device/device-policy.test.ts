// Addresses of devices that the configuration names, also after it changed.
import assert from 'node:assert/strict';
import { DevicePolicy } from '../../../pro/device/device-policy.ts';

function allows(policy: DevicePolicy, address: string): boolean {
  const destination = { host: address, port: 80 };
  policy.checkHost(destination);
  try {
    policy.checkAddress(destination, address);
    return true;
  } catch {
    return false;
  }
}

describe('DevicePolicy', () => {
  it('opens addresses in denied ranges from the moment a device has them, and no longer', () => {
    const policy = new DevicePolicy();
    assert.deepEqual([allows(policy, '127.0.0.1'), allows(policy, '192.168.1.7')], [false, true]);
    policy.replace(['127.0.0.1:8080', 'box.lan', '[fe80::7]'], ['169.254.0.9']);
    const addresses = ['127.0.0.1', '127.0.0.2', 'fe80::7', '169.254.0.9'];
    assert.deepEqual(
      addresses.map((address) => allows(policy, address)),
      [true, false, true, true],
    );
    policy.replace(['127.0.0.2']);
    assert.deepEqual(
      addresses.map((address) => allows(policy, address)),
      [false, true, false, false],
    );
  });

  it('keeps its list when the next one is malformed', () => {
    const policy = new DevicePolicy();
    policy.replace(['127.0.0.1']);
    assert.throws(() => policy.replace(['a b']), { code: 'invalid-device-address' });
    assert.throws(() => policy.replace([], ['a b']), { code: 'invalid-allow-entry' });
    assert.equal(allows(policy, '127.0.0.1'), true);
  });
});
