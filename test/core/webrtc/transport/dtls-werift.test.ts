// Tests of the DTLS server: a real client, an unkind network, forged and random input.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DtlsClient, DtlsServer, HashAlgorithm, SignatureAlgorithm } from 'werift';
import { DtlsRecordCipher } from '../../../../core/webrtc/transport/dtls-record-cipher.ts';
import {
  readDtlsRecords,
  readHandshakeFragments,
  writeDtlsRecord,
  type DtlsRecord,
} from '../../../../core/webrtc/transport/dtls-record.ts';
import { WeriftDtlsFactory } from '../../../../core/webrtc/transport/dtls-werift.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import {
  createClientIdentity,
  DtlsPair,
  turnEventLoop,
  type ClientIdentity,
  type Disturbance,
} from './dtls-client.ts';

const CLIENT_HELLO = 1;
const CERTIFICATE = 11;

describe('WeriftDtlsFactory', () => {
  let clock: FakeClock;
  let factory: WeriftDtlsFactory;
  let identity: ClientIdentity;

  before(async () => {
    identity = await createClientIdentity();
  });

  beforeEach(async () => {
    clock = new FakeClock();
    factory = await WeriftDtlsFactory.create(clock, {
      maxHandshakes: 2,
      handshakeTimeoutMs: 10_000,
    });
  });

  describe('handshake', () => {
    for (const profile of [1, 7] as const) {
      it(`agrees on SRTP profile ${profile} when it is first in our order`, async () => {
        const serverProfiles = profile === 1 ? ([1, 7] as const) : ([7, 1] as const);
        using pair = new DtlsPair({ factory, identity, serverProfiles });
        await pair.handshake();
        const saltBytes = profile === 1 ? 14 : 12;
        const theirs = pair.client.extractSessionKeys(16, saltBytes);
        assert.equal(pair.connected?.keys.profile, profile);
        assertSameBytes(pair.connected.keys.local.key, theirs.remoteKey);
        assertSameBytes(pair.connected.keys.local.salt, theirs.remoteSalt);
        assertSameBytes(pair.connected.keys.remote.key, theirs.localKey);
        assertSameBytes(pair.connected.keys.remote.salt, theirs.localSalt);
        assert.deepEqual(pair.connected.remoteFingerprint, identity.fingerprint);
        await pair.settle(() => pair.isClientConnected);
        assert.ok(pair.isClientConnected);
      });
    }

    it('frees its place and its timer when done', async () => {
      using pair = new DtlsPair({ factory, identity });
      await pair.handshake();
      assert.equal(factory.activeHandshakes, 0);
      assert.equal(clock.pendingTimers, 0);
    });

    it('takes a ClientHello in two datagrams, swapped and doubled', async () => {
      using pair = new DtlsPair({ factory, identity });
      pair.disturbToServer = (datagram) => {
        if (handshakeTypeOf(datagram) !== CLIENT_HELLO) return [datagram];
        const [first, second] = splitHandshake(datagram);
        return [second, second, first];
      };
      await pair.handshake();
      assert.ok(pair.connected);
    });

    it('recovers from a lost fragment when the client repeats the ClientHello', async () => {
      using pair = new DtlsPair({ factory, identity });
      const lost = loseOnce(CLIENT_HELLO);
      pair.disturbToServer = (datagram) => splitAll(datagram).flatMap(lost);
      void pair.client.connect();
      await pair.settle(() => false);
      assert.equal(pair.fromServer.length, 0);
      pair.disturbToServer = splitAll;
      for (const part of splitAll(pair.fromClient[0] ?? new Uint8Array()))
        pair.server.receive(part);
      await pair.settle(() => pair.connected !== undefined);
      assert.ok(pair.connected);
    });

    it('takes the last flight in reverse order', async () => {
      using pair = new DtlsPair({ factory, identity });
      const held: Uint8Array[] = [];
      pair.disturbToServer = (datagram) => {
        if (handshakeTypeOf(datagram) === CLIENT_HELLO) return [datagram];
        held.push(datagram);
        return held.length === 5 ? [...held].reverse() : [];
      };
      await pair.handshake();
      assert.ok(pair.connected);
    });

    it('recovers from each lost datagram of the last flight when the flight is repeated', async () => {
      for (let lostIndex = 2; lostIndex < 7; lostIndex++) {
        using pair = new DtlsPair({ factory, identity });
        let sent = 0;
        pair.disturbToServer = (datagram) => (sent++ === lostIndex ? [] : [datagram]);
        void pair.client.connect();
        await pair.settle(() => pair.fromClient.length === 7);
        await turnEventLoop();
        await pair.repeatFromClient(2, 7);
        await pair.settle(() => pair.connected !== undefined);
        assert.ok(pair.connected, `datagram ${lostIndex} lost`);
      }
    });

    it('sends its flight again when the client repeats the message before it', async () => {
      using pair = new DtlsPair({ factory, identity });
      pair.disturbToClient = () => [];
      void pair.client.connect();
      await pair.settle(() => pair.fromServer.length > 0);
      const sent = pair.fromServer.length;
      clock.advance(50);
      await pair.repeatFromClient(0, 1);
      assert.equal(pair.fromServer.length, 2 * sent);
    });

    it('survives bit errors in the protected Finished', async () => {
      using pair = new DtlsPair({ factory, identity });
      pair.disturbToServer = (datagram) => {
        if (datagram[4] !== 1) return [datagram];
        const broken = Uint8Array.from(datagram);
        broken[broken.length - 1] = (broken[broken.length - 1] ?? 0) ^ 1;
        return [broken, datagram];
      };
      await pair.handshake();
      assert.ok(pair.connected);
    });
  });

  describe('refusals', () => {
    it('names a certificate that is not the one of the offer', async () => {
      const other = await createClientIdentity();
      using pair = new DtlsPair({ factory, identity, expected: [other.fingerprint] });
      await pair.handshake();
      assert.equal(pair.failure?.failure, 'fingerprint-mismatch');
      assert.match(pair.failure.message, new RegExp(identity.fingerprint.value, 'u'));
      assert.equal(factory.activeHandshakes, 0);
      assert.deepEqual(pair.fromServer.at(-1)?.subarray(13), Uint8Array.of(2, 42));
    });

    it('rejects an unknown fingerprint algorithm', async () => {
      const expected = [{ algorithm: 'md5', value: identity.fingerprint.value }];
      using pair = new DtlsPair({ factory, identity, expected });
      await pair.handshake();
      assert.equal(pair.failure?.failure, 'fingerprint-mismatch');
    });

    it('rejects a client that shows a certificate without owning its key', async () => {
      const thief = await createClientIdentity();
      const stolen = { ...identity, keyPem: thief.keyPem };
      using pair = new DtlsPair({ factory, identity: stolen });
      await pair.handshake();
      assert.equal(pair.failure?.failure, 'fingerprint-mismatch');
      assert.match(pair.failure.message, /does not own/u);
    });

    it('names the SRTP profiles when none is common', async () => {
      using pair = new DtlsPair({ factory, identity, serverProfiles: [1], clientProfiles: [7] });
      await pair.handshake();
      assert.equal(pair.failure?.failure, 'no-common-srtp-profile');
      assert.match(pair.failure.message, /\[7\].*\[1\]/u);
    });

    it('ends on a fatal alert of the client', async () => {
      using pair = new DtlsPair({ factory, identity });
      pair.disturbToClient = () => [];
      void pair.client.connect();
      await pair.settle(() => pair.fromServer.length > 0);
      pair.server.receive(plainAlert(2, 48));
      assert.equal(pair.failure?.failure, 'alert');
      assert.match(pair.failure.message, /alert 48/u);
    });

    it('gives up after its time limit', async () => {
      using pair = new DtlsPair({ factory, identity });
      pair.disturbToClient = () => [];
      void pair.client.connect();
      await pair.settle(() => pair.fromServer.length > 0);
      clock.advance(9_999);
      assert.equal(factory.activeHandshakes, 1);
      clock.advance(1);
      assert.equal(pair.failure?.failure, 'timeout');
      assert.equal(factory.activeHandshakes, 0);
    });

    it('lets a ClientHello wait while too many handshakes run', async () => {
      using first = new DtlsPair({ factory, identity });
      using second = new DtlsPair({ factory, identity });
      using third = new DtlsPair({ factory, identity });
      const pairs = [first, second, third];
      for (const pair of pairs) {
        pair.disturbToClient = () => [];
        void pair.client.connect();
      }
      await third.settle(() => factory.deferredHandshakes > 0);
      assert.equal(third.fromServer.length, 0);
      first.server.close();
      await third.repeatFromClient(0, 1);
      assert.equal(third.fromServer.length, 1);
    });
  });

  describe('after the handshake', () => {
    it('reports close_notify once', async () => {
      using pair = new DtlsPair({ factory, identity });
      await pair.handshake();
      const goodbye = sealAsClient(pair, Uint8Array.of(1, 0));
      pair.server.receive(goodbye);
      pair.server.receive(goodbye);
      assert.equal(pair.closedCount, 1);
    });

    it('says close_notify on close()', async () => {
      using pair = new DtlsPair({ factory, identity });
      await pair.handshake();
      pair.server.close();
      pair.server.close();
      const [record] = readDtlsRecords(pair.fromServer.at(-1) ?? new Uint8Array());
      const { serverWriteKey, serverNonce } = pair.client.cipher.cipher;
      assert.ok(record && serverWriteKey && serverNonce);
      const alert = new DtlsRecordCipher(serverWriteKey, serverNonce).open(record);
      assert.deepEqual([...(alert ?? [])], [1, 0]);
      assert.equal(pair.closedCount, 0);
    });

    it('ignores alerts in the clear, renegotiation and application data', async () => {
      using pair = new DtlsPair({ factory, identity });
      await pair.handshake();
      const sent = pair.fromServer.length;
      pair.server.receive(plainAlert(2, 40));
      pair.server.receive(plainAlert(1, 0));
      await pair.repeatFromClient(0, 2);
      pair.server.receive(
        writeDtlsRecord({ contentType: 23, epoch: 1, sequence: 9 }, new Uint8Array(40)),
      );
      assert.equal(pair.closedCount, 0);
      assert.equal(pair.fromServer.length, sent);
    });

    it('sends its last flight again when the client repeats Finished', async () => {
      using pair = new DtlsPair({ factory, identity });
      await pair.handshake();
      const flight = pair.fromServer.slice(-2);
      const finished = pair.fromClient.findIndex((datagram) => datagram[4] === 1);
      await pair.repeatFromClient(finished, finished + 1);
      assert.deepEqual(pair.fromServer.slice(-2), flight);
      assert.equal(pair.fromServer.length, 6 + 2 + 2);
    });
  });

  for (const Socket of [DtlsServer, DtlsClient]) {
    it(`finds in werift's ${Socket.name} everything that it reaches into`, () => {
      const transport = {
        type: 'udp',
        address: { address: '', family: 'IPv4', port: 0 },
        closed: false,
        onData: undefined as unknown as () => void, // set by werift's constructor, which is the point
        send: () => Promise.resolve(),
        close: () => Promise.resolve(),
      };
      const signatureHash = { hash: HashAlgorithm.sha256_4, signature: SignatureAlgorithm.ecdsa_3 };
      const { certPem: cert, keyPem: key } = identity;
      const socket = new Socket({ transport, cert, key, signatureHash, srtpProfiles: [1] });
      assert.equal(typeof transport.onData, 'function');
      assert.equal(socket.dtls.flight, 0);
      assert.equal(typeof socket.extractSessionKeys, 'function');
      assert.ok('srtpProfile' in socket.srtp);
      for (const field of ['masterSecret', 'cipher']) assert.ok(field in socket.cipher, field);
      for (const event of [socket.onConnect, socket.onError]) {
        assert.equal(typeof event.allUnsubscribe, 'function');
      }
    });
  }

  it('survives any bytes before, during and after the handshake', async () => {
    using pair = new DtlsPair({ factory, identity });
    const property = fc.property(fc.uint8Array({ maxLength: 120 }), fc.integer(), (bytes, seed) => {
      pair.server.receive(bytes);
      // Also something that gets past the record header.
      const epoch = seed & 1;
      const contentType = 20 + (seed & 3);
      pair.server.receive(writeDtlsRecord({ contentType, epoch, sequence: 1 }, bytes));
    });
    await pair.handshake();
    fc.assert(property, { numRuns: 4_000 });
    assert.equal(pair.closedCount, 0);
    using fresh = new DtlsPair({ factory, identity });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        fresh.server.receive(bytes);
      }),
      { numRuns: 4_000 },
    );
    assert.equal(fresh.connected, undefined);
  });
});

