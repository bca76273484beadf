// Tests of WHIP publishers under the session manager: when they get into the path, and when they are closed.
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { MediaError } from '../../../core/base/media-error.ts';
import { deriveSrtpKeys } from '../../../core/egress/srtp-key-derivation.ts';
import { SrtcpProtector } from '../../../core/egress/srtcp-protector.ts';
import { SrtcpReceiver } from '../../../core/egress/srtcp-receiver.ts';
import { SrtpWorkspace } from '../../../core/egress/srtp-workspace.ts';
import { RtcpParser } from '../../../core/rtp/rtcp-parser.ts';
import { writeNack, writePictureLoss } from '../../../core/rtp/rtcp-writer.ts';
import { referenceProtectRtp } from '../egress/support/reference-srtp.ts';
import { RtcpRecorder } from '../rtp/rtcp-recorder.ts';
import { keysOf, ManagerFixture, type FakePeer } from './manager-fixture.ts';
import {
  audioSection,
  offerOf,
  publisherOffer,
  videoSection,
  viewerOffer,
} from './sample-offers.ts';
import {
  rtpPacket,
  VP8,
  VP8_DELTA_FRAME,
  VP8_KEY_FRAME,
  type PacketFields,
} from './sample-stream.ts';

const { profile, local, remote } = keysOf();
const remoteKeys = deriveSrtpKeys({ profile, masterKey: remote.key, masterSalt: remote.salt });
const localKeys = deriveSrtpKeys({ profile, masterKey: local.key, masterSalt: local.salt });
const VIDEO_ONLY = offerOf(videoSection({ direction: 'sendonly', formats: ['vp8'] }));

function send(peer: FakePeer, fields: PacketFields): void {
  const plain = Buffer.from(rtpPacket(fields));
  peer.callbacks.onRtp(referenceProtectRtp(remoteKeys, plain, fields.sequence));
}

function sendVideo(peer: FakePeer, sequence: number, payload = VP8_DELTA_FRAME): void {
  const fields = { payloadType: 96, ssrc: 0x1111, ticks: sequence * 3000, isMarked: true };
  send(peer, { ...fields, sequence, payload });
}

function sendAudio(peer: FakePeer, sequence: number): void {
  const payload = Uint8Array.of(0x78, 1, 2);
  send(peer, { payloadType: 111, ssrc: 0x2222, ticks: sequence * 960, sequence, payload });
}

/** RTCP that the publisher's browser got, by its first packet's events. */
function feedbackTo(peer: FakePeer): string[] {
  const receiver = new SrtcpReceiver(localKeys, new SrtpWorkspace());
  return peer.sent.splice(0).flatMap((bytes) => {
    const recorder = new RtcpRecorder();
    const plain = receiver.unprotect(bytes);
    assert.ok(plain);
    new RtcpParser().parse(plain, recorder);
    return recorder.records.map(([event]) => event);
  });
}

async function publish(
  fixture: ManagerFixture,
  offer = publisherOffer(['vp8']),
): Promise<{ readonly peer: FakePeer; readonly secret: string; readonly id: string }> {
  const { secret, id } = await fixture.manager.createPublisher(fixture.request(offer));
  return { peer: fixture.peer, secret, id };
}

function codecsOf(fixture: ManagerFixture): string[] | undefined {
  return fixture.pathManager.get('cam')?.stream?.tracks.map(({ codec }) => codec.name);
}

