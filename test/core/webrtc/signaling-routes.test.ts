// Tests of WHIP and WHEP over HTTP: every line of the documented table, through a real listener.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import {
  audioSection,
  offerOf,
  publisherOffer,
  videoSection,
  viewerOffer,
} from './sample-offers.ts';
import { AAC, H264, H265, OPUS } from './sample-stream.ts';
import { errorOf, SDP, setUpSignaling, STRANGER } from './signaling-fixture.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u;

describe('WHEP over HTTP', () => {
  it('answers an offer with 201, the whole answer and every header', async () => {
    await using setup = await setUpSignaling();
    setup.fixture.publish([H264, OPUS], 'a/b');
    const reply = await setup.post('/a/b/whep?token=x&y=%20', viewerOffer(), {
      Origin: 'https://page.example',
      'User-Agent': 'player/1',
    });
    assert.equal(reply.status, 201, reply.body);
    assert.match(
      reply.body,
      /^v=0\r\n[\s\S]*a=candidate:1 1 udp 2130706431 127\.0\.0\.1 8189 typ host/u,
    );
    const { headers } = reply;
    assert.equal(headers['content-type'], 'application/sdp');
    assert.equal(headers.etag, '*');
    assert.equal(headers['accept-patch'], 'application/trickle-ice-sdpfrag');
    assert.equal(headers['access-control-allow-origin'], '*');
    assert.equal(
      headers['access-control-expose-headers'],
      'ETag, ID, Accept-Patch, Link, Location, Mtx-Skipped-Tracks',
    );
    assert.deepEqual([headers['link'], headers['mtx-skipped-tracks']], [undefined, undefined]);
    assert.match(String(headers['id']), UUID);
    const [, secret = ''] =
      /^\/a\/b\/whep\/([^?]*)\?token=x&y=%20$/u.exec(headers.location ?? '') ?? [];
    assert.match(secret, UUID);
    assert.notEqual(secret, headers['id']);
    const session = setup.fixture.sessions.get(String(headers['id']));
    assert.deepEqual(
      [session?.user, session?.query, session?.userAgent, session?.remoteAddress],
      ['ann', 'token=x&y=%20', 'player/1', '127.0.0.1'],
    );
  });

  it('asks for permission to read, WHIP to publish', async () => {
    await using setup = await setUpSignaling();
    await setup.post('/a/b/whep?q=1', viewerOffer());
    await setup.post('/a/b/whip', publisherOffer());
    await setup.request({ method: 'OPTIONS', path: '/c/whip' });
    assert.deepEqual(
      setup.questions.map(({ action, path, query }) => `${action} ${path} ${query}`),
      ['read a/b q=1', 'publish a/b ', 'publish c '],
    );
  });

  it('takes the content type with parameters and in any case', async () => {
    await using setup = await setUpSignaling();
    setup.fixture.publish([H264]);
    const type = { 'Content-Type': 'Application/SDP; charset=utf-8' };
    assert.equal((await setup.post('/cam/whep', viewerOffer(), type)).status, 201);
  });

  it('tells which tracks the viewer does not get, and why', async () => {
    await using setup = await setUpSignaling();
    setup.fixture.publish([H264, AAC]);
    const { headers } = await setup.post('/cam/whep', viewerOffer());
    const [kind, codec, code, message] = String(headers['mtx-skipped-tracks']).split(';');
    assert.deepEqual([kind, codec, code], ['audio', 'MPEG-4%20Audio', 'needs-transcoding']);
    assert.match(decodeURIComponent(message ?? ''), /^AAC audio/u);
  });

  it('refuses with the documented status, as JSON', async () => {
    await using setup = await setUpSignaling({ paths: '{ cam: { maxReaders: 1 }, other: {} }' });
    const { fixture, post } = setup;
    const offer = viewerOffer();
    const wrongType = await post('/cam/whep', offer, { 'Content-Type': 'text/plain' });
    assert.equal(
      errorOf(wrongType),
      "415 invalid Content-Type 'text/plain': application/sdp is needed",
    );
    assert.equal(
      errorOf(await post('/nowhere/whep', offer)),
      "400 path 'nowhere' is not configured",
    );
    assert.equal(
      errorOf(await post('/cam/whep', offer)),
      "404 no stream is available on path 'cam'",
    );
    assert.match(
      errorOf(await post('/cam/whep', 'hello')),
      /^400 SDP: no line of the form x=value/u,
    );
    assert.match(errorOf(await post('/cam/whep', '')), /^400 SDP/u);
    fixture.publish([H265], 'other');
    assert.equal(errorOf(await post('/other/whep', offer)), "400 this browser can't play H265");
    fixture.publish([H264]);
    assert.equal((await post('/cam/whep', offer)).status, 201);
    assert.match(errorOf(await post('/cam/whep', offer)), /^429 maximum reader count \(1\)/u);
  });

  it('refuses bodies above 128 KiB and text that is not UTF-8', async () => {
    await using setup = await setUpSignaling();
    const large = 'a=x\r\n'.repeat(27_000);
    assert.match(errorOf(await setup.post('/cam/whep', large)), /^413 /u);
    const sdpTooLong = viewerOffer() + 'a=x\r\n'.repeat(20_000);
    assert.match(errorOf(await setup.post('/cam/whep', sdpTooLong)), /^400 SDP: \d+ characters/u);
    const body = Uint8Array.of(0x76, 0x3d, 0xff, 0xfe);
    const path = '/cam/whep';
    const reply = await setup.request({ method: 'POST', path, headers: SDP, body });
    assert.equal(errorOf(reply), '400 request body is not UTF-8');
  });

  it('sends those without permission away, with a challenge when they showed nothing', async () => {
    const options = { context: { hadCredentials: false } };
    const refusal = new MediaError(
      'unauthenticated',
      'authentication-required',
      'who are you',
      options,
    );
    await using setup = await setUpSignaling({ refusal });
    for (const method of ['POST', 'OPTIONS']) {
      const reply = await setup.request({ method, path: '/cam/whep', headers: SDP });
      assert.equal(errorOf(reply), '401 who are you');
      assert.equal(reply.headers['www-authenticate'], 'Basic realm="mediamtx"');
    }
    assert.equal(setup.fixture.manager.count, 0);
  });

  it('sends viewers on to another path with 307, and explains that RTSP is out of reach', async () => {
    const paths =
      '{ a: { source: redirect, sourceRedirect: /b/c }, b/c: {}, ' +
      'far: { source: redirect, sourceRedirect: "rtsp://u:p@h/x" } }';
    await using setup = await setUpSignaling({ paths });
    const reply = await setup.post('/a/whep?token=x', viewerOffer());
    assert.equal(reply.status, 307);
    assert.equal(reply.headers.location, '/b/c/whep?token=x');
    assert.equal(reply.headers['access-control-allow-origin'], '*');
    assert.equal(
      errorOf(await setup.post('/far/whep', viewerOffer())),
      "409 path 'far' sends its readers to rtsp://***@h/x, and WebRTC can't be redirected to RTSP; read that URL with an RTSP client",
    );
    assert.equal((await setup.request({ method: 'OPTIONS', path: '/a/whep' })).status, 204);
    assert.equal(setup.fixture.sessions.count, 0);
  });

  it('knows no other method', async () => {
    await using setup = await setUpSignaling();
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'TRACE']) {
      const reply = await setup.request({ method, path: '/cam/whep' });
      assert.equal(reply.status, 405, method);
      assert.match(String(reply.headers['allow']), /POST/u);
      if (method !== 'HEAD') assert.equal(errorOf(reply), '405 method not allowed');
    }
    const reply = await setup.request({ method: 'POST', path: STRANGER, headers: SDP });
    assert.equal(errorOf(reply), '405 method not allowed');
  });
});

