// POST /api/streams?src=&dst=: what is sent where, what keeps it running, and what is refused.
import assert from 'node:assert/strict';
import { H264 } from '../../../core/webrtc/sample-stream.ts';
import type { StreamForwards } from '../../../../pro/signaling/go2rtc/publications.ts';
import { Go2rtcFixture } from './go2rtc-fixture.ts';

const DST = 'rtsp://u:p@192.0.2.7/live';

class NotingForwards implements StreamForwards {
  readonly calls: string[] = [];

  add(pathName: string, dest: string): void {
    this.calls.push(`add ${pathName} ${dest}`);
  }

  remove(pathName: string, dest: string): void {
    this.calls.push(`remove ${pathName} ${dest}`);
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function ask(
  fixture: Go2rtcFixture,
  method: string,
  query: Readonly<Record<string, string>>,
): Promise<Answer> {
  return fixture.call(method, `/api/streams?${new URLSearchParams(query).toString()}`);
}

describe('streams that are sent elsewhere', () => {
  it('sends a stream once to each URL, keeps it running, and ends one or all', async () => {
    const forwards = new NotingForwards();
    await using fixture = await Go2rtcFixture.start({ components: { forwards } });
    fixture.core.publish([H264]);
    const readers = (): number => fixture.core.pathManager.get('cam')?.readers.size ?? 0;
    for (const dst of [DST, DST, 'whips://b/x/whip?token=1']) {
      const { status, body } = await ask(fixture, 'POST', { src: 'cam', dst });
      assert.deepEqual([status, body], [200, '']);
    }
    assert.deepEqual(forwards.calls, [`add cam ${DST}`, 'add cam whips://b/x/whip?token=1']);
    assert.equal(readers(), 1);
    assert.equal((await ask(fixture, 'DELETE', { src: 'cam', dst: DST })).status, 200);
    assert.deepEqual([forwards.calls[2], readers()], [`remove cam ${DST}`, 1]);
    await ask(fixture, 'DELETE', { src: 'cam', dst: 'whips://b/x/whip?token=1' });
    assert.deepEqual([forwards.calls.length, readers()], [4, 0]);
    assert.equal((await ask(fixture, 'DELETE', { src: 'cam', dst: DST })).status, 200);
    assert.equal(forwards.calls.length, 4);
  });

  it('ends with the façade', async () => {
    const forwards = new NotingForwards();
    const fixture = await Go2rtcFixture.start({ components: { forwards } });
    fixture.core.publish([H264]);
    await ask(fixture, 'POST', { src: 'cam', dst: DST });
    await fixture[Symbol.asyncDispose]();
    assert.deepEqual(forwards.calls, [`add cam ${DST}`, `remove cam ${DST}`]);
  });

  it('says what is possible where it refuses', async () => {
    const forwards = new NotingForwards();
    await using fixture = await Go2rtcFixture.start({ components: { forwards } });
    fixture.core.publish([H264]);
    for (const dst of ['rtmp://a/live', 'rtsp:///x', 'file:///etc/passwd', 'rtsp://a b/x', 'y']) {
      const { status, body } = await ask(fixture, 'POST', { src: 'cam', dst });
      assert.equal(status, 400, dst);
      assert.match(body, /can be sent to an rtsp:\/\/, rtsps:\/\/, whip:\/\/ or whips:\/\/ URL$/u);
    }
    const played = await ask(fixture, 'POST', { src: 'rtsp://192.0.2.1/a', dst: 'cam' });
    assert.deepEqual([played.status, /not supported/u.test(played.body)], [400, true]);
    const unknown = await ask(fixture, 'POST', { src: 'x', dst: DST });
    assert.deepEqual([unknown.status, unknown.body], [404, 'stream not found']);
    // Nobody sends to it.
    assert.equal((await ask(fixture, 'POST', { src: 'other', dst: DST })).status, 500);
    assert.deepEqual(forwards.calls, []);
  });
});
