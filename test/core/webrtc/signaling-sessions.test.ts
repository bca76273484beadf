// Tests of PATCH and DELETE: trickled candidates, ICE restarts, the end, and secrets of others.
import assert from 'node:assert/strict';
import type { TestReply } from '../../support/http-client.ts';
import { OFFER_UFRAG, viewerOffer } from './sample-offers.ts';
import { H264 } from './sample-stream.ts';
import {
  errorOf,
  SDP,
  setUpSignaling,
  STRANGER,
  type SignalingSetup,
} from './signaling-fixture.ts';

function fragmentOf(ufrag: string, ...lines: readonly string[]): string {
  return [
    `a=ice-ufrag:${ufrag}`,
    'a=ice-pwd:' + 'x'.repeat(24),
    'm=video 9 UDP/TLS/RTP/SAVPF 0',
    'a=mid:0',
    ...lines,
    '',
  ].join('\r\n');
}

const CANDIDATE = 'a=candidate:1 1 udp 2113937151 127.0.0.1 5000 typ host';

describe('PATCH and DELETE of a session', () => {
  async function watched(): Promise<SignalingSetup & { readonly location: string }> {
    const setup = await setUpSignaling();
    setup.fixture.publish([H264]);
    const { headers } = await setup.post('/cam/whep', viewerOffer());
    return { ...setup, location: headers.location ?? '' };
  }

  it('take no credentials: the secret is enough', async () => {
    await using setup = await watched();
    const asked = setup.questions.length;
    await setup.patch(setup.location, fragmentOf(OFFER_UFRAG, CANDIDATE));
    await setup.request({ method: 'DELETE', path: setup.location });
    assert.equal(setup.questions.length, asked);
  });

  it('takes candidates with 204', async () => {
    await using setup = await watched();
    const bodies = [
      fragmentOf(OFFER_UFRAG, CANDIDATE, 'a=end-of-candidates'),
      `${CANDIDATE}\r\n`,
      'a=end-of-candidates\n',
      'm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:garbage\r\n',
    ];
    for (const body of bodies) {
      const reply = await setup.patch(setup.location, body, { 'If-Match': '"nonsense"' });
      assert.deepEqual([reply.status, reply.body], [204, '']);
    }
    assert.deepEqual(setup.fixture.peer.restarts, []);
  });

  it('restarts ICE with 200, new credentials and an ETag', async () => {
    await using setup = await watched();
    const body = `a=group:BUNDLE 0 1\r\n${fragmentOf('fresh')}`;
    const reply = await setup.patch(setup.location, body);
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['content-type'], 'application/trickle-ice-sdpfrag');
    assert.equal(reply.headers.etag, '"ours1"');
    assert.match(String(reply.headers['access-control-expose-headers']), /ETag/u);
    assert.equal(
      reply.body,
      [
        ...['a=group:BUNDLE 0 1', 'a=ice-ufrag:ours1', `a=ice-pwd:${'q'.repeat(24)}`],
        ...['m=audio 9 RTP/AVP 0', 'a=mid:0'],
        'a=candidate:1 1 udp 2130706431 127.0.0.1 8189 typ host',
        ...['a=end-of-candidates', ''],
      ].join('\r\n'),
    );
    assert.deepEqual(setup.fixture.peer.restarts, ['fresh']);
    assert.equal((await setup.patch(setup.location, fragmentOf('fresh', CANDIDATE))).status, 204);
  });

  it('reads the credentials also where they stand in a section', async () => {
    await using setup = await watched();
    const body = 'm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=ice-ufrag:fresh\r\na=ice-pwd:x\r\n';
    assert.equal((await setup.patch(setup.location, body)).status, 200);
    assert.deepEqual(setup.fixture.peer.restarts, ['fresh']);
  });

  it('ends a session with 200 once', async () => {
    await using setup = await watched();
    const first = await setup.request({ method: 'DELETE', path: setup.location });
    assert.deepEqual([first.status, first.body], [200, '{"status":"ok"}']);
    assert.equal(setup.fixture.manager.count, 0);
    const second = await setup.request({ method: 'DELETE', path: setup.location });
    assert.equal(errorOf(second), '404 session not found');
  });

  it('refuses secrets that are none, and those of nobody', async () => {
    await using setup = await watched();
    const id = [...setup.fixture.sessions.list()][0]?.id ?? '';
    const remove = (path: string): Promise<TestReply> => setup.request({ method: 'DELETE', path });
    assert.equal(errorOf(await remove('/cam/whep/x')), '400 invalid secret');
    assert.equal(errorOf(await remove(STRANGER)), '404 session not found');
    assert.equal(errorOf(await remove(`/cam/whep/${id}`)), '404 session not found');
    assert.equal(errorOf(await setup.patch('/cam/whep/x', '')), '400 invalid secret');
    assert.equal(errorOf(await setup.patch(STRANGER, '')), '404 session not found');
    assert.equal(setup.fixture.manager.count, 1);
  });

  it('refuses other content types and texts that are no fragment', async () => {
    await using setup = await watched();
    const wrong = await setup.patch(setup.location, '', SDP);
    assert.match(errorOf(wrong), /^415 invalid Content-Type 'application\/sdp'/u);
    assert.match(errorOf(await setup.patch(setup.location, 'hello')), /^400 SDP/u);
    const large = await setup.patch(setup.location, 'x'.repeat(130 * 1024 + 1));
    assert.match(errorOf(large), /^413 /u);
    assert.equal(setup.fixture.manager.count, 1);
  });

  it('knows no other method', async () => {
    await using setup = await watched();
    for (const method of ['GET', 'PUT', 'POST']) {
      const reply = await setup.request({ method, path: setup.location });
      assert.equal(errorOf(reply), '405 method not allowed');
    }
  });
});