describe('OPTIONS of WHIP and WHEP', () => {
  const iceServers = [
    { url: 'stun:stun.example:3478', username: '', password: '', clientOnly: false },
    { url: 'turn:turn.example:3478', username: 'us"er', password: 'pa\\ss', clientOnly: true },
    { url: 'turns:turn.example:5349', username: 'AUTH_SECRET', password: 'key', clientOnly: false },
  ];

  it('tells ICE servers, formats and methods', async () => {
    await using setup = await setUpSignaling({ iceServers });
    const reply = await setup.request({ method: 'OPTIONS', path: '/cam/whep' });
    assert.equal(reply.status, 204);
    const { headers } = reply;
    assert.equal(headers['accept-post'], 'application/sdp');
    assert.equal(headers['access-control-allow-methods'], 'OPTIONS, GET, POST, PATCH, DELETE');
    assert.equal(headers['access-control-allow-headers'], 'Authorization, Content-Type, If-Match');
    assert.equal(headers['access-control-expose-headers'], 'Accept-Post, Link');
    assertLinks(headers['link']);
  });

  it('tells the same servers with the answer', async () => {
    await using setup = await setUpSignaling({ iceServers });
    setup.fixture.publish([H264]);
    assertLinks((await setup.post('/cam/whep', viewerOffer())).headers['link']);
  });

  it('has no Link without servers', async () => {
    await using setup = await setUpSignaling();
    const reply = await setup.request({ method: 'OPTIONS', path: '/cam/whip' });
    assert.deepEqual([reply.status, reply.headers['link']], [204, undefined]);
  });

  it('is refused for a path that is not configured', async () => {
    await using setup = await setUpSignaling({ paths: '{ cam: {} }' });
    const reply = await setup.request({ method: 'OPTIONS', path: '/nowhere/whep' });
    assert.equal(errorOf(reply), "400 path 'nowhere' is not configured");
  });

  it('answers a preflight of any URL without asking who it is', async () => {
    await using setup = await setUpSignaling();
    for (const path of ['/cam/whep', STRANGER]) {
      const headers = { Origin: 'https://page.example', 'Access-Control-Request-Method': 'PATCH' };
      const reply = await setup.request({ method: 'OPTIONS', path, headers });
      assert.equal(reply.status, 204);
      assert.equal(
        reply.headers['access-control-allow-methods'],
        'OPTIONS, GET, POST, PATCH, DELETE',
      );
    }
    assert.deepEqual(setup.questions, []);
  });
});

