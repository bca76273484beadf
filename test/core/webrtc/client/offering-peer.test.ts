// The states of a peer that offers, over a link and a handshake that the test turns by hand.
import assert from 'node:assert/strict';
import { MediaError } from '../../../../core/base/media-error.ts';
import type { IceCandidate } from '../../../../core/sdp/ice-candidate.ts';
import type { DataChannelWish } from '../../../../core/webrtc/client/data-channel.ts';
import { OfferingPeer } from '../../../../core/webrtc/client/offering-peer.ts';
import { receivingSections } from '../../../../core/webrtc/client/receiving-sections.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { answerText, DtlsDouble, HOST, LinkDoubles, type LinkDouble } from './peer-doubles.ts';

interface Site {
  readonly clock: FakeClock;
  readonly dtls: DtlsDouble;
  readonly link: LinkDouble;
  readonly peer: OfferingPeer;
  readonly seen: string[];
  readonly trickled: (IceCandidate | undefined)[];
  readonly connect: (answer?: string) => void;
}

function setUp(dataChannel?: DataChannelWish): Site {
  const clock = new FakeClock();
  const dtls = new DtlsDouble();
  const links = new LinkDoubles();
  const trickled: (IceCandidate | undefined)[] = [];
  const peer = new OfferingPeer(
    { clock, links, dtls },
    {
      sections: receivingSections.slice(0, 1),
      ice: {
        ...{ localAddresses: ['127.0.0.1'], iceServers: [] },
        ...{ stunTimeoutMs: 1, isRelayOnly: false },
      },
      profiles: [1],
      ...{ connectTimeoutMs: 5000, silenceTimeoutMs: 10_000 },
      onCandidate: (candidate) => trickled.push(candidate),
      ...(dataChannel && { dataChannel }),
    },
  );
  const [link] = links.links;
  assert.ok(link);
  const seen: string[] = [];
  const connect = (answer = answerText({})): void => {
    peer.answer(answer);
    peer.connect({
      onRtp: (bytes) => seen.push(`rtp ${bytes.length}`),
      onRtcp: (bytes) => seen.push(`rtcp ${bytes.length}`),
      onConnected: ({ address }) => seen.push(`connected ${address.address}:${address.port}`),
      onAddressChanged: () => undefined,
      onClosed: ({ state, code }) => seen.push(`${state} ${code}`),
    });
  };
  return { clock, dtls, link, peer, seen, trickled, connect };
}

const RTP = Uint8Array.of(0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1);
const RTCP = Uint8Array.of(0x80, 200, 0, 1, 0, 0, 0, 0);
const DTLS = Uint8Array.of(22, 0, 0);

