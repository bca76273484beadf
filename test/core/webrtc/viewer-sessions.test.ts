// Tests of viewers under the session manager: what is refused, what is freed, what follows a connection.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import { httpStatusOf } from '../../../core/base/error-status.ts';
import { deriveSrtpKeys } from '../../../core/egress/srtp-key-derivation.ts';
import { SrtcpProtector } from '../../../core/egress/srtcp-protector.ts';
import { SrtpWorkspace } from '../../../core/egress/srtp-workspace.ts';
import { writeNack, writePictureLoss } from '../../../core/rtp/rtcp-writer.ts';
import { createPeerAddress } from '../../../core/webrtc/transport/peer-address.ts';
import { keysOf, ManagerFixture } from './manager-fixture.ts';
import {
  audioSection,
  offerOf,
  OFFER_FINGERPRINT,
  OFFER_UFRAG,
  videoSection,
  viewerOffer,
} from './sample-offers.ts';
import {
  AAC,
  H264,
  H265,
  OPUS,
  rtpPacket,
  VP8,
  VP8_DELTA_FRAME,
  VP8_KEY_FRAME,
} from './sample-stream.ts';

async function refusal(creating: Promise<unknown>): Promise<string> {
  try {
    await creating;
  } catch (thrown) {
    assert.ok(thrown instanceof MediaError, String(thrown));
    return `${httpStatusOf(thrown)} ${thrown.code}`;
  }
  assert.fail('the viewer was let in');
}

/** Nothing of a viewer is left. */
function assertFreed(fixture: ManagerFixture, path = 'cam'): void {
  assert.equal(fixture.manager.count, 0);
  assert.equal(fixture.sessions.count, 0);
  assert.equal(fixture.readersOf(path), 0);
  assert.deepEqual([fixture.engine.tracks.size, fixture.engine.viewers.size], [0, 0]);
  assert.equal(fixture.transcoders.shares, 0);
}

describe('signalling between an answer and the end', () => {
  it('sees sessions by their secret, and their number', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([H264]);
    const { id, secret } = await fixture.watch(viewerOffer());
    assert.deepEqual(fixture.manager.counts, { viewers: 1, publishers: 0, connected: 0 });
    fixture.peer.connect();
    fixture.peer.bytesReceived = 70;
    const view = fixture.manager.find(secret);
    assert.deepEqual([view?.id, view?.path, view?.isConnected], [id, 'cam', true]);
    assert.equal(view?.remoteCandidate, 'prflx/udp/127.0.0.1/50000');
    assert.equal(view.stats()['inboundBytes'], 70);
    assert.equal(fixture.manager.counts.connected, 1);
    assert.equal(fixture.manager.find(id), undefined);
    fixture.peer.end();
    assert.equal(fixture.manager.find(secret), undefined);
    assert.deepEqual(fixture.manager.counts, { viewers: 0, publishers: 0, connected: 0 });
  });

  it('takes candidates in any spelling and refuses what is none', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([H264]);
    const { secret } = await fixture.watch(viewerOffer());
    for (const candidate of [
      'candidate:1 1 UDP 2130706431 192.168.1.100 54321 typ host',
      'a=candidate:2 1 tcp 1518280447 abc.local 9 typ host tcptype active generation 0',
      '',
    ]) {
      fixture.manager.addCandidate(secret, candidate);
    }
    const refused = { code: 'invalid-candidate', kind: 'invalid-argument' };
    assert.throws(() => fixture.manager.addCandidate(secret, 'candidate:1 1 UDP'), refused);
    assert.throws(() => fixture.manager.addCandidate('nobody', ''), { kind: 'not-found' });
  });
});

