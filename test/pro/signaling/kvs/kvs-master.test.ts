// Tests of a master against the double of the service: offers of viewers become sessions on a path.
import assert from 'node:assert/strict';
import { KvsMaster } from '../../../../pro/signaling/kvs/kvs-master.ts';
import { ManagerFixture } from '../../../core/webrtc/manager-fixture.ts';
import { viewerOffer } from '../../../core/webrtc/sample-offers.ts';
import { H264 } from '../../../core/webrtc/sample-stream.ts';
import type { LocalPeer } from '../../../support/kvs/kvs-signaling.ts';
import { CHANNEL, KvsFixture, until } from './kvs-fixture.ts';

const line = 'candidate:1 1 udp 2130706431 127.0.0.1 5000 typ host';

describe('KvsMaster', () => {
  let fixture: KvsFixture;
  let core: ManagerFixture;
  let master: KvsMaster;
  let answers: Record<string, unknown>[];

  function create(
    options: { readonly channel?: string; readonly createIfMissing?: boolean } = {},
  ): void {
    const { clock, logger } = fixture;
    const { pathManager: paths, manager } = core;
    master = new KvsMaster(
      { ...{ clock, logger, paths, manager }, channels: fixture.channels(), random: () => 0 },
      { ...{ channel: CHANNEL, pathName: 'cam', principal: { user: 'ann' } }, ...options },
    );
    master.start();
  }

  function join(clientId: string): LocalPeer {
    return fixture.double.signaling.joinLocally({
      ...{ channelName: CHANNEL, role: 'VIEWER', clientId },
      onMessage: (message) => void answers.push({ to: clientId, ...message }),
    });
  }

  function offer(clientId: string): LocalPeer {
    const viewer = join(clientId);
    viewer.say('SDP_OFFER', { type: 'offer', sdp: viewerOffer() });
    return viewer;
  }

  async function answered(count: number): Promise<void> {
    await until(() => answers.length >= count, `${count} answers`);
  }

  beforeEach(async () => {
    fixture = await KvsFixture.start();
    core = new ManagerFixture();
    answers = [];
  });

  afterEach(async () => {
    await master.close();
    await fixture[Symbol.asyncDispose]();
    assert.equal(fixture.clock.pendingTimers, 0);
    assert.equal(core.manager.count, 0);
  });

  it('answers a viewer, takes its candidates, and closes its session at the end', async () => {
    core.publish([H264]);
    create();
    const peer = await fixture.double.signaling.masterOf(CHANNEL);
    const viewer = offer('v1');
    await answered(1);
    const [answer] = answers;
    assert.deepEqual([answer?.['to'], answer?.['messageType']], ['v1', 'SDP_ANSWER']);
    const sdp = Buffer.from(String(answer?.['messagePayload']), 'base64').toString();
    assert.match(sdp, /a=ice-lite.*candidate:1 1 udp 2130706431 127\.0\.0\.1 8189 typ host/u);
    for (const text of [line, '', 'nonsense']) viewer.say('ICE_CANDIDATE', { candidate: text });
    assert.equal(master.viewerCount, 1);
    assert.deepEqual(peer.violations, []);
    assert.equal(core.sessions.list('webRTCSession')[0]?.user, 'ann');
    await master.close();
    assert.equal(core.manager.count, 0);
  });

  it('puts a new offer of a viewer in the place of its old session', async () => {
    core.publish([H264]);
    create();
    await fixture.double.signaling.masterOf(CHANNEL);
    const viewer = offer('v1');
    await answered(1);
    viewer.say('SDP_OFFER', { type: 'offer', sdp: viewerOffer() });
    await answered(2);
    assert.equal(core.manager.count, 1);
    // Two at once: only the newer one is answered.
    viewer.say('SDP_OFFER', { type: 'offer', sdp: viewerOffer() });
    viewer.say('SDP_OFFER', { type: 'offer', sdp: viewerOffer() });
    await answered(3);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([answers.length, core.manager.count, master.viewerCount], [3, 1, 1]);
  });

  it('serves ten viewers, and another one when one has left', async () => {
    core.publish([H264]);
    create();
    await fixture.double.signaling.masterOf(CHANNEL);
    for (let index = 1; index <= 10; index++) offer(`v${index}`);
    // The service takes five answers in a second.
    await answered(5);
    fixture.clock.advance(1100);
    await answered(10);
    offer('v11');
    await until(() => fixture.log.some((each) => /viewer v11 is refused/u.test(each)), 'a refusal');
    core.peer.end();
    offer('v12');
    fixture.clock.advance(1100);
    await answered(11);
    assert.deepEqual([answers.at(-1)?.['to'], master.viewerCount], ['v12', 10]);
    assert.deepEqual(fixture.double.signaling.relay(CHANNEL).master?.violations, []);
  });

  it('names what it can not answer, and goes on', async () => {
    create();
    await fixture.double.signaling.masterOf(CHANNEL);
    const viewer = offer('v1');
    await until(
      () => fixture.log.some((each) => /viewer v1 is refused: no stream/u.test(each)),
      'a line',
    );
    viewer.say('SDP_OFFER', { type: 'offer', sdp: 'v=0' });
    viewer.say('SDP_ANSWER', { type: 'answer', sdp: 'v=0' });
    viewer.say('ICE_CANDIDATE', { candidate: line });
    core.publish([H264]);
    viewer.say('SDP_OFFER', { type: 'offer', sdp: viewerOffer() });
    await answered(1);
  });

  it('connects again without touching its viewers', async () => {
    core.publish([H264]);
    create();
    const first = await fixture.double.signaling.masterOf(CHANNEL);
    offer('v1');
    await answered(1);
    fixture.clock.advance(20_000);
    first.close(1001);
    await fixture.double.failures.called('connectAsMaster', 2);
    await fixture.double.signaling.masterOf(CHANNEL);
    offer('v2');
    await answered(2);
    assert.equal(master.viewerCount, 2);
  });

  it('tries again until its channel exists, or makes it', async () => {
    create({ channel: 'later' });
    await until(() => master.lastFailure?.code === 'aws-not-found', 'a failure');
    fixture.double.catalog.addChannel('later');
    await until(() => {
      fixture.clock.advance(200);
      return master.lastFailure === undefined;
    }, 'it is there');
    await master.close();
    create({ channel: 'made', createIfMissing: true });
    await until(() => fixture.double.catalog.channels.has('made'), 'made');
    await fixture.double.signaling.masterOf('made');
  });
});
