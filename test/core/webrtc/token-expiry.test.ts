// Tests of WebRTC sessions whose token expires, from the answer of the gate to the end of the session.
import assert from 'node:assert/strict';
import { ConfiguredIceServers } from '../../../core/webrtc/configured-ice-servers.ts';
import { signalingRoutes } from '../../../core/webrtc/signaling-routes.ts';
import { httpRequest } from '../../support/http-client.ts';
import { startListener } from '../http/listener-fixture.ts';
import { ManagerFixture } from './manager-fixture.ts';
import { publisherOffer, viewerOffer } from './sample-offers.ts';
import { SDP } from './signaling-fixture.ts';
import { VP8 } from './sample-stream.ts';

const LIFETIME_MS = 30_000;

/** Posts an offer whose sender is let in for `lifetimeMs`. */
async function post(
  fixture: ManagerFixture,
  { path, offer, lifetimeMs }: { path: string; offer: string; lifetimeMs: number | undefined },
): Promise<void> {
  const { manager, pathManager, clock } = fixture;
  const iceServers = new ConfiguredIceServers(clock, []);
  await using listener = await startListener({
    routes: signalingRoutes({ manager, pathManager, iceServers }),
    access: () =>
      Promise.resolve({
        user: 'ann',
        expiresAt: lifetimeMs === undefined ? undefined : clock.nowMs() + lifetimeMs,
      }),
  });
  const { port } = listener;
  const reply = await httpRequest({ port, method: 'POST', path, body: offer, headers: SDP });
  assert.equal(reply.status, 201, reply.body);
}

function assertEnded(fixture: ManagerFixture): void {
  assert.equal(fixture.manager.count, 0);
  assert.equal(fixture.sessions.count, 0);
  assert.equal(fixture.peer.closeCount, 1);
  assert.equal(fixture.lastLog, 'closed: the token has expired');
}

describe('a WebRTC session whose token expires', () => {
  const viewer = { path: '/cam/whep', offer: viewerOffer() };
  const publisher = { path: '/mine/whip', offer: publisherOffer(['vp8']) };

  it('ends when it watches, connected or not', async () => {
    for (const isConnected of [true, false]) {
      const fixture = new ManagerFixture();
      fixture.publish([VP8]);
      await post(fixture, { ...viewer, lifetimeMs: LIFETIME_MS });
      if (isConnected) fixture.peer.connect();
      fixture.clock.advance(LIFETIME_MS - 1);
      assert.equal(fixture.manager.count, 1);
      fixture.clock.advance(1000);
      assertEnded(fixture);
      assert.equal(fixture.readersOf('cam'), 0);
    }
  });

  it('ends when it publishes, before media came too', async () => {
    const fixture = new ManagerFixture();
    await post(fixture, { ...publisher, lifetimeMs: LIFETIME_MS });
    fixture.clock.advance(LIFETIME_MS - 1);
    assert.equal(fixture.manager.count, 1);
    fixture.clock.advance(1000);
    assertEnded(fixture);
  });

  it('goes on without one', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([VP8]);
    await post(fixture, { ...viewer, lifetimeMs: undefined });
    fixture.clock.advance(24 * 3_600_000);
    assert.equal(fixture.manager.count, 1);
  });
});
