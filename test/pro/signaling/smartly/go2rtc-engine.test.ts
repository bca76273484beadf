// Tests of the mode in which another go2rtc answers, against a double of its HTTP API.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { viewerOffer } from '../../../core/webrtc/sample-offers.ts';
import { fieldsOf, outcomeOf, SmartlyFixture, type SmartlySetup } from './smartly-fixture.ts';

const ANSWER = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';
const CAMERA = 'rtsp://admin:hunter2@192.0.2.7/1';

type Reply = (response: ServerResponse, body: string) => void;

/** Answers each request by the next of `replies`; the last one repeats. */
class Go2rtcDouble implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly bodies: string[] = [];
  readonly logins: (string | undefined)[] = [];
  replies: Reply[] = [];
  onRequest = (): void => undefined;
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  static async start(...replies: Reply[]): Promise<Go2rtcDouble> {
    const double = new Go2rtcDouble();
    double.replies = replies;
    await new Promise<void>((resolve) => double.#server.listen(0, '127.0.0.1', resolve));
    return double;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
    this.logins.push(request.headers.authorization);
    this.requests.push(`${request.method} ${request.url}`);
    this.bodies.push(`${request.headers['content-type'] ?? ''} ${body}`);
    const reply = this.replies.length > 1 ? this.replies.shift() : this.replies[0];
    reply?.(response, body);
    this.onRequest();
  }
}

const json =
  (status: number, value: unknown): Reply =>
  (response) =>
    void response
      .writeHead(status, { 'Content-Type': 'application/json' })
      .end(JSON.stringify(value));
const text =
  (status: number, body: string, type = 'application/sdp'): Reply =>
  (response) =>
    void response.writeHead(status, { 'Content-Type': type }).end(body);
const good = json(200, { type: 'answer', sdp: ANSWER });
const unknown = text(404, 'stream not found', 'text/plain');
const silent: Reply = () => undefined;

const POST = 'POST /api/webrtc?src=camera.front_door';
const PUT = `PUT /api/streams?name=camera.front_door&src=${encodeURIComponent(CAMERA)}`;

function startWith(double: Go2rtcDouble, setup: SmartlySetup = {}): Promise<SmartlyFixture> {
  return SmartlyFixture.start({
    hasWebRtc: false,
    paths: '{ other: {} }',
    ...setup,
    options: {
      ...{ engine: 'go2rtc', go2rtcUrl: `${double.url}/` },
      ...setup.options,
    },
    entities: setup.entities ?? { 'camera.front_door': { source: CAMERA } },
  });
}

