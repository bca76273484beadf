// Calls of a device, seen from the broker: what is said in which order, and how each call ends.
import assert from 'node:assert/strict';
import { MediaError } from '../../../../core/base/media-error.ts';
import { formatIceCandidate } from '../../../../core/sdp/ice-candidate.ts';
import { CallBackOff } from '../../../../pro/signaling/tuya/call-back-off.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { answerText, HOST } from '../../../core/webrtc/client/peer-doubles.ts';
import { settle, TuyaFixture } from './tuya-fixture.ts';

/** An answer to audio and video, with audio refused. */
const ANSWER = answerText({ isLite: false })
  .replace('m=video', 'm=audio 0 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=inactive\r\nm=video')
  .replace('BUNDLE 0', 'BUNDLE 1')
  .replace('SAVPF 96\r\na=mid:0', 'SAVPF 96\r\na=mid:1');

async function ring(
  url?: string,
  skill?: unknown,
): Promise<{ readonly fixture: TuyaFixture } & ReturnType<TuyaFixture['watch']>> {
  const fixture = new TuyaFixture(skill);
  const run = fixture.watch(url);
  await settle();
  // The device is not awake in these tests, and is called all the same.
  fixture.clock.advance(5000);
  await settle();
  return { fixture, ...run };
}

const codeOf = (thrown: unknown): string =>
  thrown instanceof MediaError ? thrown.code : String(thrown);

