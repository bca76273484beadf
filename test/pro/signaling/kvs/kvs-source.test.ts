// Tests of a viewer against the double of the service: its rules, step by step, with a clock turned by hand.
import assert from 'node:assert/strict';
import { MediaError } from '../../../../core/base/media-error.ts';
import type { LinkDouble } from '../../../core/webrtc/client/peer-doubles.ts';
import type { LocalPeer } from '../../../support/kvs/kvs-signaling.ts';
import type { KvsPeer } from '../../../support/kvs/kvs-relay.ts';
import { DEFAULT_KVS_KEY } from '../../../support/kvs/kvs-double.ts';
import { CHANNEL, KvsFixture, masterAnswer, until } from './kvs-fixture.ts';

const candidate = (port: number, more = ''): string =>
  `candidate:1 1 udp 2130706431 127.0.0.1 ${port} typ host${more}`;

/** A master that keeps what it hears. */
class Master {
  readonly heard: Record<string, unknown>[] = [];
  readonly local: LocalPeer;

  constructor({ double }: KvsFixture) {
    this.local = double.signaling.joinLocally({
      ...{ channelName: CHANNEL, role: 'MASTER' },
      onMessage: (message) => void this.heard.push(message),
    });
  }

  get offers(): string[] {
    return this.heard.flatMap(({ messageType, senderClientId }) =>
      messageType === 'SDP_OFFER' ? [String(senderClientId)] : [],
    );
  }

  async heardOffers(count: number): Promise<string> {
    await until(() => this.offers.length >= count, `${count} offers`);
    return this.offers.at(-1) ?? '';
  }

  answer(client: string, ufrag?: string): void {
    this.local.say('SDP_ANSWER', { type: 'answer', sdp: masterAnswer(ufrag) }, client);
  }

  tell(client: string, line: string): void {
    this.local.say('ICE_CANDIDATE', { candidate: line, sdpMid: '0', sdpMLineIndex: 0 }, client);
  }
}

async function remoteOf(fixture: KvsFixture, index = 0): Promise<LinkDouble> {
  await until(() => fixture.links.links[index]?.remote !== undefined, 'an answer is taken');
  const link = fixture.links.links[index];
  assert(link);
  return link;
}

/** Offer, answer, connected. */
async function connected(fixture: KvsFixture): Promise<{ viewer: KvsPeer; link: LinkDouble }> {
  const master = new Master(fixture);
  master.answer(await master.heardOffers(1));
  const link = await remoteOf(fixture);
  link.comeUp();
  fixture.dtls.connect();
  return { viewer: await fixture.double.signaling.viewerOf(CHANNEL), link };
}

async function failureOf(ended: Promise<unknown>): Promise<MediaError> {
  const failure = await ended;
  assert(failure instanceof MediaError, String(failure));
  return failure;
}

