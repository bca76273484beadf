// Tests of offers: one answer for one token, every refusal, and what becomes of bad SDP.
import assert from 'node:assert/strict';
import { viewerOffer } from '../../../core/webrtc/sample-offers.ts';
import { AAC, H264 } from '../../../core/webrtc/sample-stream.ts';
import { CLIENT, fieldsOf, outcomeOf, SmartlyFixture } from './smartly-fixture.ts';

const NO_SECTIONS = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';
/** The offer of the Python example: line feeds, no ICE, no DTLS. */
const MOCK_OFFER =
  'v=0\no=- 123456789 2 IN IP4 127.0.0.1\ns=-\nt=0 0\nm=video 9 UDP/TLS/RTP/SAVPF 96\n' +
  'c=IN IP4 0.0.0.0\na=rtcp:9 IN IP4 0.0.0.0\na=recvonly\n';

describe('an offer', () => {
  it('is answered with all candidates inside and the id of a session', async () => {
    await using fixture = await SmartlyFixture.start();
    fixture.core.publish([H264], 'front_door');
    const reply = await fixture.offer();
    const { sdp, session_id: id, ...rest } = fieldsOf(reply);
    assert.deepEqual([reply.status, rest], [200, { type: 'answer' }]);
    assert.match(String(sdp), /a=candidate:1 1 udp 2130706431 127\.0\.0\.1 8189 typ host/u);
    assert.match(String(id), /^[\w-]{16}$/u);
    assert.equal(fixture.bridge.stats.active_sessions, 1);
    assert.equal(fixture.bridge.stats.active_tokens, 0);
    const [session] = fixture.core.sessions.list();
    assert.deepEqual([session?.path, session?.user], ['front_door', CLIENT.id]);
  });

  it('uses its token up: 100 at once get one answer', async () => {
    await using fixture = await SmartlyFixture.start();
    fixture.core.publish([H264], 'front_door');
    const body = { token: await fixture.issue(), sdp: viewerOffer(), type: 'offer' };
    const replies = await Promise.all(
      Array.from({ length: 100 }, () => fixture.send('offer', body)),
    );
    const outcomes = replies.map(outcomeOf).sort();
    assert.deepEqual(outcomes, ['200', ...Array<string>(99).fill('401 invalid_or_expired_token')]);
    assert.equal(fixture.core.manager.count, 1);
  });

  it('needs a token that is younger than 300 s', async () => {
    await using fixture = await SmartlyFixture.start();
    fixture.core.publish([H264], 'front_door');
    const [young, old] = [await fixture.issue(), await fixture.issue()];
    const sdp = viewerOffer();
    fixture.advance(299_999);
    assert.equal(outcomeOf(await fixture.send('offer', { token: young, sdp })), '200');
    fixture.advance(1);
    const late = await fixture.send('offer', { token: old, sdp });
    assert.equal(outcomeOf(late), '401 invalid_or_expired_token');
  });

  it('leaves the token of another entity valid there', async () => {
    await using fixture = await SmartlyFixture.start();
    fixture.core.publish([H264], 'front_door');
    const body = { token: await fixture.issue(), sdp: viewerOffer(), type: 'offer' };
    const wrong = await fixture.send('offer', body, 'camera.back_door');
    assert.equal(outcomeOf(wrong), '401 invalid_or_expired_token');
    assert.equal(outcomeOf(await fixture.send('offer', body)), '200');
  });

  it('is refused for its body without losing the token', async () => {
    await using fixture = await SmartlyFixture.start();
    fixture.core.publish([H264], 'front_door');
    const token = await fixture.issue();
    const sdp = viewerOffer();
    for (const [body, expected] of [
      ['{', '400 invalid_json'],
      ['"text"', '400 invalid_json'],
      [`${'['.repeat(40)}${']'.repeat(40)}`, '400 invalid_json'],
      ['', '400 missing_token'],
      [{ sdp, type: 'offer' }, '400 missing_token'],
      [{ token: 5, sdp, type: 'offer' }, '400 missing_token'],
      [{ token, type: 'offer' }, '400 missing_sdp'],
      [{ token, sdp: '', type: 'offer' }, '400 missing_sdp'],
      [{ token, sdp, type: 'answer' }, '400 invalid_sdp_type'],
      [{ token, sdp, type: 1 }, '400 invalid_sdp_type'],
      [{ token: 'x'.repeat(43), sdp, type: 'offer' }, '401 invalid_or_expired_token'],
    ] as const) {
      assert.equal(outcomeOf(await fixture.send('offer', body)), expected);
    }
    const wrong = await fixture.send('offer', { token, sdp }, 'light.a');
    assert.equal(outcomeOf(wrong), '400 invalid_entity_id');
    assert.equal(outcomeOf(await fixture.send('offer', { token, sdp })), '200');
  });

  for (const [title, sdp, message] of [
    ['without a section', NO_SECTIONS, 'offer has no media sections'],
    ['that is garbage', 'hello', /SDP/u],
    ['of the Python example', MOCK_OFFER, /offer/u],
    ['without ICE', viewerOffer().replace(/a=ice-.*\r\n/gu, ''), /ice-ufrag/u],
    ['without a fingerprint', viewerOffer().replace(/a=finger.*\r\n/gu, ''), /fingerprint/u],
    ['that is huge', `v=0\r\n${'a=x\r\n'.repeat(15_000)}`, /characters/u],
  ] as const) {
    it(`${title} gets 500 webrtc_failed, and the server goes on`, async () => {
      await using fixture = await SmartlyFixture.start();
      fixture.core.publish([H264], 'front_door');
      const reply = await fixture.offer(sdp);
      assert.equal(outcomeOf(reply), '500 webrtc_failed');
      const text = String(fieldsOf(reply)['message']);
      if (typeof message === 'string') assert.equal(text, message);
      else assert.match(text, message);
      assert.equal(fixture.core.manager.count, 0);
      assert.equal(outcomeOf(await fixture.offer()), '200');
    });
  }

  it('gets 500 stream_source_not_found when nobody publishes', async () => {
    await using fixture = await SmartlyFixture.start();
    const reply = await fixture.offer();
    assert.equal(outcomeOf(reply), '500 stream_source_not_found');
    assert.equal(fieldsOf(reply)['message'], 'No stream source available');
  });

  it('gets 500 webrtc_failed when nothing of the stream can be played', async () => {
    await using fixture = await SmartlyFixture.start();
    fixture.core.publish([AAC], 'front_door');
    assert.equal(outcomeOf(await fixture.offer()), '500 webrtc_failed');
  });

  it('gets 500 webrtc_failed when there are too many sessions, until one ends', async () => {
    await using fixture = await SmartlyFixture.start({ options: { maxSessions: 1 } });
    const id = await fixture.watch();
    assert.equal(outcomeOf(await fixture.offer()), '500 webrtc_failed');
    fixture.core.peer.end();
    assert.equal(outcomeOf(await fixture.offer()), '200');
    assert.equal(
      outcomeOf(await fixture.send('hangup', { session_id: id })),
      '404 session_not_found',
    );
  });

  it('gets 404 entity_not_found when the path went away in between', async () => {
    await using fixture = await SmartlyFixture.start({ paths: '{ all_others: {} }' });
    const lease = fixture.core.publish([H264], 'front_door');
    const token = await fixture.issue();
    lease.close();
    fixture.advance(60_000);
    const reply = await fixture.send('offer', { token, sdp: viewerOffer() });
    assert.equal(outcomeOf(reply), '404 entity_not_found');
  });

  it('logs what happened, with no more than the beginning of secrets', async () => {
    await using fixture = await SmartlyFixture.start();
    fixture.core.publish([H264], 'front_door');
    const token = await fixture.issue();
    const sdp = viewerOffer();
    const reply = await fixture.send('offer', { token, sdp });
    const { sdp: answer, session_id: id } = fieldsOf(reply);
    const short = String(id).slice(0, 6);
    assert.ok(
      fixture.log.includes(
        'info WebRTC offer received - entity_id: camera.front_door, client_id: ha_abc123, ' +
          `token: ${token.slice(0, 12)}..., sdp_length: ${sdp.length}`,
      ),
    );
    assert.ok(
      fixture.log.includes(
        `info WebRTC answer generated - entity_id: camera.front_door, session_id: ${short}..., ` +
          `sdp_length: ${String(answer).length}`,
      ),
    );
    const all = fixture.log.join('\n');
    for (const secret of [token, String(id), CLIENT.secret]) assert.ok(!all.includes(secret));
  });
});

