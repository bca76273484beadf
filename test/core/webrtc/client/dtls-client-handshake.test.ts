// Both roles of DTLS against each other, and a network that changes what the server says.
import assert from 'node:assert/strict';
import { systemClock } from '../../../../core/base/clock.ts';
import { WeriftPeerDtls } from '../../../../core/webrtc/client/dtls-client-werift.ts';
import type {
  DtlsCallbacks,
  DtlsConnectedInfo,
  DtlsPort,
  SrtpProfile,
} from '../../../../core/webrtc/transport/dtls-port.ts';
import { readDtlsRecords } from '../../../../core/webrtc/transport/dtls-record.ts';

const PROFILES: readonly SrtpProfile[] = [1, 7];
const HANDSHAKE = 22;
const SERVER_KEY_EXCHANGE = 12;

interface Outcome {
  readonly info?: DtlsConnectedInfo;
  readonly failure?: string;
}

type Change = (datagram: Uint8Array) => Uint8Array;

/** Runs a handshake; `change` sees every datagram of the server. */
async function shake(options: {
  readonly client: WeriftPeerDtls;
  readonly server: WeriftPeerDtls;
  readonly expected?: WeriftPeerDtls;
  readonly change?: Change;
}): Promise<{ client: Outcome; ports: readonly DtlsPort[] }> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const {
    client,
    server,
    expected = server,
    change = (datagram: Uint8Array) => datagram,
  } = options;
  const ports: { client?: DtlsPort; server?: DtlsPort } = {};
  const callbacks = (send: (datagram: Uint8Array) => void, isClient: boolean): DtlsCallbacks => ({
    send,
    onConnected: (info) => {
      if (isClient) resolve({ info });
    },
    onClosed: () => undefined,
    onFailed: (failure) => {
      if (isClient) resolve({ failure });
    },
  });
  ports.server = server.start(
    'server',
    { remoteFingerprints: [client.localFingerprint], profiles: PROFILES },
    callbacks((datagram) => {
      const bytes = change(Uint8Array.from(datagram));
      setImmediate(() => ports.client?.receive(bytes));
    }, false),
  );
  ports.client = client.start(
    'client',
    { remoteFingerprints: [expected.localFingerprint], profiles: PROFILES },
    callbacks((datagram) => {
      const bytes = Uint8Array.from(datagram);
      setImmediate(() => ports.server?.receive(bytes));
    }, true),
  );
  return { client: await promise, ports: [ports.client, ports.server] };
}

/** Changes the last byte of the record with a message of this type: the end of its signature. */
function damage(type: number): Change {
  return (datagram) => {
    for (const { contentType, epoch, body } of readDtlsRecords(datagram)) {
      if (contentType !== HANDSHAKE || epoch !== 0 || body[0] !== type) continue;
      body[body.length - 1] = (body[body.length - 1] ?? 0) ^ 1;
    }
    return datagram;
  };
}

describe('DtlsClientHandshake', () => {
  let alice: WeriftPeerDtls;
  let bob: WeriftPeerDtls;

  before(async () => {
    const options = { maxHandshakes: 8, handshakeTimeoutMs: 5000 };
    alice = await WeriftPeerDtls.create(systemClock, options);
    bob = await WeriftPeerDtls.create(systemClock, options);
  });

  it('agrees on keys with a server that shows the expected certificate', async () => {
    const { client, ports } = await shake({ client: alice, server: bob });
    assert.ok(client.info);
    const { keys, remoteFingerprint } = client.info;
    assert.deepEqual(remoteFingerprint, bob.localFingerprint);
    assert.equal(keys.profile, 1);
    assert.notDeepEqual(keys.local.key, keys.remote.key);
    for (const port of ports) port.close();
  });

  it('refuses a server with another certificate', async () => {
    const { client, ports } = await shake({ client: alice, server: bob, expected: alice });
    assert.equal(client.failure, 'fingerprint-mismatch');
    for (const port of ports) port.close();
  });

  it('refuses a server that shows the right certificate without its key', async () => {
    const change = damage(SERVER_KEY_EXCHANGE);
    const { client, ports } = await shake({ client: alice, server: bob, change });
    assert.match(client.failure ?? '', /fingerprint-mismatch|protocol-error/u);
    for (const port of ports) port.close();
  });

  it('lives through datagrams that come twice', async () => {
    const seen: Uint8Array[] = [];
    const { client, ports } = await shake({
      ...{ client: alice, server: bob },
      change: (datagram) => {
        seen.push(datagram);
        return Buffer.concat([datagram, ...seen.slice(-1)]);
      },
    });
    assert.ok(client.info);
    for (const port of ports) port.close();
  });

  it('says so when nobody answers', async () => {
    const lonely = await WeriftPeerDtls.create(systemClock, {
      maxHandshakes: 1,
      handshakeTimeoutMs: 20,
    });
    const failure = await new Promise<string>((resolve) => {
      lonely.start(
        'client',
        { remoteFingerprints: [alice.localFingerprint], profiles: PROFILES },
        {
          send: () => undefined,
          onConnected: () => undefined,
          onClosed: () => undefined,
          onFailed: (code, message) => resolve(`${code}: ${message}`),
        },
      );
    });
    assert.equal(failure, 'timeout: no DTLS handshake within 20 ms');
  });
});