describe('KvsSourceFactory', () => {
  let fixture: KvsFixture;

  beforeEach(async () => {
    fixture = await KvsFixture.start();
  });

  afterEach(async () => {
    await fixture[Symbol.asyncDispose]();
    assert.equal(fixture.clock.pendingTimers, 0);
  });

  it('offers to receive, tells its candidates, and takes answer and candidates', async () => {
    const master = new Master(fixture);
    fixture.watch({ query: '?clientId=me' });
    assert.equal(await master.heardOffers(1), 'me');
    const viewer = await fixture.double.signaling.viewerOf(CHANNEL, 'me');
    const [offer] = viewer.messages;
    assert.match(JSON.stringify(offer?.payload), /m=video 9 UDP\/TLS\/RTP\/SAVPF 96 .*m=audio/u);
    assert.match(JSON.stringify(offer?.payload), /a=rtpmap:96 H264\/90000.*a=recvonly/u);
    assert((offer?.sizeBytes ?? Infinity) < 10_000, `${offer?.sizeBytes}`);
    // Before the answer: kept.
    master.tell('me', candidate(5000));
    fixture.links.links[0]?.callbacks.onCandidate({
      ...{ foundation: '2', component: 1, transport: 'udp', priority: 1, address: '192.0.2.1' },
      ...{ port: 7, type: 'srflx', extensions: [] },
    });
    master.answer('me');
    const link = await remoteOf(fixture);
    assert.deepEqual(link.remote?.credentials.ufrag, 'theirs');
    master.tell('me', candidate(5001, ' ufrag theirs'));
    master.tell('me', candidate(5002, ' ufrag another'));
    master.tell('me', 'nonsense');
    master.tell('me', '');
    master.tell('me', candidate(5003));
    await until(() => link.remoteCandidates.length === 3, 'candidates came');
    assert.deepEqual(
      link.remoteCandidates.map((each) => each?.port),
      [5000, 5001, 5003],
    );
    await until(() => viewer.messages.length === 2, 'a candidate went');
    assert.deepEqual(viewer.messages[1]?.payload, {
      ...{ candidate: 'candidate:2 1 udp 1 192.0.2.1 7 typ srflx', sdpMid: '0', sdpMLineIndex: 0 },
    });
    assert.deepEqual(viewer.violations, []);
  });

  it('gives each run a client id of its own', async () => {
    const master = new Master(fixture);
    fixture.watch();
    const seconds = Math.floor(fixture.clock.nowMs() / 1000);
    assert.equal(await master.heardOffers(1), `viewer-${seconds}`);
  });

  it('uses the TURN servers of the channel, and a STUN server when one is named', async () => {
    fixture.double.iceServers = [
      { Uris: ['turn:127.0.0.1:9?transport=udp'], Username: 'u', Password: 'p', Ttl: 300 },
    ];
    fixture.watch({ stun: 'stun:127.0.0.1:8' });
    await new Master(fixture).heardOffers(1);
    assert.deepEqual(fixture.links.links[0]?.options.iceServers, [
      { url: 'stun:127.0.0.1:8', username: '', credential: '' },
      { url: 'turn:127.0.0.1:9?transport=udp', username: 'u', credential: 'p' },
    ]);
  });

  it('offers again while there is no master, and ends after a minute with the reason', async () => {
    const { ended } = fixture.watch();
    const viewer = await fixture.double.signaling.viewerOf(CHANNEL);
    await until(() => fixture.waiting.length === 1, 'a state');
    assert.equal(fixture.waiting[0], `waiting for a master of channel '${CHANNEL}' in us-west-2`);
    for (let offers = 1; offers <= 6; offers++) {
      await until(() => viewer.messages.length === offers, `${offers} offers`);
      fixture.clock.advance(10_000);
    }
    const failure = await failureOf(ended);
    assert.deepEqual(
      [failure.code, failure.message],
      [
        'kvs-no-master',
        `waiting for a master of channel '${CHANNEL}' in us-west-2: nobody answered for 60 s`,
      ],
    );
    assert(fixture.log.includes(`info waiting for a master of channel '${CHANNEL}' in us-west-2`));
    assert.equal(fixture.links.links.length, 1);
    assert.equal(fixture.links.links[0]?.isClosed, true);
  });

  it('takes the newest answer of a master that found several offers', async () => {
    fixture.watch();
    const viewer = await fixture.double.signaling.viewerOf(CHANNEL);
    await until(() => viewer.messages.length === 1, 'an offer');
    fixture.clock.advance(10_000);
    await until(() => viewer.messages.length === 2, 'two offers');
    const master = new Master(fixture);
    assert.equal(master.offers.length, 2);
    const [client = ''] = master.offers;
    master.answer(client, 'first');
    master.tell(client, candidate(1, ' ufrag first'));
    master.answer(client, 'second');
    master.tell(client, candidate(2, ' ufrag second'));
    await until(() => {
      fixture.clock.advance(1);
      return fixture.links.links[0]?.remote !== undefined;
    }, 'an answer is taken');
    const link = await remoteOf(fixture);
    await until(() => link.remoteCandidates.length > 0, 'a candidate is taken');
    assert.equal(link.remote?.credentials.ufrag, 'second');
    assert.deepEqual(
      link.remoteCandidates.map((each) => each?.port),
      [2],
    );
  });

  it('makes another peer when the ICE servers change while it waits', async () => {
    fixture.watch();
    const viewer = await fixture.double.signaling.viewerOf(CHANNEL);
    await until(() => viewer.messages.length === 1, 'an offer');
    fixture.double.iceServers = [
      { Uris: ['turn:127.0.0.1:9'], Username: 'u', Password: 'p', Ttl: 60 },
    ];
    viewer.sendReconnectIceServer();
    await until(() => fixture.log.some((line) => /other ICE servers/u.test(line)), 'it came');
    fixture.clock.advance(10_000);
    await until(() => viewer.messages.length === 2, 'two offers');
    const [first, second] = fixture.links.links;
    assert.deepEqual([first?.isClosed, second?.options.iceServers.length], [true, 1]);
    assert.equal(fixture.double.failures.countOf('getIceServerConfig'), 2);
  });

  for (const [name, end] of [
    ['GO_AWAY', (viewer: KvsPeer): void => viewer.sendGoAway()],
    ['the end of the connection', (viewer: KvsPeer): void => viewer.close(1001)],
    ['a lost connection', (viewer: KvsPeer): void => viewer.close(1006)],
    ['a frame of 65 KB', (viewer: KvsPeer): void => viewer.sendText(' '.repeat(65 * 1024))],
  ] as const) {
    it(`connects again after ${name}, without touching the media`, async () => {
      fixture.watch();
      const { viewer, link } = await connected(fixture);
      fixture.clock.advance(20_000);
      end(viewer);
      await fixture.double.failures.called('connectAsViewer', 2);
      const again = await fixture.double.signaling.waitFor(() => {
        const [peer] = fixture.double.signaling.relay(CHANNEL).viewers;
        return peer === viewer ? undefined : peer;
      });
      assert.equal(again.clientId, viewer.clientId);
      assert.deepEqual([link.isClosed, fixture.links.links.length], [false, 1]);
      assert.deepEqual(again.messages, []);
    });
  }

  it('connects again when a connection is dead', async () => {
    fixture.watch();
    await connected(fixture);
    const { failures, signaling } = fixture.double;
    const viewer = await signaling.viewerOf(CHANNEL);
    // Answered by the WebSocket of the double.
    fixture.clock.advance(60_000);
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(failures.countOf('connectAsViewer'), 1);
    // No time to answer in.
    fixture.clock.advance(120_000);
    await failures.called('connectAsViewer', 2);
    assert.notEqual(await signaling.waitFor(() => signaling.relay(CHANNEL).viewers[0]), viewer);
  });

  it('goes on trying while media flow, and looks for the channel again', async () => {
    const { ended } = fixture.watch();
    const { viewer, link } = await connected(fixture);
    const { failures } = fixture.double;
    failures.failNext('connectAsViewer', { kind: 'error', type: 'AccessDeniedException' }, 8);
    fixture.clock.advance(20_000);
    viewer.close(1001);
    for (let attempt = 2; attempt <= 10; attempt++) {
      await failures.called('connectAsViewer', attempt);
      await until(() => {
        fixture.clock.advance(500);
        return failures.countOf('connectAsViewer') > attempt || attempt === 10;
      }, 'another attempt');
    }
    await fixture.double.signaling.viewerOf(CHANNEL);
    assert.equal(link.isClosed, false);
    assert.equal(failures.countOf('describeSignalingChannel'), 3);
    assert.equal(await Promise.race([ended, Promise.resolve('running')]), 'running');
  });

  it('ends with the reason when signalling is refused before media flow', async () => {
    const { ended } = fixture.watch();
    const viewer = await fixture.double.signaling.viewerOf(CHANNEL);
    const failure = { kind: 'error', type: 'AccessDeniedException' } as const;
    fixture.double.failures.failNext('connectAsViewer', failure);
    await until(() => viewer.messages.length > 0, 'it has offered');
    fixture.clock.advance(10_000);
    viewer.sendGoAway();
    const { code, message } = await failureOf(ended);
    assert.equal(code, 'aws-access-denied');
    assert.match(message, /allow the IAM action kinesisvideo:ConnectAsViewer on channel/u);
  });

  it('ends when the master hangs up, and names the channel', async () => {
    const { ended } = fixture.watch();
    await connected(fixture);
    fixture.dtls.callbacks?.onClosed();
    const { kind, message } = await failureOf(ended);
    assert.equal(kind, 'unavailable');
    assert.match(message, /^master of channel 'front-door' in us-west-2: the peer closed/u);
  });

  it('ends with the reason when the answer is none', async () => {
    const { ended } = fixture.watch();
    const master = new Master(fixture);
    const client = await master.heardOffers(1);
    master.local.say('SDP_ANSWER', { type: 'answer', sdp: 'v=0\r\n' }, client);
    assert.equal((await failureOf(ended)).kind, 'invalid-argument');
  });

  it('lives with junk, strangers and refused messages', async () => {
    fixture.watch({ query: '?clientId=me' });
    const master = new Master(fixture);
    await master.heardOffers(1);
    const viewer = await fixture.double.signaling.viewerOf(CHANNEL);
    const answer = Buffer.from(JSON.stringify({ type: 'answer', sdp: 'v=0' })).toString('base64');
    for (const text of ['', '{', '{"message":"Internal server error"}', '[1]'])
      viewer.sendText(text);
    viewer.send({ messageType: 'SDP_ANSWER', messagePayload: '%%' });
    viewer.send({ messageType: 'SDP_OFFER', messagePayload: answer });
    for (let times = 0; times < 3; times++) {
      viewer.send({ messageType: 'SDP_ANSWER', messagePayload: answer, senderClientId: 'mallory' });
    }
    const statusResponse = { correlationId: 'offer-1', errorType: 'E', statusCode: '400' };
    for (let times = 0; times < 3; times++) {
      viewer.send({ messageType: 'STATUS_RESPONSE', statusResponse });
    }
    master.answer('me');
    await remoteOf(fixture);
    assert.deepEqual(
      fixture.log.filter((line) => line.startsWith('warn')),
      [
        "warn signalling brought an answer that can't be read; ignored",
        'warn signalling brought an offer that calls itself answer; ignored',
        `warn channel '${CHANNEL}' in us-west-2: 'mallory' is not the master; ignored`,
        `warn channel '${CHANNEL}' in us-west-2: a message could not be delivered: E (400)`,
      ],
    );
  });

  const refusals = [
    ['AccessDeniedException', 'aws-access-denied', /kinesisvideo:ConnectAsViewer/u],
    ['ClientLimitExceededException', 'aws-limit-exceeded', /ClientLimitExceeded/u],
    ['InvalidArgumentException', 'aws-argument-refused', /InvalidArgument/u],
    [
      'ResourceNotFoundException',
      'aws-not-found',
      /channel 'front-door' does not exist in region/u,
    ],
  ] as const;
  for (const [type, code, words] of refusals) {
    it(`names ${type} of the connection`, async () => {
      fixture.double.failures.failNext('connectAsViewer', { kind: 'error', type });
      const failure = await failureOf(fixture.watch().ended);
      assert.equal(failure.code, code);
      assert.match(failure.message, words);
      assert.doesNotMatch(failure.message, /X-Amz|Signature=/u);
    });
  }

  it('names expired and wrong keys, and a clock that is off', async () => {
    const { accessKeyId } = DEFAULT_KVS_KEY;
    const { double } = fixture;
    double.putKey({ ...DEFAULT_KVS_KEY, expiresAt: 1 });
    assert.equal((await failureOf(fixture.watch().ended)).code, 'aws-credentials-expired');
    double.putKey({ ...DEFAULT_KVS_KEY, secretAccessKey: 'another' });
    const wrong = await failureOf(fixture.watch().ended);
    assert.equal(wrong.code, 'aws-credentials-refused');
    assert(!wrong.message.includes(DEFAULT_KVS_KEY.secretAccessKey));
    double.removeKey(accessKeyId);
    assert.equal((await failureOf(fixture.watch().ended)).code, 'aws-credentials-refused');
    double.putKey(DEFAULT_KVS_KEY);
    fixture.serviceAheadMs = 600_000;
    assert.equal((await failureOf(fixture.watch().ended)).code, 'aws-clock-skew');
  });

  it('names a channel that does not exist, a dropped and a silent connection', async () => {
    const missing = await failureOf(fixture.watch({ channel: 'nowhere' }).ended);
    assert.match(missing.message, /channel 'nowhere' does not exist in region us-west-2$/u);
    const { failures } = fixture.double;
    failures.failNext('connectAsViewer', { kind: 'drop' });
    assert.equal((await failureOf(fixture.watch().ended)).code, 'kvs-connect-failed');
    failures.failNext('connectAsViewer', { kind: 'hang' });
    const { ended } = fixture.watch();
    await failures.called('connectAsViewer', 2);
    fixture.clock.advance(10_000);
    assert.equal((await failureOf(ended)).code, 'kvs-connect-timeout');
  });

  it('leaves nothing behind when it is stopped, at any step', async () => {
    for (const isConnected of [false, true]) {
      const { abort, ended } = fixture.watch();
      if (isConnected) await connected(fixture);
      else await fixture.double.signaling.viewerOf(CHANNEL);
      abort.abort(new MediaError('canceled', 'source-stopped', 'stopped'));
      assert.equal(await ended, undefined);
      await fixture.double.signaling.waitFor(
        () => fixture.double.signaling.relay(CHANNEL).viewers.length === 0 || undefined,
      );
      assert.equal(fixture.clock.pendingTimers, 0);
      fixture.links.links.length = 0;
    }
  });
});
