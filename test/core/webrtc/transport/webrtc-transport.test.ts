// Tests of the transport over real loopback sockets: checks, media, moves, silence and limits.
import assert from 'node:assert/strict';
import { DtlsClient, HashAlgorithm, SignatureAlgorithm } from 'werift';
import { MediaError } from '../../../../core/base/media-error.ts';
import { WeriftDtlsFactory } from '../../../../core/webrtc/transport/dtls-werift.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { createClientIdentity } from './dtls-client.ts';
import { bindingRequest, parseResponse, type BindingRequestOptions } from './stun-request.ts';
import { checkFor, FAKE_KEYS, RecordingSession, TransportFixture } from './transport-fixture.ts';

const RTP = Uint8Array.of(0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1);
const RTCP = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 9);

describe('WebRtcTransport', () => {
  describe('connectivity checks', () => {
    it('answers a valid check with the mapped address and selects the sender', async () => {
      await using fixture = await TransportFixture.start();
      const { peer } = fixture.create('remote');
      const udp = await fixture.udpPeer();
      assert.equal(peer.state, 'new');
      assert.equal(peer.remoteCandidate, '');
      const response = parseResponse(await udp.check(peer), peer.localCredentials.password);
      const mapped = `127.0.0.1:${udp.port}`;
      assert.deepEqual(response, { type: 0x0101, errorCode: undefined, isAuthentic: true, mapped });
      assert.equal(peer.state, 'checking');
      assert.equal(peer.remoteCandidate, `prflx/udp/127.0.0.1/${udp.port}`);
      const { udpPort } = fixture.transport.ports;
      assert.equal(peer.localCandidate, `host/udp/127.0.0.1/${udpPort}`);
      assert.ok(peer.bytesReceived > 0 && peer.bytesSent > 0);
    });

    const refusals: [string, number, BindingRequestOptions][] = [
      ['a wrong password', 401, { password: 'wrong' }],
      ['a peer that thinks it is controlled', 487, { role: 'controlled' }],
      [
        'an unknown comprehension-required attribute',
        420,
        { extra: [[0x0033, new Uint8Array(4)]] },
      ],
    ];
    for (const [what, errorCode, options] of refusals) {
      it(`refuses ${what} with ${errorCode} and remembers nothing`, async () => {
        await using fixture = await TransportFixture.start();
        const { peer } = fixture.create();
        const udp = await fixture.udpPeer();
        const response = parseResponse(
          await udp.check(peer, options),
          peer.localCredentials.password,
        );
        assert.equal(response?.errorCode, errorCode);
        assert.equal(response.isAuthentic, errorCode !== 401);
        assert.equal(peer.state, 'new');
        assert.equal(fixture.transport.pathCount, 0);
      });
    }

    it('refuses the ufrag of another offer with 401', async () => {
      await using fixture = await TransportFixture.start();
      const { peer } = fixture.create('somebody');
      const udp = await fixture.udpPeer();
      const response = parseResponse(await udp.check(peer), peer.localCredentials.password);
      assert.equal(response?.errorCode, 401);
    });

    it('refuses a request without USERNAME with 400', async () => {
      await using fixture = await TransportFixture.start();
      const udp = await fixture.udpPeer();
      udp.send(bindingRequest({}));
      assert.equal(parseResponse(await udp.next(), '')?.errorCode, 400);
    });

    it('ignores and counts unknown ufrags, indications, responses and broken messages', async () => {
      await using fixture = await TransportFixture.start();
      const { peer } = fixture.create();
      const udp = await fixture.udpPeer();
      udp.send(bindingRequest({ username: 'nobody:remote', password: 'x' }));
      udp.send(checkFor(peer, { type: 0x0011 }));
      udp.send(checkFor(peer, { type: 0x0101 }));
      udp.send(checkFor(peer).subarray(0, 40));
      // The first answer is that to the valid check.
      const response = parseResponse(await udp.check(peer), peer.localCredentials.password);
      assert.equal(response?.type, 0x0101);
      const { counters } = fixture.transport;
      assert.equal(counters.stunUnknownUfrag, 1);
      assert.equal(counters.stunIgnored, 2);
      assert.equal(counters.stunMalformed, 1);
      assert.equal(counters.stunAnswered, 1);
    });

    it('does not let a session take the address of another live one', async () => {
      await using fixture = await TransportFixture.start();
      const first = await fixture.connectedPeer();
      const second = fixture.create();
      first.udp.send(checkFor(second.peer));
      await first.udp.check(first.peer);
      assert.equal(fixture.transport.counters.stunAddressTaken, 1);
      assert.equal(second.peer.state, 'new');
      fixture.clock.advance(5_500);
      await first.udp.check(second.peer);
      assert.equal(second.peer.state, 'checking');
      assert.equal(first.peer.selectedAddress, undefined);
      assert.ok(!first.peer.send(RTP));
    });
  });

  describe('packets', () => {
    it('splits RTP and RTCP once connected and sends to the selected address', async () => {
      await using fixture = await TransportFixture.start();
      const { session, peer, udp } = await fixture.connectedPeer();
      assert.equal(peer.state, 'connected');
      assert.equal(session.connected?.address, peer.selectedAddress);
      udp.send(RTP);
      udp.send(RTCP);
      await udp.check(peer);
      assert.deepEqual(session.rtp, [RTP]);
      assert.deepEqual(session.rtcp, [RTCP]);
      assert.ok(peer.send(RTP));
      assert.deepEqual(await udp.next(), RTP);
    });

    it('gives DTLS to the association and its answers to the peer', async () => {
      await using fixture = await TransportFixture.start();
      const { peer } = fixture.create();
      const udp = await fixture.udpPeer();
      await udp.check(peer);
      udp.send(Uint8Array.of(22, 1, 2, 3));
      udp.send(RTP);
      await udp.check(peer);
      assert.deepEqual(fixture.dtls.received, [Uint8Array.of(22, 1, 2, 3)]);
      fixture.dtls.callbacks?.send(Uint8Array.of(22, 9));
      assert.deepEqual(await udp.next(), Uint8Array.of(22, 9));
    });

    it('ignores and counts what comes from strangers', async () => {
      await using fixture = await TransportFixture.start();
      const { session, peer, udp } = await fixture.connectedPeer();
      const stranger = await fixture.udpPeer();
      stranger.send(RTP);
      stranger.send(Uint8Array.of(22, 0));
      stranger.send(Uint8Array.of(77));
      await stranger.check(peer, { password: 'wrong' });
      await udp.check(peer);
      assert.equal(fixture.transport.counters.unknownSender, 2);
      assert.equal(fixture.transport.counters.unknownKind, 1);
      assert.deepEqual(session.rtp, []);
    });

    it('completes a real DTLS handshake over UDP', async () => {
      const identity = await createClientIdentity();
      const limits = { maxHandshakes: 4, handshakeTimeoutMs: 10_000 };
      const factory = await WeriftDtlsFactory.create(new FakeClock(), limits);
      await using fixture = new TransportFixture({}, factory);
      await fixture.transport.start();
      const session = new RecordingSession();
      const peer = fixture.transport.create(
        { remoteFingerprints: [identity.fingerprint], profiles: [7, 1] },
        session.callbacks,
      );
      const udp = await fixture.udpPeer();
      await udp.check(peer);
      const transport = {
        type: 'udp',
        address: { address: '', family: 'IPv4', port: 0 },
        closed: false,
        onData: (bytes: Buffer, from: readonly [string, number]) =>
          assert.fail(String([bytes, from])),
        send: (bytes: Uint8Array) => {
          udp.send(bytes);
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      };
      const client = new DtlsClient({
        transport,
        cert: identity.certPem,
        key: identity.keyPem,
        signatureHash: { hash: HashAlgorithm.sha256_4, signature: SignatureAlgorithm.ecdsa_3 },
        srtpProfiles: [7],
        extendedMasterSecret: true,
      });
      udp.socket.on('message', (bytes) => transport.onData(bytes, ['', 0]));
      const connected = client.onConnect.asPromise();
      void client.connect();
      await connected;
      assert.equal(peer.state, 'connected');
      assert.equal(session.connected?.keys.profile, 7);
      const { localKey } = client.extractSessionKeys(16, 12);
      assert.deepEqual([...session.connected.keys.remote.key], [...localKey]);
    });
  });

  describe('a viewer that moves', () => {
    it('is followed to its new address after a nominating check', async () => {
      await using fixture = await TransportFixture.start();
      const { session, peer, udp } = await fixture.connectedPeer();
      const moved = await fixture.udpPeer();
      await moved.check(peer);
      assert.deepEqual(
        session.addresses.map((address) => address.port),
        [moved.port],
      );
      peer.send(RTP);
      assert.deepEqual(await moved.next(), RTP);
      assert.notEqual(moved.port, udp.port);
    });

    it('is followed without nomination when the old address is silent', async () => {
      await using fixture = await TransportFixture.start();
      const { session, peer } = await fixture.connectedPeer();
      const moved = await fixture.udpPeer();
      await moved.check(peer, { isNominating: false });
      assert.equal(session.addresses.length, 0);
      fixture.clock.advance(5_500);
      await moved.check(peer, { isNominating: false });
      assert.equal(session.addresses.length, 1);
    });

    it('may restart ICE: old credentials end with the first check on the new ones', async () => {
      await using fixture = await TransportFixture.start();
      const { peer, udp } = await fixture.connectedPeer();
      const old = peer.localCredentials;
      const fresh = peer.restartIce('other');
      const withOld = bindingRequest({ username: `${old.ufrag}:remote`, password: old.password });
      const withNew = bindingRequest({
        username: `${fresh.ufrag}:other`,
        password: fresh.password,
      });
      udp.send(withOld);
      assert.ok(parseResponse(await udp.next(), old.password)?.isAuthentic);
      udp.send(withNew);
      assert.ok(parseResponse(await udp.next(), fresh.password)?.isAuthentic);
      udp.send(withOld);
      udp.send(withNew);
      assert.ok(parseResponse(await udp.next(), fresh.password)?.isAuthentic);
      assert.equal(fixture.transport.counters.stunUnknownUfrag, 1);
      assert.equal(peer.state, 'connected');
    });
  });

  describe('the end of a peer', () => {
    it('notices a vanished viewer within 10 seconds', async () => {
      await using fixture = await TransportFixture.start();
      const { session, peer } = await fixture.connectedPeer();
      fixture.clock.advance(8_900);
      assert.equal(session.ends.length, 0);
      fixture.clock.advance(1_100);
      assert.deepEqual(
        session.ends.map((end) => [end.state, end.code]),
        [['closed', 'silent']],
      );
      assert.equal(peer.state, 'closed');
      assert.equal(fixture.transport.peerCount, 0);
      assert.equal(fixture.transport.pathCount, 0);
      assert.equal(fixture.dtls.closed, 1);
      assert.equal(fixture.transport.counters.peersVanished, 1);
    });

    it('lets RTCP alone keep a viewer alive', async () => {
      await using fixture = await TransportFixture.start();
      const { session, udp } = await fixture.connectedPeer();
      for (let round = 0; round < 4; round++) {
        fixture.clock.advance(6_000);
        udp.send(RTCP);
        // Answered after the RTCP was read: one socket, one order.
        await (await fixture.udpPeer()).check(fixture.create().peer);
      }
      assert.equal(session.ends.length, 0);
      assert.equal(session.rtcp.length, 4);
    });

    it('says what was missing when the time to connect is over', async () => {
      await using fixture = await TransportFixture.start();
      const mute = fixture.create();
      const checked = fixture.create();
      const udp = await fixture.udpPeer();
      await udp.check(checked.peer);
      fixture.clock.advance(10_500);
      assert.match(mute.session.ends[0]?.message ?? '', /no connectivity check arrived/u);
      assert.match(checked.session.ends[0]?.message ?? '', /no DTLS handshake with udp\/127/u);
      assert.equal(mute.session.ends[0]?.code, 'connect-timeout');
      assert.equal(fixture.transport.counters.peersFailed, 2);
    });

    it('frees 2,000 peers that never connect', async () => {
      await using fixture = await TransportFixture.start();
      const sessions = Array.from({ length: 2_000 }, () => fixture.create());
      assert.equal(fixture.transport.peerCount, 2_000);
      assert.equal(fixture.clock.pendingTimers, 1);
      fixture.clock.advance(11_000);
      assert.equal(fixture.transport.peerCount, 0);
      assert.ok(sessions.every(({ session }) => session.ends.length === 1));
    });

    it('passes on why DTLS failed or closed', async () => {
      await using fixture = await TransportFixture.start();
      const failed = fixture.create();
      fixture.dtls.callbacks?.onFailed('fingerprint-mismatch', 'wrong certificate');
      assert.deepEqual(failed.session.ends, [
        { state: 'failed', code: 'fingerprint-mismatch', message: 'wrong certificate' },
      ]);
      const closed = await fixture.connectedPeer();
      fixture.dtls.callbacks?.onClosed();
      assert.equal(closed.session.ends[0]?.code, 'close-notify');
    });

    it('tells nobody of a local close() and sends nothing more', async () => {
      await using fixture = await TransportFixture.start();
      const { session, peer } = await fixture.connectedPeer();
      peer.close();
      peer.close();
      assert.equal(fixture.dtls.closed, 1);
      assert.equal(session.ends.length, 0);
      assert.ok(!peer.send(RTP));
      fixture.dtls.callbacks?.onConnected(FAKE_KEYS);
      assert.equal(peer.state, 'closed');
      assert.deepEqual(peer.restartIce('other'), peer.localCredentials);
    });

    it('closes everything on close()', async () => {
      const fixture = await TransportFixture.start();
      const { peer, session } = await fixture.connectedPeer();
      await fixture.transport.close();
      await fixture.transport.close();
      assert.equal(peer.state, 'closed');
      assert.equal(session.ends.length, 0);
      assert.equal(fixture.clock.pendingTimers, 0);
      await fixture[Symbol.asyncDispose]();
    });
  });

  it('refuses more peers than the limit', async () => {
    await using fixture = await TransportFixture.start({ maxPeers: 1 });
    fixture.create();
    assert.throws(
      () => fixture.create(),
      (error) => error instanceof MediaError && error.kind === 'resource-exhausted',
    );
  });
});
