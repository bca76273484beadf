// Both roles of DTLS against each other, and a network that changes what the server says.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { systemClock } from '../../../../core/base/clock.ts';
import { WeriftPeerDtls } from '../../../../core/webrtc/client/dtls-client-werift.ts';
import type {
  DtlsCallbacks,
  DtlsConnectedInfo,
  DtlsPort,
  SrtpProfile,
} from '../../../../core/webrtc/transport/dtls-port.ts';
import { readDtlsRecords, writeDtlsRecord } from '../../../../core/webrtc/transport/dtls-record.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

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

describe('WeriftPeerDtls', () => {
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

  it('lives through a Finished with a bit error, whose server sends it again', async () => {
    let isDamaged = false;
    const { client, ports } = await shake({
      ...{ client: alice, server: bob },
      change: (datagram) => {
        if (isDamaged || datagram[4] !== 1) return datagram;
        isDamaged = true;
        const broken = Uint8Array.from(datagram);
        broken[broken.length - 1] = (broken[broken.length - 1] ?? 0) ^ 1;
        return Buffer.concat([broken, datagram]);
      },
    });
    assert.ok(isDamaged);
    assert.ok(client.info);
    for (const port of ports) port.close();
  });

  describe('alone', () => {
    let clock: FakeClock;
    let peer: WeriftPeerDtls;

    before(async () => {
      clock = new FakeClock();
      peer = await WeriftPeerDtls.create(clock, { maxHandshakes: 1, handshakeTimeoutMs: 5000 });
    });

    /** A client that nobody answers, and what it says. */
    function startClient(): { port: DtlsPort; sent: Uint8Array[]; failures: string[] } {
      const sent: Uint8Array[] = [];
      const failures: string[] = [];
      const port = peer.start(
        'client',
        { remoteFingerprints: [bob.localFingerprint], profiles: PROFILES },
        {
          send: (datagram) => sent.push(Uint8Array.from(datagram)),
          onConnected: () => failures.push('connected'),
          onClosed: () => failures.push('closed'),
          onFailed: (code, message) => failures.push(`${code}: ${message}`),
        },
      );
      return { port, sent, failures };
    }

    it('sends its ClientHello at once and needs no place among the handshakes of servers', () => {
      const clients = [startClient(), startClient()];
      for (const { port, sent } of clients) {
        assert.deepEqual([sent.length, sent[0]?.[0], sent[0]?.[13]], [1, HANDSHAKE, 1]);
        port.close();
      }
      assert.equal(clock.pendingTimers, 0);
    });

    it('gives up after its time limit, with an alert', () => {
      const { sent, failures } = startClient();
      clock.advance(4999);
      assert.deepEqual(failures, []);
      clock.advance(1);
      assert.deepEqual(failures, ['timeout: no DTLS handshake within 5000 ms']);
      assert.deepEqual(sent.at(-1)?.subarray(13), Uint8Array.of(2, 40));
    });

    it('ends on a fatal alert of the server, which it does not answer', () => {
      const { port, sent, failures } = startClient();
      const alert = (...body: number[]): Uint8Array =>
        writeDtlsRecord({ contentType: 21, epoch: 0, sequence: 9 }, Uint8Array.from(body));
      for (const ignored of [alert(1, 90), alert(2), alert(2, 40, 0)]) port.receive(ignored);
      assert.deepEqual(failures, []);
      for (const fatal of [alert(2, 70), alert(2, 71)]) port.receive(fatal);
      assert.deepEqual(failures, ['alert: the peer ended the DTLS handshake with alert 70']);
      assert.equal(sent.length, 1);
      assert.equal(clock.pendingTimers, 0);
    });

    it('is silent once it is closed', () => {
      const { port, sent, failures } = startClient();
      port.close();
      port.close();
      clock.advance(5000);
      port.receive(
        writeDtlsRecord({ contentType: 21, epoch: 0, sequence: 9 }, Uint8Array.of(2, 0)),
      );
      assert.deepEqual([sent.length, failures], [1, []]);
    });

    it('survives any bytes', () => {
      const { port, failures } = startClient();
      const property = fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.constantFrom(20, 22, 23),
        fc.constantFrom(0, 1),
        (bytes, contentType, epoch) => {
          port.receive(bytes);
          port.receive(writeDtlsRecord({ contentType, epoch, sequence: 1 }, bytes));
        },
      );
      fc.assert(property, { numRuns: 2000 });
      assert.ok(!failures.includes('connected'));
      port.close();
    });
  });
});