function assertLinks(link: string | string[] | undefined): void {
  const links = typeof link === 'string' ? link.split(', ') : (link ?? []);
  assert.equal(links[0], '<stun:stun.example:3478>; rel="ice-server"');
  assert.equal(
    links[1],
    '<turn:turn.example:3478>; rel="ice-server"; username="us\\"er"; ' +
      'credential="pa\\\\ss"; credential-type="password"',
  );
  assert.match(
    links[2] ?? '',
    /^<turns:turn\.example:5349>; rel="ice-server"; username="1767312000:[0-9a-f]{16}"; credential="[\w+/]{27}="; credential-type="password"$/u,
  );
}

describe('WHIP over HTTP', () => {
  it('answers an offer with 201', async () => {
    await using setup = await setUpSignaling();
    const reply = await setup.post('/cam/whip', publisherOffer());
    assert.equal(reply.status, 201, reply.body);
    assert.match(reply.headers.location ?? '', /^\/cam\/whip\/[0-9a-f-]{36}$/u);
    assert.match(reply.body, /a=recvonly/u);
  });

  it('refuses what it does not take with 406, the rest with 400', async () => {
    await using setup = await setUpSignaling();
    const direction = 'sendonly';
    const twice = offerOf(videoSection({ direction }), videoSection({ direction, mid: '7' }));
    assert.match(errorOf(await setup.post('/cam/whip', twice)), /^406 .*only one video section/u);
    const audioTwice = offerOf(audioSection({ direction }), audioSection({ direction, mid: '7' }));
    assert.match(errorOf(await setup.post('/cam/whip', audioTwice)), /^406 /u);
    const none = offerOf(videoSection({ direction, formats: ['red'] }));
    assert.match(errorOf(await setup.post('/cam/whip', none)), /^400 none of the offered video/u);
    assert.match(errorOf(await setup.post('/cam/whip', viewerOffer())), /^400 .*sends audio or/u);
    assert.equal(setup.fixture.manager.count, 0);
  });
});
