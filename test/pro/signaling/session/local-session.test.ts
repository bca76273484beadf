// Tests of sessions of this server as dialects see them, in both directions.
import assert from 'node:assert/strict';
import { MediaError } from '../../../../core/base/media-error.ts';
import { openLocalSession } from '../../../../pro/signaling/session/local-session.ts';
import { SignalingSessions } from '../../../../pro/signaling/session/signaling-sessions.ts';
import { ManagerFixture } from '../../../core/webrtc/manager-fixture.ts';
import { publisherOffer, viewerOffer } from '../../../core/webrtc/sample-offers.ts';
import { H264 } from '../../../core/webrtc/sample-stream.ts';

describe('openLocalSession()', () => {
  it('lets somebody publish', async () => {
    const core = new ManagerFixture();
    const request = core.request(publisherOffer());
    const session = await openLocalSession(core.manager, 'publish', request);
    assert.match(session.answer, /a=recvonly/u);
    assert.deepEqual(core.manager.counts, { viewers: 0, publishers: 1, connected: 0 });
    session.close();
    assert.equal(session.isAlive, false);
  });

  it('sees whether the other end is heard', async () => {
    const core = new ManagerFixture();
    core.publish([H264]);
    const session = await openLocalSession(core.manager, 'read', core.request(viewerOffer()));
    core.peer.bytesReceived = 50;
    assert.deepEqual([session.isAlive, session.activity], [true, 0]);
    core.peer.connect();
    assert.equal(session.activity, 50);
    assert.deepEqual(await session.localCandidates(), [
      'candidate:1 1 udp 2130706431 127.0.0.1 8189 typ host',
    ]);
    core.peer.end();
    assert.deepEqual([session.isAlive, session.activity], [false, 0]);
  });
});

describe('SignalingSessions', () => {
  it('closes what opens while it is closing', async () => {
    const core = new ManagerFixture();
    core.publish([H264]);
    const { clock, logger, manager } = core;
    const sessions = new SignalingSessions(
      { clock, logger },
      { idleTimeoutMs: 1, sweepPeriodMs: 1, idleCountsMedia: true, maxSessions: 1 },
    );
    const request = core.request(viewerOffer());
    const opening = sessions.create('a', () => openLocalSession(manager, 'read', request));
    await assert.rejects(
      sessions.create('a', () => openLocalSession(manager, 'read', request)),
      { code: 'too-many-sessions' },
    );
    sessions.closeAll(new MediaError('unavailable', 'server-stopping', 'stopping'));
    await assert.rejects(opening, { code: 'server-stopping' });
    assert.equal(manager.count, 0);
  });
});
