// The three POST dialects of the go2rtc API, and WHIP.
import assert from 'node:assert/strict';
import {
  audioSection,
  offerOf,
  publisherOffer,
  viewerOffer,
} from '../../../core/webrtc/sample-offers.ts';
import { H264 } from '../../../core/webrtc/sample-stream.ts';
import type { TestReply } from '../../../support/http-client.ts';
import { Go2rtcFixture } from './go2rtc-fixture.ts';

const PATH = '/api/webrtc?src=cam';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const SDP_TYPE = { 'Content-Type': 'application/sdp' };
const FORM_TYPE = { 'Content-Type': 'application/x-www-form-urlencoded' };

async function watching(): Promise<Go2rtcFixture> {
  const fixture = await Go2rtcFixture.start();
  fixture.core.publish([H264]);
  return fixture;
}

function assertAnswer(sdp: string): void {
  assert.match(sdp, /^v=0\r\n/u);
  assert.match(sdp, /a=candidate:.*127\.0\.0\.1/u);
}

describe('POST /api/webrtc', () => {
  it('answers JSON with JSON', async () => {
    await using fixture = await watching();
    const body = JSON.stringify({ type: 'offer', sdp: viewerOffer() });
    const reply = await fixture.call('POST', PATH, { body, headers: JSON_TYPE });
    assert.equal(reply.status, 200);
    assert.match(reply.headers['content-type'] ?? '', /^application\/json/u);
    const { type, sdp } = JSON.parse(reply.body) as Record<string, string>;
    assert.equal(type, 'answer');
    assertAnswer(sdp ?? '');
  });

  it('answers WHEP with 201 and no Location', async () => {
    await using fixture = await watching();
    const headers = { 'Content-Type': 'application/sdp; charset=utf-8' };
    const reply = await fixture.call('POST', PATH, { body: viewerOffer(), headers });
    assert.equal(reply.status, 201);
    assert.equal(reply.headers['content-type'], 'application/sdp');
    assert.equal(reply.headers.location, undefined);
    assertAnswer(reply.body);
  });

  for (const escape of [encodeURIComponent, (text: string): string => text]) {
    it(`answers a form with base64, ${escape === encodeURIComponent ? '' : 'not '}escaped`, async () => {
      await using fixture = await watching();
      const body = `data=${escape(Buffer.from(viewerOffer()).toString('base64'))}`;
      const reply = await fixture.call('POST', PATH, { body, headers: FORM_TYPE });
      assert.equal(reply.status, 200);
      assertAnswer(Buffer.from(reply.body, 'base64').toString());
    });
  }

  it('answers a bare offer with a bare answer', async () => {
    await using fixture = await watching();
    const reply = await fixture.call('POST', PATH, { body: viewerOffer() });
    assert.equal(reply.status, 200);
    assertAnswer(reply.body);
    assert.equal(fixture.core.readersOf('cam'), 1);
  });

  it('knows the statuses of requests that can not be answered', async () => {
    await using fixture = await watching();
    const attempt = async (query: string, body: string, headers = {}): Promise<unknown> => {
      const reply = await fixture.call('POST', `/api/webrtc${query}`, { body, headers });
      return `${reply.status} ${reply.body}`;
    };
    const offer = viewerOffer();
    assert.equal(await attempt('?src=stranger', offer), '404 stream not found');
    assert.equal(await attempt('', offer), '400 ');
    assert.equal(await attempt('?src=cam', '{', JSON_TYPE), '400 ');
    assert.equal(await attempt('?src=cam', '{"type":"answer","sdp":"x"}', JSON_TYPE), '400 ');
    assert.equal(await attempt('?src=cam', 'null', JSON_TYPE), '400 ');
    const noStream = "500 no stream is available on path 'other'";
    assert.equal(await attempt('?src=other', offer), noStream);
    assert.match(String(await attempt('?src=cam', 'hello')), /^500 .*SDP/u);
    assert.match(String(await attempt('?src=cam', '%%%', FORM_TYPE)), /^500 /u);
    assert.match(String(await attempt('?src=cam', '', SDP_TYPE)), /^500 /u);
    assert.match(String(await attempt('?src=cam', offerOf(audioSection()))), /^500 /u);
    assert.match(String(await attempt('?src=cam', 'a=x\r\n'.repeat(50_000))), /^413 /u);
    assert.match(String(await attempt('?src=cam', `v=0\r\n${'m=x\r\n'.repeat(30_000)}`)), /^500 /u);
    assert.equal(fixture.core.readersOf('cam'), 0);
  });

  it('says so when WebRTC is switched off', async () => {
    await using fixture = await Go2rtcFixture.start({ components: { manager: undefined } });
    const { status, body } = await fixture.call('POST', PATH, { body: viewerOffer() });
    assert.deepEqual([status, body], [500, 'WebRTC is switched off']);
  });

  it('lets in only so many', async () => {
    await using fixture = await Go2rtcFixture.start({ options: { maxSessions: 2 } });
    fixture.core.publish([H264]);
    const calls = Array.from({ length: 5 }, () =>
      fixture.call('POST', PATH, { body: viewerOffer() }),
    );
    const statuses = (await Promise.all(calls)).map(({ status }) => status).sort();
    assert.deepEqual(statuses, [200, 200, 500, 500, 500]);
  });

  it('ends whoever neither moves nor sends, and everybody at the end', async () => {
    await using fixture = await watching();
    await fixture.call('POST', PATH, { body: viewerOffer() });
    fixture.core.clock.advance(630_000);
    assert.equal(fixture.core.readersOf('cam'), 0);
    await fixture.call('POST', PATH, { body: viewerOffer() });
    assert.equal(fixture.server.stats.sessions, 1);
    await fixture[Symbol.asyncDispose]();
    assert.equal(fixture.core.readersOf('cam'), 0);
  });
});