describe('an entity', () => {
  const offered = async (
    setup: Parameters<typeof SmartlyFixture.start>[0],
    path: string,
  ): Promise<string> => {
    await using fixture = await SmartlyFixture.start(setup);
    fixture.core.publish([H264], path);
    const outcome = outcomeOf(await fixture.offer());
    return `${outcome} ${fixture.core.sessions.list()[0]?.path ?? ''}`;
  };

  it('stands for the path of its name, or of its whole id', async () => {
    assert.equal(await offered({}, 'front_door'), '200 front_door');
    const paths = '{ camera.front_door: {} }';
    assert.equal(await offered({ paths }, 'camera.front_door'), '200 camera.front_door');
  });

  it('stands for the path that the settings name', async () => {
    const entities = { 'camera.front_door': { path: 'back_door' } };
    assert.equal(await offered({ entities }, 'back_door'), '200 back_door');
  });

  it('is there when somebody publishes to a path that only a rule takes', async () => {
    assert.equal(await offered({ paths: '{ all_others: {} }' }, 'front_door'), '200 front_door');
  });

  it('with a source registers its path by itself, at the start and again when asked for', async () => {
    const ensured: string[] = [];
    const registrar = {
      ensure: (path: string, source: string) => void ensured.push(`${path} <- ${source}`),
    };
    const entities = {
      'camera.front_door': { source: 'rtsp://cam/1' },
      'camera.named': { path: 'back_door', source: 'rtsp://cam/2' },
    };
    await using fixture = await SmartlyFixture.start({ registrar, entities });
    assert.deepEqual(ensured, ['front_door <- rtsp://cam/1', 'back_door <- rtsp://cam/2']);
    assert.equal(outcomeOf(await fixture.token()), '200');
    assert.equal(ensured.at(-1), 'front_door <- rtsp://cam/1');
  });

  it('whose path can not be registered is told at the start, and the rest works', async () => {
    const registrar = {
      ensure: (): never => {
        throw new RangeError('no such scheme');
      },
    };
    const entities = { 'camera.broken': { source: 'x://cam' } };
    await using fixture = await SmartlyFixture.start({ registrar, entities });
    assert.ok(fixture.log.includes('error entity camera.broken: no such scheme'));
    assert.equal(outcomeOf(await fixture.token()), '200');
  });
});

describe('SmartlyBridge.start()', () => {
  it('warns of short secrets without showing them', async () => {
    const clients = [{ ...CLIENT, secret: 'short' }];
    await using fixture = await SmartlyFixture.start({ options: { clients } });
    assert.ok(
      fixture.log.includes('warn the secret of client ha_abc123 has less than 32 characters'),
    );
  });
});