describe('OfferingPeer', () => {
  it('offers what firmware understands: upper-case names, one transport, actpass', async () => {
    const { peer, link } = setUp();
    link.gathered.resolve(undefined);
    const offer = await peer.offer(false);
    assert.match(offer, /^a=rtpmap:96 H264\/90000\r$/mu);
    assert.match(offer, /^a=fmtp:96 .*packetization-mode=1;profile-level-id=42e01f\r$/mu);
    assert.match(offer, /^a=setup:actpass\r$/mu);
    assert.match(offer, /^a=candidate:1 1 udp 100 127\.0\.0\.1 4000 typ host\r$/mu);
    assert.match(offer, /^a=recvonly\r$/mu);
    assert.doesNotMatch(offer, /h264|google/u);
    assert.ok(offer.length < 8192, `${offer.length} bytes`);
  });

  it('trickles what comes after the offer, and says when that was all', async () => {
    const { peer, link, trickled } = setUp();
    await peer.offer(true);
    const late = { ...HOST, port: 4001, type: 'srflx' } as const;
    link.callbacks.onCandidate(late);
    link.gathered.resolve(undefined);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(trickled, [late, undefined]);
  });

  it('says that this machine has no address', async () => {
    const { peer, link } = setUp();
    link.hasAddress = false;
    link.gathered.resolve(undefined);
    await assert.rejects(peer.offer(false), { code: 'no-ice-candidates', kind: 'unavailable' });
  });

  for (const [setup, role] of [
    ['passive', 'client'],
    ['active', 'server'],
  ] as const) {
    it(`is the ${role} of DTLS when the answer is ${setup}`, () => {
      const { link, dtls, connect, seen } = setUp();
      connect(answerText({ setup, isLite: false, lines: ['a=end-of-candidates'] }));
      const { remote, remoteCandidates } = link;
      assert.equal(remote?.credentials.ufrag, 'theirs');
      assert.deepEqual([remote.isLite, remoteCandidates], [false, [undefined]]);
      link.comeUp();
      assert.equal(dtls.role, role);
      dtls.connect();
      assert.deepEqual(seen, ['connected 127.0.0.1:5000']);
    });
  }

  it('keeps handshake datagrams that come too early, a few of them', () => {
    const { link, dtls, connect } = setUp();
    connect(answerText({ setup: 'active' }));
    for (let count = 0; count < 40; count++) link.callbacks.onData(DTLS);
    link.comeUp();
    assert.equal(dtls.received.length, 16);
  });

  it('passes media on only when keys are known', () => {
    const { link, dtls, connect, seen, peer } = setUp();
    connect();
    link.comeUp();
    link.callbacks.onData(RTP);
    dtls.connect();
    link.callbacks.onData(RTP);
    link.callbacks.onData(RTCP);
    assert.deepEqual(seen.slice(1), ['rtp 12', 'rtcp 8']);
    assert.equal(peer.bytesReceived, 32);
    assert.deepEqual([peer.send(RTP), peer.bytesSent], [true, 12]);
  });

  it('gives up in time, and says what was missing', () => {
    const first = setUp();
    first.connect();
    first.clock.advance(5000);
    assert.deepEqual(first.seen, ['failed connect-timeout']);
    assert.deepEqual([first.link.isClosed, first.peer.state], [true, 'failed']);
    const second = setUp();
    second.connect();
    second.link.comeUp();
    second.clock.advance(5000);
    assert.deepEqual([second.seen, second.dtls.isClosed], [['failed connect-timeout'], true]);
    assert.equal(second.clock.pendingTimers, 0);
  });

  it('notices a peer that falls silent, but not one that never sends reports', () => {
    const { link, dtls, connect, seen, clock } = setUp();
    connect();
    link.comeUp();
    dtls.connect();
    clock.advance(60_000);
    assert.equal(seen.length, 1);
    link.callbacks.onData(RTCP);
    clock.advance(11_000);
    assert.equal(seen.at(-1), 'failed silent');
    assert.equal(clock.pendingTimers, 0);
  });

  it('ends when the peer says goodbye or ICE fails, once', () => {
    const first = setUp();
    first.connect();
    first.link.comeUp();
    first.dtls.connect();
    first.dtls.callbacks?.onClosed();
    first.link.callbacks.onFailed('late');
    assert.equal(first.seen.at(-1), 'closed close-notify');
    const second = setUp();
    second.connect();
    second.link.callbacks.onFailed('nobody answers');
    assert.deepEqual(second.seen, ['failed ice-failed']);
  });

  it('closes silently, twice if need be', () => {
    const { peer, link, connect, seen, clock } = setUp();
    connect();
    peer.close();
    peer.close();
    assert.deepEqual([seen, link.isClosed, peer.send(RTP)], [[], true, false]);
    assert.equal(clock.pendingTimers, 0);
    assert.throws(() => peer.restartIce(), MediaError);
  });

  const channelSection = (port: number): readonly string[] => [
    `m=application ${port} UDP/DTLS/SCTP webrtc-datachannel`,
    'a=mid:1',
    'a=sctp-port:5000',
    'a=max-message-size:1000',
  ];

  function wishOf(log: string[]): DataChannelWish {
    return {
      label: 'fmp4Stream',
      onOpen: () => log.push('open'),
      onMessage: () => log.push('message'),
      onClose: (reason) => log.push(`close: ${reason}`),
      onRefused: (reason) => log.push(`refused: ${reason}`),
    };
  }

  it('offers a data channel as the last section, and nothing of it when none is wanted', async () => {
    const { peer, link } = setUp(wishOf([]));
    link.gathered.resolve(undefined);
    const offer = await peer.offer(false);
    assert.match(offer, /^a=group:BUNDLE 0 1\r$/mu);
    const [, section] = offer.split(/^(?=m=application)/mu);
    const expected = [
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
      'a=sctp-port:5000',
      'a=max-message-size:262144',
      'a=mid:1',
      'a=setup:actpass',
    ];
    for (const line of expected) assert.ok(section?.split('\r\n').includes(line), line);
    assert.doesNotMatch(section ?? '', /^a=(?:sendrecv|candidate|rtcp-mux)/mu);
    const plain = setUp();
    plain.link.gathered.resolve(undefined);
    assert.doesNotMatch(await plain.peer.offer(false), /application|sctp/u);
  });

  it('starts the association when DTLS stands, and ends it with the peer', () => {
    const log: string[] = [];
    const { peer, link, dtls, connect, clock } = setUp(wishOf(log));
    connect(answerText({ lines: channelSection(9) }));
    assert.deepEqual(peer.state, 'checking');
    link.comeUp();
    dtls.connect();
    // An INIT, alone and without tag.
    assert.equal(dtls.applicationData.length, 1);
    assert.deepEqual(
      [dtls.applicationData[0]?.at(12), ...(dtls.applicationData[0]?.subarray(4, 8) ?? [])],
      [1, 0, 0, 0, 0],
    );
    link.callbacks.onFailed('nobody answers');
    assert.deepEqual(log, ['close: nobody answers']);
    assert.equal(clock.pendingTimers, 0);
  });

  for (const [what, lines] of [
    ['port 0', channelSection(0)],
    ['no section', []],
  ] as const) {
    it(`tells that an answer with ${what} refuses the data channel`, () => {
      const log: string[] = [];
      const { link, dtls, connect, seen } = setUp(wishOf(log));
      connect(answerText({ lines }));
      assert.deepEqual(log, ['refused: the answer refuses the data channel']);
      link.comeUp();
      dtls.connect();
      assert.deepEqual([seen.length, dtls.applicationData.length], [1, 0]);
    });
  }

  const bad: readonly [string, Parameters<typeof answerText>[0], RegExp][] = [
    ['another kind of section', { kind: 'audio' }, /section 0 is m=audio, not m=video/u],
    ['only refusals', { port: 0 }, /it refuses every section/u],
    ['holdconn', { setup: 'holdconn' }, /a=setup:holdconn/u],
    ['more sections', { lines: ['m=audio 9 UDP/TLS/RTP/SAVPF 0'] }, /2 m= sections, the offer 1/u],
  ];
  for (const [what, options, message] of bad) {
    it(`refuses an answer with ${what}`, () => {
      const { peer } = setUp();
      assert.throws(() => peer.answer(answerText(options)), { code: 'answer-invalid', message });
    });
  }

  it('refuses an answer without transport', () => {
    const { peer } = setUp();
    const text = answerText({});
    for (const [line, message] of [
      [/a=ice-ufrag.*\r\n/u, /no a=ice-ufrag/u],
      [/a=fingerprint.*\r\n/u, /no a=fingerprint/u],
    ] as const) {
      assert.throws(() => peer.answer(text.replace(line, '')), { code: 'answer-invalid', message });
    }
  });
});