describe('WHIP at /api/webrtc', () => {
  const publish = (fixture: Go2rtcFixture, dst: string): Promise<TestReply> =>
    fixture.call('POST', `/api/webrtc?dst=${dst}`, { body: publisherOffer(), headers: SDP_TYPE });

  it('answers 201 with a Location, by which the session ends once', async () => {
    await using fixture = await Go2rtcFixture.start();
    const { status, headers, body } = await publish(fixture, 'cam');
    assert.equal(status, 201);
    assert.equal(headers['content-type'], 'application/sdp');
    assert.match(headers.location ?? '', /^webrtc\?id=[\w-]{16}$/u);
    assertAnswer(body);
    const path = `/api/${headers.location ?? ''}`;
    assert.equal(fixture.core.manager.count, 1);
    assert.equal((await fixture.call('DELETE', path)).status, 200);
    assert.equal(fixture.core.manager.count, 0);
    assert.equal((await fixture.call('DELETE', path)).status, 404);
  });

  it('refuses ids that are none', async () => {
    await using fixture = await Go2rtcFixture.start();
    assert.equal((await fixture.call('DELETE', '/api/webrtc')).status, 400);
    assert.equal((await fixture.call('DELETE', '/api/webrtc?id=nobody')).status, 404);
  });

  it('takes PATCH and GET for no method, and OPTIONS for one', async () => {
    await using fixture = await Go2rtcFixture.start();
    for (const method of ['PATCH', 'GET', 'PUT']) {
      assert.equal((await fixture.call(method, '/api/webrtc?id=x')).status, 405, method);
    }
    assert.equal((await fixture.call('OPTIONS', '/api/webrtc')).status, 204);
  });

  it('publishes to what the configuration lets be published to, and to nothing else', async () => {
    await using open = await Go2rtcFixture.start();
    assert.equal((await publish(open, 'anything')).status, 201);
    await using closed = await Go2rtcFixture.start({ paths: '{ cam: {} }' });
    const { status, body } = await publish(closed, 'anything');
    assert.deepEqual([status, body], [404, 'stream not found']);
  });
});
