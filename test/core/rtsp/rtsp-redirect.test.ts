// Tests of redirects over RTSP: the status and place that readers of `source: redirect` get.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import { RtspFixture } from '../../support/rtsp-fixture.ts';

const PATHS = [
  '  near: { source: redirect, sourceRedirect: /live }',
  '  far: { source: redirect, sourceRedirect: "rtsp://u:p@198.51.100.7:554/x?y=1" }',
  '  live:',
];

describe('RtspServer redirects', () => {
  it('sends readers to another path of the same server, with their query', async () => {
    await using fixture = await RtspFixture.start({ paths: PATHS });
    await using client = await fixture.connect();
    const reply = await client.request('DESCRIBE', `${fixture.url('near')}?token=x`);
    assert.equal(reply.statusCode, 302);
    assert.equal(reply.reasonPhrase, 'Found');
    assert.equal(reply.headers.get('Location'), `${fixture.url('live')}?token=x`);
    assert.equal((await client.request('DESCRIBE', fixture.url('live'))).statusCode, 404);
  });

  it('sends readers to another server, the URL as it was written', async () => {
    await using fixture = await RtspFixture.start({ paths: PATHS });
    await using client = await fixture.connect();
    const headers = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' };
    for (const method of ['DESCRIBE', 'SETUP'] as const) {
      const reply = await client.request(method, fixture.url('far'), { headers });
      assert.equal(reply.statusCode, 302);
      assert.equal(reply.headers.get('Location'), 'rtsp://u:p@198.51.100.7:554/x?y=1');
    }
    assert.equal(fixture.sessions.count, 0);
  });

  it('asks for permission to read both paths', async () => {
    await using fixture = await RtspFixture.start({
      paths: PATHS,
      authorize: ({ path }) =>
        path === 'near'
          ? Promise.resolve({ user: '' })
          : Promise.reject(new MediaError('permission-denied', 'permission-denied', 'no')),
    });
    await using client = await fixture.connect();
    assert.equal((await client.request('DESCRIBE', fixture.url('near'))).statusCode, 302);
    await using other = await fixture.connect();
    assert.equal((await other.request('DESCRIBE', fixture.url('live'))).statusCode, 403);
    await using third = await fixture.connect();
    assert.equal((await third.request('DESCRIBE', fixture.url('far'))).statusCode, 403);
  });
});