describe('a WHIP publisher', () => {
  it('gets into the path when both tracks have sent, with what came before', async () => {
    const fixture = new ManagerFixture();
    const { peer, id } = await publish(fixture);
    assert.equal(codecsOf(fixture), undefined);
    peer.connect();
    sendVideo(peer, 1, VP8_KEY_FRAME);
    sendVideo(peer, 2);
    assert.equal(codecsOf(fixture), undefined);
    sendAudio(peer, 1);
    assert.deepEqual(codecsOf(fixture), ['VP8', 'Opus']);
    const stream = fixture.pathManager.get('cam')?.stream;
    assert.deepEqual(
      stream?.tracks.map(({ stats }) => stats.packetsReceived),
      [2, 1],
    );
    assert.equal(fixture.pathManager.get('cam')?.origin?.id, id);
    assert.match(
      fixture.logger.lines.map(({ message }) => message).join('\n'),
      /is publishing to path 'cam', 2 tracks \(VP8, Opus\)/u,
    );
    fixture.clock.advance(10_000);
    assert.equal(fixture.manager.count, 1);
  });

  it('gets in with the one track that sends, after the gather time', async () => {
    const fixture = new ManagerFixture();
    const { peer } = await publish(fixture);
    peer.connect();
    sendVideo(peer, 1, VP8_KEY_FRAME);
    fixture.clock.advance(1999);
    assert.equal(codecsOf(fixture), undefined);
    fixture.clock.advance(1);
    assert.deepEqual(codecsOf(fixture), ['VP8']);
    sendAudio(peer, 1);
    sendVideo(peer, 2);
    const [video] = fixture.pathManager.get('cam')?.stream?.tracks ?? [];
    assert.equal(video?.stats.packetsReceived, 2);
  });

  it('gets in at once with a single section', async () => {
    const fixture = new ManagerFixture();
    const { peer } = await publish(fixture, VIDEO_ONLY);
    peer.connect();
    sendVideo(peer, 1, VP8_KEY_FRAME);
    assert.deepEqual(codecsOf(fixture), ['VP8']);
  });

  it('is closed when nothing comes', async () => {
    const fixture = new ManagerFixture();
    const { peer } = await publish(fixture);
    peer.connect();
    fixture.clock.advance(2000);
    assert.match(fixture.lastLog, /^closed: no media came in time/u);
    assert.deepEqual([peer.closeCount, fixture.manager.count, fixture.sessions.count], [1, 0, 0]);
  });

  it('is closed when the path is taken and may not be taken over', async () => {
    const fixture = new ManagerFixture('{ all_others: { overridePublisher: false } }');
    const first = fixture.publish([VP8]);
    const { peer } = await publish(fixture, VIDEO_ONLY);
    peer.connect();
    sendVideo(peer, 1, VP8_KEY_FRAME);
    assert.match(fixture.lastLog, /^closed: someone is already publishing to path 'cam'/u);
    assert.equal(fixture.manager.count, 0);
    assert.equal(first.writer.isClosed, false);
  });

  it('takes over the path, and is taken over', async () => {
    const fixture = new ManagerFixture();
    const first = fixture.publish([VP8]);
    const second = await publish(fixture, VIDEO_ONLY);
    second.peer.connect();
    sendVideo(second.peer, 1, VP8_KEY_FRAME);
    assert.equal(first.writer.isClosed, true);
    fixture.publish([VP8]);
    assert.equal(second.peer.closeCount, 1);
    assert.equal(fixture.manager.count, 0);
  });

  it('frees the path when it leaves, whoever ends it', async () => {
    const fixture = new ManagerFixture('{ all_others: { publisherHoldTime: 0s } }');
    for (const end of ['delete', 'peer', 'kick'] as const) {
      const { peer, secret, id } = await publish(fixture, VIDEO_ONLY);
      peer.connect();
      sendVideo(peer, 1, VP8_KEY_FRAME);
      assert.deepEqual(codecsOf(fixture), ['VP8']);
      if (end === 'delete') fixture.manager.close(secret);
      if (end === 'peer') peer.end();
      if (end === 'kick') fixture.sessions.kick(id);
      assert.equal(codecsOf(fixture), undefined);
      assert.deepEqual([fixture.manager.count, peer.closeCount], [0, 1]);
    }
  });

  it('leaves no timer behind', async () => {
    const fixture = new ManagerFixture('{ all_others: { publisherHoldTime: 0s } }');
    const timers = fixture.clock.pendingTimers;
    const { peer, secret } = await publish(fixture, VIDEO_ONLY);
    peer.connect();
    sendVideo(peer, 1, VP8_KEY_FRAME);
    assert.ok(fixture.clock.pendingTimers > timers);
    fixture.manager.close(secret);
    assert.equal(fixture.clock.pendingTimers, timers);
  });

  it('wakes readers once for the packets of one turn of the event loop', async () => {
    const fixture = new ManagerFixture();
    const { peer } = await publish(fixture, VIDEO_ONLY);
    peer.connect();
    sendVideo(peer, 1, VP8_KEY_FRAME);
    await fixture.watch(viewerOffer());
    fixture.peer.connect();
    for (let sequence = 2; sequence < 10; sequence++) sendVideo(peer, sequence);
    assert.equal(fixture.engine.published, 0);
    await turn();
    assert.equal(fixture.engine.published, 1);
  });

  it('is asked for a key frame by its viewers, while their packet is still being read', async () => {
    const fixture = new ManagerFixture();
    const { peer } = await publish(fixture, VIDEO_ONLY);
    peer.connect();
    sendVideo(peer, 1, VP8_KEY_FRAME);
    peer.sent.length = 0;
    await fixture.watch(viewerOffer());
    fixture.peer.connect();
    const [[handle, viewer] = []] = [...fixture.engine.viewers];
    assert.ok(viewer);
    const feedback = { senderSsrc: 1, mediaSsrc: viewer.ssrc };
    const compound = new Uint8Array(100);
    let end = writePictureLoss(compound, 0, feedback);
    end = writeNack(compound, end, { ...feedback, sequenceNumbers: [7, 9], count: 2 });
    const protector = new SrtcpProtector(remoteKeys, new SrtpWorkspace());
    const packet = protector.protect(compound.subarray(0, end));
    assert.ok(packet);
    fixture.peer.callbacks.onRtcp(packet);
    assert.deepEqual(feedbackTo(peer), ['picture-loss']);
    // What follows the PLI in the same packet is still read.
    assert.deepEqual(fixture.engine.retransmissions, [[handle, [7, 9]]]);
  });

  it('is asked for its first key frame, once a second until it comes', async () => {
    const fixture = new ManagerFixture();
    const { peer } = await publish(fixture, VIDEO_ONLY);
    peer.connect();
    sendVideo(peer, 1);
    fixture.clock.advance(3000);
    const asked = feedbackTo(peer).filter((event) => event === 'picture-loss').length;
    assert.ok(asked >= 3 && asked <= 4, `${asked} requests`);
    sendVideo(peer, 2, VP8_KEY_FRAME);
    await turn();
    fixture.clock.advance(3000);
    assert.ok(!feedbackTo(peer).includes('picture-loss'));
  });

  it('is asked for its first key frame although its predecessor left one', async () => {
    const fixture = new ManagerFixture();
    const before = await publish(fixture, VIDEO_ONLY);
    before.peer.connect();
    sendVideo(before.peer, 1, VP8_KEY_FRAME);
    await turn();
    await fixture.watch(viewerOffer());
    const stream = fixture.pathManager.get('cam')?.stream;
    const { peer } = await publish(fixture, VIDEO_ONLY);
    peer.connect();
    sendVideo(peer, 100);
    assert.equal(fixture.pathManager.get('cam')?.stream, stream);
    fixture.clock.advance(3000);
    const asked = feedbackTo(peer).filter((event) => event === 'picture-loss').length;
    assert.ok(asked >= 2 && asked <= 4, `${asked} requests`);
    sendVideo(peer, 101, VP8_KEY_FRAME);
    await turn();
    feedbackTo(peer);
    fixture.clock.advance(3000);
    assert.ok(!feedbackTo(peer).includes('picture-loss'));
  });

  it('is asked for a key frame when packets stay lost', async () => {
    const fixture = new ManagerFixture();
    const { peer } = await publish(fixture, VIDEO_ONLY);
    peer.connect();
    sendVideo(peer, 1, VP8_KEY_FRAME);
    sendVideo(peer, 3);
    fixture.clock.advance(250);
    assert.ok(feedbackTo(peer).includes('picture-loss'));
  });

  it('restarts ICE, and is not found by others', async () => {
    const fixture = new ManagerFixture();
    const { secret, id, peer } = await publish(fixture);
    assert.equal(fixture.manager.restartIce(secret, 'fresh').ufrag, 'ours1');
    assert.deepEqual(peer.restarts, ['fresh']);
    assert.equal(fixture.manager.idOf(secret), id);
    assert.throws(() => fixture.manager.idOf(id), { code: 'session-not-found' });
  });

  it('takes no session after the manager closed', async () => {
    const fixture = new ManagerFixture();
    const { peer } = await publish(fixture);
    const waiting = fixture.manager.createPublisher(fixture.request(publisherOffer()));
    fixture.manager.closeAll(new MediaError('unavailable', 'server-stopping', 'stopping'));
    await assert.rejects(waiting, { code: 'server-stopping' });
    assert.deepEqual([peer.closeCount, fixture.manager.count], [1, 0]);
    assert.equal(fixture.clock.pendingTimers, 0);
  });

  it('bounds what it keeps while the tracks gather', async () => {
    const fixture = new ManagerFixture();
    const { peer } = await publish(fixture);
    peer.connect();
    for (let sequence = 0; sequence < 2500; sequence++) sendVideo(peer, sequence, VP8_KEY_FRAME);
    sendAudio(peer, 1);
    const [video] = fixture.pathManager.get('cam')?.stream?.tracks ?? [];
    assert.equal(video?.stats.packetsReceived, 2000);
  });

  it('is refused for an offer that sends nothing', async () => {
    const fixture = new ManagerFixture();
    const offer = offerOf(audioSection());
    await assert.rejects(fixture.manager.createPublisher(fixture.request(offer)), {
      code: 'offer-sends-nothing',
    });
    assert.equal(fixture.transport.peers.length, 0);
  });
});