describe('TuyaSource', () => {
  it('offers, then tells its candidates, then takes the answer and those of the device', async () => {
    const { fixture, abort, ended } = await ring();
    const [offer, candidate] = fixture.link.said;
    assert.equal(offer?.body.type, 'offer');
    assert.deepEqual([offer.body.streamType, offer.body.auth], [1, 'proof']);
    assert.equal(offer.header.motoId, 'moto1');
    assert.doesNotMatch(offer.body.sdp, /a=candidate|a=extmap/u);
    assert.ok(offer.body.sdp.indexOf('m=audio') < offer.body.sdp.indexOf('m=video'));
    const line = `a=${formatIceCandidate(HOST)}`;
    assert.deepEqual(candidate?.body, { type: 'candidate', candidate: line });
    const [peer] = fixture.peers.links;
    fixture.say({ type: 'candidate', candidate: `${line} \r\n` });
    fixture.say({ type: 'candidate', candidate: 'a=candidate:junk' });
    assert.deepEqual(peer?.remoteCandidates, []);
    fixture.say({ type: 'answer', sdp: ANSWER });
    fixture.say({ type: 'answer', sdp: 'v=0' });
    await settle();
    assert.deepEqual(peer.remote, {
      credentials: { ufrag: 'theirs', password: 'theirpasswordtheirpassword' },
      isLite: false,
    });
    fixture.say({ type: 'candidate', candidate: '' });
    assert.deepEqual(peer.remoteCandidates, [HOST, undefined]);
    assert.deepEqual(fixture.link.said.at(-1)?.body, { type: 'resolution', value: 1 });
    peer.gathered.resolve(undefined);
    await settle();
    assert.deepEqual(fixture.link.said.at(-1)?.body, { type: 'candidate', candidate: '' });
    abort.abort(new MediaError('canceled', 'source-stopped', 'stopped'));
    assert.equal(await ended, undefined);
    assert.deepEqual(fixture.link.said.at(-1)?.body, { type: 'disconnect' });
    assert.equal(peer.isClosed, true);
    await fixture.account.close();
    assert.equal(fixture.clock.pendingTimers, 0);
  });

  it('ends when the device hangs up, before and after its answer', async () => {
    for (const isAnswered of [false, true]) {
      const { fixture, ended } = await ring();
      if (isAnswered) fixture.say({ type: 'answer', sdp: ANSWER });
      await settle();
      fixture.say({ type: 'disconnect' });
      const thrown = await ended;
      assert.equal(codeOf(thrown), 'tuya-device-hung-up');
      assert.match(String(thrown), /Tuya device dev1 hung up/u);
      assert.equal(fixture.peers.links[0]?.isClosed, true);
      await fixture.account.close();
      assert.equal(fixture.clock.pendingTimers, 0);
    }
  });

  it('waits 10 s for the answer', async () => {
    const { fixture, ended } = await ring();
    fixture.clock.advance(10_000);
    assert.equal(codeOf(await ended), 'tuya-answer-timeout');
    assert.equal(fixture.link.said.at(-1)?.body.type, 'disconnect');
    await fixture.account.close();
    assert.equal(fixture.clock.pendingTimers, 0);
  });

  it('ends within its goodbye though the broker confirms nothing', async () => {
    const fixture = new TuyaFixture();
    const { abort, ended } = fixture.watch();
    await settle();
    fixture.link.isDeaf = true;
    fixture.clock.advance(5000);
    await settle();
    assert.equal(fixture.link.said.at(-1)?.body.type, 'offer');
    abort.abort();
    await settle();
    fixture.clock.advance(1000);
    assert.equal(await ended, undefined);
    await fixture.account.close();
  });

  it('ends at an answer that is none', async () => {
    for (const sdp of ['v=0\r\n', 'junk', answerText({})]) {
      const { fixture, ended } = await ring();
      fixture.say({ type: 'answer', sdp });
      const thrown = await ended;
      assert.ok(thrown instanceof MediaError && thrown.kind === 'invalid-argument', String(thrown));
      await fixture.account.close();
    }
  });

  it('asks for H.265 over a data channel', async () => {
    const videos = [{ streamType: 2, codecType: 4, width: 1, height: 1 }];
    const { fixture, abort, ended } = await ring('tuya://main/dev1?stream=main', { videos });
    const [offer] = fixture.link.said;
    assert.equal(offer?.body.type, 'offer');
    assert.equal(offer.body.isDataChannelEnabled, true);
    assert.match(offer.body.sdp, /m=application 9 UDP\/DTLS\/SCTP/u);
    assert.equal(offer.body.streamType, 0);
    abort.abort();
    await ended;
    await fixture.account.close();
  });

  it('names what is wrong with the URL, the account and the device', async () => {
    const fixture = new TuyaFixture();
    const ends = async (url: string): Promise<string> => codeOf(await fixture.watch(url).ended);
    assert.equal(await ends('tuya://main'), 'tuya-url-invalid');
    assert.equal(await ends('tuya://other/dev1'), 'tuya-account-unknown');
    assert.equal(await ends('tuya://main/dev2'), 'tuya-permission-denied');
    assert.deepEqual(fixture.links, []);
    await fixture.account.close();
  });

  it('calls a device that fails again after pauses of 1 s to 60 s, and says when', async () => {
    const fixture = new TuyaFixture();
    const { clock, account } = fixture;
    const url = 'tuya://main/dev2';
    const asks = async (): Promise<boolean> => {
      const thrown = await fixture.watch(url).ended;
      assert.equal(codeOf(thrown), 'tuya-permission-denied');
      return !/called again in \d+ s$/u.test(String(thrown));
    };
    assert.equal(await asks(), true);
    for (const pauseSeconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      clock.advance((pauseSeconds - 0.1) * 1000);
      assert.equal(await asks(), false, `asks before ${pauseSeconds} s`);
      clock.advance(100);
      assert.equal(await asks(), true, `does not ask after ${pauseSeconds} s`);
    }
    await account.close();
  });

  it('pauses longer each time, too, after a device that answers and is never reached', async () => {
    const fixture = new TuyaFixture();
    const { clock, account } = fixture;
    for (const pauseSeconds of [1, 2, 4]) {
      const { ended } = fixture.watch();
      await settle();
      clock.advance(5000);
      await settle();
      fixture.say({ type: 'answer', sdp: ANSWER });
      await settle();
      clock.advance(10_000);
      assert.equal(codeOf(await ended), 'peer-ended');
      const early = String(await fixture.watch().ended);
      assert.match(early, new RegExp(`called again in ${pauseSeconds} s$`, 'u'));
      clock.advance(pauseSeconds * 1000);
    }
    await account.close();
  });
});

describe('CallBackOff', () => {
  it('begins anew after a long call, and remembers a thousand devices', () => {
    const clock = new FakeClock();
    const backOff = new CallBackOff(clock);
    const failure = new MediaError('unavailable', 'x', 'gone');
    const isHeld = (device: string): boolean => {
      try {
        backOff.check(device);
        return false;
      } catch {
        return true;
      }
    };
    for (const ranMs of [0, 0, 0, 30_001]) backOff.note('cam', failure, ranMs);
    clock.advance(999);
    assert.equal(isHeld('cam'), false);
    for (let index = 0; index < 1001; index++) backOff.note(`cam${index}`, failure, 0);
    assert.deepEqual(['cam0', 'cam1', 'cam1000'].map(isHeld), [false, true, true]);
  });
});
