// Tests of tuya.facade: defaults, URLs of the broker, faults with their places.
import assert from 'node:assert/strict';
import type { PathSegment } from '../../../core/config/config-issue.ts';
import { checkFacade, facadeKeys, toFacadeConfig } from '../../../pro/config/tuya-facade-keys.ts';

const COMPLETE = {
  enable: true,
  clientId: 'project',
  secret: 'secret-that-is-long-enough',
  uid: 'user',
  broker: 'mqtts://agent:p%40ss@broker.lan',
  viewerUsername: 'viewer',
  viewerPassword: 'viewer',
  devices: { dev1: { path: 'cam1' } },
};

function faults(changes: object): { readonly errors: string[]; readonly warnings: string[] } {
  const found: { errors: string[]; warnings: string[] } = { errors: [], warnings: [] };
  const write =
    (list: string[]) =>
    (path: readonly PathSegment[], message: string): void =>
      void list.push(`${path.join('.')}: ${message}`);
  checkFacade(facadeKeys.parse({ ...COMPLETE, ...changes }), {
    error: write(found.errors),
    warn: write(found.warnings),
  });
  return found;
}

describe('tuya.facade', () => {
  it('is off and complete without any key', () => {
    const facade = toFacadeConfig(facadeKeys.parse({}), '/etc');
    assert.equal(facade.isEnabled, false);
    assert.equal(facade.address.port, 8443);
    assert.equal(facade.tlsFiles, undefined);
    assert.deepEqual(facade.broker, { url: '', username: '', password: '', fingerprint: '' });
  });

  it('takes the login out of the URL of the broker, and tells viewers the rest', () => {
    const facade = toFacadeConfig(
      facadeKeys.parse({ ...COMPLETE, brokerFingerprint: 'AA:'.repeat(31) + 'BB' }),
      '/etc',
    );
    assert.deepEqual(facade.broker, {
      url: 'mqtts://broker.lan',
      username: 'agent',
      password: 'p@ss',
      fingerprint: 'aa'.repeat(31) + 'bb',
    });
    assert.equal(facade.publicBrokerUrl, 'ssl://broker.lan:8883');
  });

  it('tells viewers another address when there is one', () => {
    const url = (brokerPublic: string): string =>
      toFacadeConfig(facadeKeys.parse({ ...COMPLETE, brokerPublic }), '/').publicBrokerUrl;
    assert.equal(url('mqtts://mqtt.example.com:9000'), 'ssl://mqtt.example.com:9000');
    assert.equal(url('mqtt://[2001:db8::1]'), 'tcp://[2001:db8::1]:1883');
  });

  it('counts file names from the folder of the configuration', () => {
    const values = facadeKeys.parse({ ...COMPLETE, serverKey: 'k.pem', serverCert: '/c.pem' });
    assert.deepEqual(toFacadeConfig(values, '/etc').tlsFiles, {
      key: '/etc/k.pem',
      cert: '/c.pem',
    });
  });

  it('has no fault when it is complete', () => {
    assert.deepEqual(faults({}), { errors: [], warnings: [] });
  });

  for (const [changes, fault] of [
    [{ clientId: '' }, 'facade.clientId: must be set'],
    [{ secret: '' }, 'facade.secret: must be set'],
    [{ uid: '' }, 'facade.uid: must be set'],
    [{ broker: '' }, 'facade.broker: must be set'],
    [{ address: '' }, "facade.address: must be set; 'enable: no' turns it off"],
    [{ serverKey: 'k' }, "facade.serverCert: 'serverKey' and 'serverCert' belong together"],
    [
      { brokerPublic: 'mqtts://u:p@h' },
      'facade.brokerPublic: takes no login: set viewerUsername, viewerPassword',
    ],
  ] as const) {
    it(`refuses ${JSON.stringify(changes)}`, () => {
      assert.deepEqual(faults(changes).errors, [fault]);
    });
  }

  for (const [changes, place] of [
    [{ secret: 'short' }, 'facade.secret'],
    [{ viewerUsername: '' }, 'facade.viewerUsername'],
    [{ broker: 'mqtt://h' }, 'facade.broker'],
    [{ devices: {} }, 'facade.devices'],
  ] as const) {
    it(`warns about ${JSON.stringify(changes)}`, () => {
      const { errors, warnings } = faults(changes);
      assert.deepEqual(errors, []);
      assert.deepEqual(
        warnings.map((warning) => warning.split(':')[0]),
        [place],
      );
    });
  }

  for (const wrong of [
    { broker: 'http://h' },
    { broker: 'mqtts://u:canary@h/topic' },
    { broker: 'mqtts://u:%@h' },
    { brokerFingerprint: 'xy' },
    { motoId: 'a/b' },
    { devices: { 'a+': { path: 'p' } } },
    { devices: { a: { path: '' } } },
    { devices: { a: { path: 'p', stream: 'main' } } },
    { maxViewersPerDevice: 0 },
  ]) {
    it(`does not read ${JSON.stringify(wrong)}`, () => {
      const result = facadeKeys.safeParse({ ...COMPLETE, ...wrong });
      assert.equal(result.success, false);
      assert.equal(result.error.message.includes('canary'), false);
    });
  }
});