describe('a viewer', () => {
  it('gets an answer, an id for the API and a secret of its own', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([H264, OPUS]);
    const { id, secret, answer, skipped } = await fixture.watch(viewerOffer());
    assert.match(answer, /a=ice-lite[\s\S]*a=ice-ufrag:ours\r[\s\S]*a=fingerprint:sha-256 AB:CD/u);
    assert.notEqual(id, secret);
    assert.deepEqual(skipped, []);
    assert.equal(fixture.manager.idOf(secret), id);
    assert.equal(fixture.sessions.get(id)?.path, 'cam');
    assert.equal(fixture.sessions.get(secret), undefined);
    assert.deepEqual(fixture.peer.options, {
      remoteUfrag: OFFER_UFRAG,
      remoteFingerprints: [{ algorithm: 'sha-256', value: OFFER_FINGERPRINT }],
      profiles: [1, 7],
    });
  });

  it('is listed with what the client said and where it is', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([VP8]);
    const { id } = await fixture.watch(viewerOffer());
    const session = fixture.sessions.get(id);
    assert.ok(session);
    const { type, state, user, query, userAgent, remoteAddress } = session;
    assert.deepEqual(
      { type, state, user, query, userAgent, remoteAddress },
      {
        ...{ type: 'webRTCSession', state: 'read', user: 'ann', query: 'a=b', userAgent: 'test' },
        remoteAddress: '192.0.2.9',
      },
    );
    fixture.peer.connect();
    assert.equal(session.remoteAddress, '127.0.0.1:50000');
    fixture.peer.selectedAddress = createPeerAddress('::1', 7);
    assert.equal(session.remoteAddress, '[::1]:7');
  });

  it('gets media once the handshake is done, with the keys of our direction', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([VP8, OPUS]);
    const { answer } = await fixture.watch(viewerOffer());
    assert.equal(fixture.engine.viewers.size, 0);
    fixture.peer.connect(7);
    const [video, audio] = [...fixture.engine.viewers.values()];
    assert.deepEqual([video?.payloadType, video?.rtx?.payloadType, video?.profile], [96, 97, 7]);
    assert.deepEqual([audio?.payloadType, audio?.rtx], [111, undefined]);
    assert.deepEqual([video?.masterKey[0], video?.masterSalt[0]], [1, 2]);
    assert.match(answer, new RegExp(`a=ssrc-group:FID ${video?.ssrc} ${video?.rtx?.ssrc}\r`, 'u'));
    assert.match(fixture.lastLog, /is reading from path 'cam', 2 tracks \(VP8, Opus\)/u);
  });

  it('shares the engine tracks of a stream with all others', async () => {
    const fixture = new ManagerFixture();
    const { writer } = fixture.publish([VP8]);
    const secrets: string[] = [];
    for (let number = 0; number < 3; number++) {
      secrets.push((await fixture.watch(viewerOffer())).secret);
      fixture.peer.connect();
    }
    assert.deepEqual([fixture.engine.tracks.size, fixture.engine.viewers.size], [1, 3]);
    const payload = VP8_KEY_FRAME;
    writer.writeRtp(0, rtpPacket({ payloadType: 96, sequence: 1, payload, isMarked: true }));
    writer.publish();
    assert.equal(fixture.engine.published, 1);
    for (const secret of secrets) {
      assert.equal(fixture.engine.tracks.size, 1);
      fixture.manager.close(secret);
    }
    assertFreed(fixture);
  });

  it('is refused with the status that tells why, and leaves nothing behind', async () => {
    const fixture = new ManagerFixture('{ cam: { maxReaders: 1 }, all_others: {} }');
    assert.equal(await refusal(fixture.watch(viewerOffer())), '404 no-stream');
    fixture.publish([H265, OPUS]);
    assert.equal(await refusal(fixture.watch(viewerOffer())), '400 codec-not-offered');
    assert.equal(await refusal(fixture.watch('v=0\r\n')), '400 offer-without-media');
    fixture.transcoders.isOn = true;
    assert.equal(await refusal(fixture.watch(viewerOffer())), '400 codec-not-offered');
    assertFreed(fixture);
    fixture.transport.failure = new MediaError('resource-exhausted', 'too-many-peers', 'full');
    assert.equal(await refusal(fixture.watch(offerOf(audioSection()))), '429 too-many-peers');
    assertFreed(fixture);
    fixture.transport.failure = undefined;
    await fixture.watch(offerOf(audioSection()));
    assert.equal(await refusal(fixture.watch(offerOf(audioSection()))), '429 max-readers');
    assert.equal(fixture.readersOf('cam'), 1);
  });

  it('is refused while the server has no address to offer', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([VP8]);
    fixture.candidates = [];
    assert.equal(await refusal(fixture.watch(viewerOffer())), '503 no-ice-candidates');
    assertFreed(fixture);
  });

  it('is refused when the manager closed while it waited', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([VP8]);
    const waiting = fixture.watch(viewerOffer());
    fixture.manager.closeAll(new MediaError('unavailable', 'server-stopping', 'stopping'));
    assert.equal(await refusal(waiting), '503 server-stopping');
    assertFreed(fixture);
  });

  it('hears AAC as Opus beside the video, and gives its share back', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([VP8, AAC]);
    fixture.transcoders.isOn = true;
    const { skipped, secret } = await fixture.watch(viewerOffer());
    assert.deepEqual(skipped, []);
    fixture.peer.connect();
    assert.deepEqual(
      [...fixture.engine.viewers.values()].map(({ payloadType }) => payloadType),
      [96, 111],
    );
    assert.equal(fixture.transcoders.shares, 1);
    const videoOnly = await fixture.watch(offerOf(videoSection()));
    assert.equal(fixture.transcoders.shares, 1);
    const audioOnly = await fixture.watch(offerOf(audioSection()));
    assert.equal(fixture.transcoders.shares, 2);
    for (const each of [secret, videoOnly.secret, audioOnly.secret]) fixture.manager.close(each);
    assertFreed(fixture);
  });

  it('is told which track it does not get', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([VP8, AAC]);
    const { skipped } = await fixture.watch(viewerOffer());
    assert.deepEqual(
      skipped.map(({ code }) => code),
      ['needs-transcoding'],
    );
    assert.ok(fixture.logger.lines.some(({ message }) => /skipping track.*AAC/u.test(message)));
  });

  it('ends with its stream, and frees everything', async () => {
    const fixture = new ManagerFixture('{ all_others: { publisherHoldTime: 0s } }');
    const lease = fixture.publish([VP8]);
    await fixture.watch(viewerOffer());
    fixture.peer.connect();
    lease.close();
    assert.ok(
      fixture.logger.lines.some(({ message }) => /^closed: the stream of path/u.test(message)),
    );
    assert.equal(fixture.peer.closeCount, 1);
    assertFreed(fixture);
  });

  it('says BYE when it is closed from our side', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([VP8]);
    const { id } = await fixture.watch(viewerOffer());
    fixture.peer.connect();
    fixture.sessions.kick(id);
    assert.deepEqual(
      fixture.engine.rtcp.map(([, bytes]) => bytes.at(-7)),
      [203],
    );
    assertFreed(fixture);
  });

  it('ends when its peer is gone, before or after it connected', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([VP8]);
    await fixture.watch(viewerOffer());
    fixture.peer.end('failed', 'deadline exceeded while waiting connection: no check arrived');
    assert.match(fixture.lastLog, /^closed: deadline exceeded while waiting connection/u);
    assertFreed(fixture);
    await fixture.watch(viewerOffer());
    fixture.peer.connect();
    fixture.peer.end();
    fixture.peer.end();
    assertFreed(fixture);
  });

  it('may be deleted once more by a client that closed its connection first, but only once', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([VP8]);
    const { secret } = await fixture.watch(viewerOffer());
    fixture.peer.connect();
    fixture.peer.end();
    fixture.manager.close(secret);
    assert.throws(() => fixture.manager.close(secret), { code: 'session-not-found' });
  });

  it('is not found by its public id, nor twice by its secret', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([VP8]);
    const { id, secret } = await fixture.watch(viewerOffer());
    assert.throws(() => fixture.manager.close(id), { kind: 'not-found' });
    fixture.manager.close(secret);
    assert.throws(() => fixture.manager.close(secret), { kind: 'not-found' });
    assert.throws(() => fixture.manager.restartIce(secret, 'x'), { kind: 'not-found' });
    assertFreed(fixture);
  });

  it('restarts ICE with new credentials', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([VP8]);
    const { secret } = await fixture.watch(viewerOffer());
    assert.equal(fixture.manager.isCurrentUfrag(secret, OFFER_UFRAG), true);
    assert.equal(fixture.manager.isCurrentUfrag(secret, 'fresh'), false);
    assert.equal(fixture.manager.restartIce(secret, 'fresh').ufrag, 'ours1');
    assert.deepEqual(fixture.peer.restarts, ['fresh']);
    assert.equal(fixture.manager.isCurrentUfrag(secret, 'fresh'), true);
  });

  it('is followed to another address', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([VP8, OPUS]);
    await fixture.watch(viewerOffer());
    fixture.peer.connect();
    const address = createPeerAddress('127.0.0.2', 6000);
    fixture.peer.callbacks.onAddressChanged(address);
    assert.deepEqual(
      fixture.engine.addresses.map(([, to]) => to),
      [address, address],
    );
  });

  it('gets reports once a second; viewers take turns within it', async () => {
    const fixture = new ManagerFixture();
    const { writer } = fixture.publish([VP8]);
    writer.writeRtp(
      0,
      rtpPacket({ payloadType: 96, sequence: 1, payload: VP8_KEY_FRAME, isMarked: true }),
    );
    fixture.engine.counters = { hasStarted: true };
    for (let number = 0; number < 20; number++) {
      await fixture.watch(viewerOffer());
      fixture.peer.connect();
    }
    const perTick: number[] = [];
    for (let tick = 0; tick < 20; tick++) {
      fixture.clock.advance(100);
      perTick.push(fixture.engine.rtcp.splice(0).length);
    }
    assert.deepEqual(
      perTick,
      Array.from({ length: 20 }, () => 2),
    );
  });

  it('is closed with a reason when B-frames turn up', async () => {
    const fixture = new ManagerFixture();
    const { writer } = fixture.publish([H264]);
    await fixture.watch(viewerOffer());
    fixture.peer.connect();
    for (const [sequence, ticks] of [0, 6000, 3000, 12000, 9000, 18000, 15000].entries()) {
      const payload = Uint8Array.of(0x41, 0x9a, 0x22, 0x33);
      writer.writeRtp(0, rtpPacket({ payloadType: 96, sequence, ticks, payload, isMarked: true }));
    }
    fixture.clock.advance(1000);
    assert.match(fixture.lastLog, /^closed: H264 with B-frames can't be played by browsers/u);
    assertFreed(fixture);
  });

  it('stays when the camera corrects its clock', async () => {
    const fixture = new ManagerFixture();
    const { writer } = fixture.publish([H264]);
    await fixture.watch(viewerOffer());
    fixture.peer.connect();
    for (const [sequence, ticks] of [0, 3600, 7200, 5400, 9000, 12_600].entries()) {
      const payload = Uint8Array.of(0x41, 0x9a, 0x22, 0x33);
      writer.writeRtp(0, rtpPacket({ payloadType: 96, sequence, ticks, payload, isMarked: true }));
    }
    fixture.clock.advance(2000);
    assert.equal(fixture.manager.count, 1);
  });

  it('is heard: NACK and PLI in one packet, and once only', async () => {
    const fixture = new ManagerFixture();
    fixture.publish([VP8]);
    await fixture.watch(viewerOffer());
    fixture.peer.connect();
    const [[handle, viewer] = []] = [...fixture.engine.viewers];
    assert.ok(viewer);
    const { profile, remote } = keysOf();
    const keys = deriveSrtpKeys({ profile, masterKey: remote.key, masterSalt: remote.salt });
    const protector = new SrtcpProtector(keys, new SrtpWorkspace());
    const compound = new Uint8Array(100);
    const feedback = { senderSsrc: 1, mediaSsrc: viewer.ssrc };
    let end = writePictureLoss(compound, 0, feedback);
    end = writeNack(compound, end, { ...feedback, sequenceNumbers: [7, 9], count: 2 });
    const packet = protector.protect(compound.subarray(0, end));
    assert.ok(packet);
    fixture.peer.callbacks.onRtcp(packet);
    assert.equal(fixture.keyFrameRequests, 1);
    assert.deepEqual(fixture.engine.retransmissions, [[handle, [7, 9]]]);
    fixture.peer.callbacks.onRtcp(packet);
    assert.equal(fixture.engine.retransmissions.length, 1);
  });

  it('stays while its camera restarts', async () => {
    const fixture = new ManagerFixture();
    const camera = fixture.publish([VP8]);
    await fixture.watch(viewerOffer());
    fixture.peer.connect();
    camera.close();
    fixture.clock.advance(3000);
    const { writer } = fixture.publish([VP8]);
    const payload = VP8_DELTA_FRAME;
    writer.writeRtp(0, rtpPacket({ payloadType: 96, sequence: 1, payload, isMarked: true }));
    writer.publish();
    assert.equal(fixture.manager.count, 1);
    assert.equal(fixture.engine.published, 1);
  });
});