describe('an external go2rtc', () => {
  it('is asked with the login of its URL, which nobody sees', async () => {
    await using double = await Go2rtcDouble.start(unknown, good);
    const go2rtcUrl = double.url.replace('http://', 'http://admin:s%40cret@');
    await using fixture = await startWith(double, { options: { go2rtcUrl } });
    assert.equal((await fixture.offer()).status, 200);
    const login = `Basic ${Buffer.from('admin:s@cret').toString('base64')}`;
    assert.deepEqual(double.logins, [login, login, login]);
    const log = fixture.log.join('\n');
    assert.ok(log.includes(`: ${double.url}/api/webrtc`), log);
    assert.doesNotMatch(log, /cret/u);
  });

  it('answers the offer that it is sent as JSON', async () => {
    await using double = await Go2rtcDouble.start(good);
    await using fixture = await startWith(double);
    const reply = await fixture.offer();
    assert.equal(reply.status, 200, reply.body);
    assert.equal(fieldsOf(reply)['sdp'], ANSWER);
    assert.deepEqual(double.requests, [POST]);
    const body = JSON.stringify({ type: 'offer', sdp: viewerOffer() });
    assert.deepEqual(double.bodies, [`application/json ${body}`]);
    assert.ok(
      fixture.log.includes('info Successfully got WebRTC answer from go2rtc for camera.front_door'),
    );
    assert.ok(
      fixture.log.includes(
        `debug Sending WebRTC offer to go2rtc for camera.front_door: ${double.url}/api/webrtc`,
      ),
    );
  });

  for (const status of [200, 201]) {
    it(`may answer bare SDP with ${status}`, async () => {
      await using double = await Go2rtcDouble.start(text(status, ANSWER));
      await using fixture = await startWith(double);
      assert.equal(fieldsOf(await fixture.offer())['sdp'], ANSWER);
    });
  }

  it('is told of a camera that it does not know, and asked again', async () => {
    await using double = await Go2rtcDouble.start(unknown, text(200, ''), good);
    await using fixture = await startWith(double);
    assert.equal(outcomeOf(await fixture.offer()), '200');
    assert.deepEqual(double.requests, [POST, PUT, POST]);
    assert.doesNotMatch(fixture.log.join('\n'), /hunter2/u);
  });

  it('is asked again even when it did not take the camera', async () => {
    await using double = await Go2rtcDouble.start(unknown, text(400, 'no'), good);
    await using fixture = await startWith(double);
    assert.equal(outcomeOf(await fixture.offer()), '200');
    assert.ok(fixture.log.includes('warn stream camera.front_door registered with go2rtc: 400'));
  });

  it('pulls a path of this server when the entity names no camera', async () => {
    await using double = await Go2rtcDouble.start(unknown, text(200, ''), good);
    await using fixture = await startWith(double, {
      paths: '{ front_door: {} }',
      entities: {},
      pathUrl: (name) => `rtsp://127.0.0.1:8554/${name}`,
    });
    assert.equal(outcomeOf(await fixture.offer()), '200');
    assert.match(double.requests[1] ?? '', /src=rtsp%3A%2F%2F127\.0\.0\.1%3A8554%2Ffront_door$/u);
  });

  it('gets 500 stream_source_not_found for a stream that neither knows', async () => {
    await using double = await Go2rtcDouble.start(unknown);
    await using fixture = await startWith(double, { entities: { 'camera.front_door': {} } });
    assert.equal(outcomeOf(await fixture.offer()), '500 stream_source_not_found');
    assert.deepEqual(double.requests, [POST]);
  });

  for (const [title, reply, message] of [
    ['fails', text(500, `codecs not matched: ${CAMERA}`, 'text/plain'), /answered 500: codecs/u],
    ['still does not know it', unknown, /answered 404/u],
    ['answers nothing', json(200, { type: 'answer', sdp: '' }), /without SDP/u],
    ['answers no JSON', text(200, '{', 'application/json'), /without SDP/u],
    ['answers HTML', text(200, '<html>', 'text/html'), /without SDP/u],
  ] as const) {
    it(`that ${title} makes 500 webrtc_failed`, async () => {
      await using double = await Go2rtcDouble.start(reply);
      await using fixture = await startWith(double);
      const answered = await fixture.offer();
      assert.equal(outcomeOf(answered), '500 webrtc_failed');
      assert.match(String(fieldsOf(answered)['message']), message);
      assert.doesNotMatch(answered.body, /hunter2/u);
    });
  }

  it('that is not there makes 500 go2rtc_not_available', async () => {
    const double = await Go2rtcDouble.start(good);
    await using fixture = await startWith(double);
    await double[Symbol.asyncDispose]();
    const reply = await fixture.offer();
    assert.equal(outcomeOf(reply), '500 go2rtc_not_available');
    const message = 'Failed to connect to go2rtc: ECONNREFUSED';
    assert.equal(fieldsOf(reply)['message'], message);
  });

  it('that is silent for 10 s makes 500 go2rtc_not_available', async () => {
    await using double = await Go2rtcDouble.start(silent);
    await using fixture = await startWith(double);
    double.onRequest = () => fixture.advance(10_000);
    assert.equal(outcomeOf(await fixture.offer()), '500 go2rtc_not_available');
  });

  it('never sees an offer that nobody could answer', async () => {
    await using double = await Go2rtcDouble.start(good);
    await using fixture = await startWith(double);
    assert.equal(outcomeOf(await fixture.offer('v=0\r\n')), '500 webrtc_failed');
    assert.deepEqual(double.requests, []);
  });

  it('has sessions that take candidates, hang up and grow idle here', async () => {
    await using double = await Go2rtcDouble.start(good);
    await using fixture = await startWith(double);
    const { session_id } = fieldsOf(await fixture.offer());
    const candidate = { candidate: 'candidate:1 1 UDP 1 192.0.2.1 1 typ host' };
    const ice = await fixture.send('ice', { session_id, candidate });
    assert.deepEqual(fieldsOf(ice), { status: 'accepted', candidates: [] });
    await fixture.offer();
    assert.equal(outcomeOf(await fixture.send('hangup', { session_id })), '200');
    assert.equal(fixture.bridge.stats.active_sessions, 1);
    fixture.advance(600_000);
    assert.equal(fixture.bridge.stats.active_sessions, 0);
  });
});
