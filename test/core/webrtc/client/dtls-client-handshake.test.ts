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
  /** Wants application data; gets it with the name of the side that got it. */
  readonly onApplicationData?: (side: 'client' | 'server', bytes: Uint8Array) => void;
}): Promise<{ client: Outcome; server: Outcome; ports: readonly DtlsPort[] }> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let serverOutcome: Outcome = {};
  const { onApplicationData } = options;
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
      else serverOutcome = { info };
    },
    onClosed: () => undefined,
    onFailed: (failure) => {
      if (isClient) resolve({ failure });
    },
    ...(onApplicationData && {
      onApplicationData: (bytes) => onApplicationData(isClient ? 'client' : 'server', bytes),
    }),
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
  return { client: await promise, server: serverOutcome, ports: [ports.client, ports.server] };
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
    assert.equal(client.info.sendApplicationData, undefined);
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

  it('carries application data both ways under numbers that the handshake never used', async () => {
    const datagrams: Uint8Array[] = [];
    const got: string[] = [];
    const { client, server, ports } = await shake({
      ...{ client: alice, server: bob },
      change: (datagram) => {
        datagrams.push(datagram);
        return datagram;
      },
      onApplicationData: (side, bytes) => got.push(`${side} ${Buffer.from(bytes).toString()}`),
    });
    for (const { info } of [client, server]) {
      assert.equal(info?.sendApplicationData?.(Buffer.from('one')), true);
      assert.equal(info.sendApplicationData(Buffer.from('two')), true);
      assert.equal(info.sendApplicationData(new Uint8Array(2 ** 14 + 1)), false);
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(got.sort(), ['client one', 'client two', 'server one', 'server two']);
    // Everything that the network repeats is taken once.
    for (const datagram of datagrams) ports[0]?.receive(datagram);
    assert.equal(got.length, 4);
    for (const port of ports) port.close();
    const nonces = datagrams
      .flatMap((datagram) => readDtlsRecords(datagram))
      .filter(({ epoch }) => epoch === 1)
      .map(({ body }) => Buffer.from(body.subarray(0, 8)).toString('hex'));
    assert.ok(nonces.length >= 4);
    assert.equal(new Set(nonces).size, nonces.length);
    assert.equal(client.info?.sendApplicationData?.(Buffer.from('late')), false);
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