function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assert.deepEqual([...actual], [...expected]);
}

function plainAlert(level: number, description: number): Uint8Array {
  const header = { contentType: 21, epoch: 0, sequence: 99 };
  return writeDtlsRecord(header, Uint8Array.of(level, description));
}

function sealAsClient(pair: DtlsPair, plaintext: Uint8Array): Uint8Array {
  const { clientWriteKey, clientNonce } = pair.client.cipher.cipher;
  assert.ok(clientWriteKey && clientNonce);
  const cipher = new DtlsRecordCipher(clientWriteKey, clientNonce);
  return cipher.seal({ contentType: 21, epoch: 1, sequence: 500 }, plaintext);
}

function firstRecord(datagram: Uint8Array): DtlsRecord {
  const [record] = readDtlsRecords(datagram);
  assert.ok(record);
  return record;
}

function handshakeTypeOf(datagram: Uint8Array): number {
  const record = firstRecord(datagram);
  return record.contentType === 22 && record.epoch === 0 ? (record.body[0] ?? 0) : 0;
}

/** One handshake message in two datagrams. */
function splitHandshake(datagram: Uint8Array): [Uint8Array, Uint8Array] {
  const record = firstRecord(datagram);
  const [whole] = readHandshakeFragments(record.body);
  assert.ok(whole && whole.body.length > 1);
  const middle = whole.body.length >> 1;
  const part = (start: number, end: number, sequence: number): Uint8Array => {
    const header = Buffer.alloc(12);
    header.writeUInt8(whole.type, 0);
    header.writeUIntBE(whole.length, 1, 3);
    header.writeUInt16BE(whole.sequence, 4);
    header.writeUIntBE(start, 6, 3);
    header.writeUIntBE(end - start, 9, 3);
    const body = Buffer.concat([header, whole.body.subarray(start, end)]);
    return writeDtlsRecord({ contentType: 22, epoch: 0, sequence }, body);
  };
  return [part(0, middle, 100), part(middle, whole.body.length, 101)];
}

/** Splits ClientHello and Certificate, which is what real clients do. */
function splitAll(datagram: Uint8Array): readonly Uint8Array[] {
  const type = handshakeTypeOf(datagram);
  const isLong = type === CLIENT_HELLO || type === CERTIFICATE;
  return isLong && isWhole(datagram) ? splitHandshake(datagram) : [datagram];
}

function isWhole(datagram: Uint8Array): boolean {
  const [fragment] = readHandshakeFragments(firstRecord(datagram).body);
  return fragment?.length === fragment?.body.length;
}

function loseOnce(type: number): Disturbance {
  let isLost = false;
  return (datagram) => {
    if (isLost || handshakeTypeOf(datagram) !== type) return [datagram];
    isLost = true;
    return [];
  };
}
