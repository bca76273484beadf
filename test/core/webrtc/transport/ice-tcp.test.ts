// Tests of ICE-TCP over real loopback connections.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { parseResponse } from './stun-request.ts';
import { checkFor, FAKE_KEYS, TcpPeer, TransportFixture } from './transport-fixture.ts';

const TCP = { tcpAddress: '127.0.0.1:0' };
const RTP = Uint8Array.of(0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1);

describe('ICE-TCP', () => {
  it('answers a check that comes byte by byte, and carries media both ways', async () => {
    await using fixture = await TransportFixture.start(TCP);
    const { session, peer } = fixture.create();
    const tcp = await fixture.tcpPeer();
    tcp.socket.setNoDelay(true);
    for (const byte of TcpPeer.frame(checkFor(peer))) tcp.socket.write(Uint8Array.of(byte));
    const response = parseResponse(await tcp.next(), peer.localCredentials.password);
    assert.ok(response?.isAuthentic);
    assert.match(peer.remoteCandidate, /^prflx\/tcp\/127\.0\.0\.1\/\d+$/u);
    assert.equal(peer.localCandidate, `host/tcp/127.0.0.1/${fixture.transport.ports.tcpPort}`);
    fixture.dtls.callbacks?.onConnected(FAKE_KEYS);
    peer.send(RTP);
    peer.send(RTP);
    assert.deepEqual(await tcp.next(), RTP);
    assert.deepEqual(await tcp.next(), RTP);
    tcp.send(RTP);
    tcp.send(checkFor(peer));
    await tcp.next();
    assert.deepEqual(session.rtp, [RTP]);
  });

  it('closes a connection without a valid check after 10 seconds', async () => {
    await using fixture = await TransportFixture.start(TCP);
    const { peer } = fixture.create();
    const tcp = await fixture.tcpPeer();
    tcp.send(checkFor(peer, { password: 'wrong' }));
    await tcp.next();
    fixture.clock.advance(10_000);
    await tcp.closed;
    assert.equal(fixture.transport.counters.tcpTimedOut, 1);
  });

  it('closes an authenticated connection that fell silent', async () => {
    await using fixture = await TransportFixture.start({ ...TCP, silenceTimeoutMs: 1e9 });
    const { peer } = fixture.create();
    const tcp = await fixture.tcpPeer();
    tcp.send(checkFor(peer));
    await tcp.next();
    fixture.dtls.callbacks?.onConnected(FAKE_KEYS);
    fixture.clock.advance(30_000);
    assert.equal(fixture.transport.counters.tcpTimedOut, 0);
    fixture.clock.advance(500);
    await tcp.closed;
    assert.equal(fixture.transport.counters.tcpTimedOut, 1);
  });

  it('closes the connection with its peer', async () => {
    await using fixture = await TransportFixture.start(TCP);
    const { peer } = fixture.create();
    const tcp = await fixture.tcpPeer();
    tcp.send(checkFor(peer));
    await tcp.next();
    peer.close();
    await tcp.closed;
    assert.equal(fixture.transport.pathCount, 0);
  });

  it('closes a connection that announces too long a frame', async () => {
    await using fixture = await TransportFixture.start({ ...TCP, maxTcpFrameBytes: 1_500 });
    const tcp = await fixture.tcpPeer();
    tcp.socket.write(Uint8Array.of(0x05, 0xdd));
    await tcp.closed;
  });

  it('refuses connections above the limit per address', async () => {
    await using fixture = await TransportFixture.start({ ...TCP, maxTcpConnectionsPerAddress: 2 });
    const first = await fixture.tcpPeer();
    await fixture.tcpPeer();
    const third = await fixture.tcpPeer();
    await third.closed;
    assert.equal(fixture.transport.counters.tcpRefused, 1);
    assert.equal(fixture.transport.tcpConnectionCount, 2);
    first.socket.destroy();
    await first.closed;
    const fourth = await fixture.tcpPeer();
    const { peer } = fixture.create();
    fourth.send(checkFor(peer));
    assert.ok(await fourth.next());
  });

  it('drops media while the viewer does not read, and resumes when it does', async () => {
    await using fixture = await TransportFixture.start({ ...TCP, maxTcpQueueBytes: 64 << 10 });
    const { peer } = fixture.create();
    const tcp = await fixture.tcpPeer();
    tcp.send(checkFor(peer));
    await tcp.next();
    tcp.socket.pause();
    const packet = new Uint8Array(1_200).fill(0x80);
    let sent = 0;
    // Kernel buffers take a few megabytes before the queue of 64 KiB fills.
    for (let batch = 0; batch < 2_000 && fixture.transport.counters.mediaDropped === 0; batch++) {
      for (let index = 0; index < 20; index++) sent += peer.send(packet) ? 1 : 0;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    assert.ok(fixture.transport.counters.mediaDropped > 0);
    tcp.socket.resume();
    for (let index = 0; index < sent; index++) assert.equal((await tcp.next()).length, 1_200);
    assert.ok(peer.send(packet));
    assert.deepEqual(await tcp.next(), packet);
  });

  it('falls back to UDP when the selected connection closes', async () => {
    await using fixture = await TransportFixture.start(TCP);
    const { session, peer } = fixture.create();
    const udp = await fixture.udpPeer();
    await udp.check(peer, { isNominating: false });
    const tcp = await fixture.tcpPeer();
    tcp.send(checkFor(peer));
    await tcp.next();
    fixture.dtls.callbacks?.onConnected(FAKE_KEYS);
    const changed = once(tcp.socket, 'close');
    tcp.socket.destroy();
    await changed;
    await udp.check(peer, { isNominating: false });
    assert.deepEqual(
      session.addresses.map((address) => address.port),
      [udp.port],
    );
    assert.ok(peer.send(RTP));
    assert.deepEqual(await udp.next(), RTP);
  });
});
