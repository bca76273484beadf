// The protocol of the camera's data channel, with a camera that the test plays message by message.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { silentLogger } from '../../../../core/base/logger.ts';
import { MediaError } from '../../../../core/base/media-error.ts';
import type { TrackDescription } from '../../../../core/codec/codec.ts';
import { Stream } from '../../../../core/stream/stream.ts';
import { createPeerAddress } from '../../../../core/webrtc/transport/peer-address.ts';
import type {
  PeerCallbacks,
  PeerConnectedInfo,
} from '../../../../core/webrtc/transport/peer-session.ts';
import { H265Channel } from '../../../../pro/signaling/tuya/h265-channel.ts';
import { parseChannelMessage } from '../../../../pro/signaling/tuya/h265-messages.ts';
import { swapSamples } from '../../../../pro/signaling/tuya/h265-samples.ts';
import { channelTracks, isH265Stream } from '../../../../pro/signaling/tuya/h265-tracks.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const VIDEO = 0x10203040;
const AUDIO = 0x50607080;
const RECV = JSON.stringify({ video: { ssrc: VIDEO }, audio: { ssrc: AUDIO } });

const MASTER = { key: new Uint8Array(16), salt: new Uint8Array(14) };
const CONNECTED: PeerConnectedInfo = {
  keys: { profile: 1, local: MASTER, remote: MASTER },
  remoteFingerprint: { algorithm: 'sha-256', value: '' },
  address: createPeerAddress('127.0.0.1', 9),
};

interface Site {
  readonly clock: FakeClock;
  readonly channel: H265Channel;
  readonly sent: unknown[];
  readonly tracks: (readonly TrackDescription[])[];
  readonly stream: () => Stream;
  readonly abort: AbortController;
  /** Settles with what ended the run. */
  readonly ended: Promise<MediaError>;
  readonly isClosed: () => boolean;
  readonly callbacks: () => PeerCallbacks;
  readonly open: () => void;
  readonly say: (type: string, msg: unknown) => void;
}

function setUp(audioType = 105): Site {
  const clock = new FakeClock();
  const sent: unknown[] = [];
  const tracks: (readonly TrackDescription[])[] = [];
  const abort = new AbortController();
  const state: { stream?: Stream; callbacks?: PeerCallbacks; isClosed?: boolean } = {};
  const audios = [{ codecType: audioType, sampleRate: 8000, channels: 1 }];
  const channel = new H265Channel(
    {
      clock,
      context: {
        logger: silentLogger,
        signal: abort.signal,
        publish: (announced) => {
          tracks.push(announced);
          state.stream = new Stream(announced, { clock });
          return state.stream.attach(announced);
        },
      },
    },
    { tracks: channelTracks({ videos: [], audios }), place: 'camera bf01' },
  );
  const ended = channel
    .receive({
      connect: (callbacks) => (state.callbacks = callbacks),
      close: () => (state.isClosed = true),
    })
    .catch((thrown: unknown) => (thrown instanceof MediaError ? thrown : assert.fail()));
  const callbacks = (): PeerCallbacks => state.callbacks ?? assert.fail('not connected');
  const { wish } = channel;
  return {
    ...{ clock, channel, sent, tracks, abort, ended, callbacks },
    stream: () => state.stream ?? assert.fail('nothing was published'),
    isClosed: () => state.isClosed === true,
    open: () =>
      wish.onOpen({
        label: wish.label,
        send: (message) => typeof message === 'string' && sent.push(JSON.parse(message)) > 0,
        close: () => undefined,
      }),
    say: (type, msg) => wish.onMessage(JSON.stringify({ type, msg })),
  };
}

/** Brings a channel to the point where packets come. */
function stream(site: Site): void {
  site.open();
  site.say('codec', '');
  site.say('recv', RECV);
}

function rtp(ssrc: number, sequence: number, payload: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(12 + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x80;
  bytes[1] = 0x80 | 97;
  view.setUint16(2, sequence);
  view.setUint32(4, sequence * 160);
  view.setUint32(8, ssrc);
  bytes.set(payload, 12);
  return bytes;
}

describe('H265Channel', () => {
  it('wishes the channel that cameras know', () => {
    const { label, isOrdered, maxRetransmits } = setUp().channel.wish;
    assert.deepEqual([label, isOrdered, maxRetransmits], ['fmp4Stream', true, 5]);
  });

  it('asks for codec, start and complete, each when the camera answered', () => {
    const site = setUp();
    const { sent, say } = site;
    site.open();
    assert.deepEqual(sent.splice(0), [{ type: 'codec', msg: '' }]);
    say('recv', RECV);
    assert.deepEqual([sent.length, site.tracks.length], [0, 0]);
    say('codec', '{"video":"H265"}');
    assert.deepEqual(sent.splice(0), [{ type: 'start', msg: 'frame' }]);
    say('codec', '');
    say('recv', RECV);
    assert.deepEqual(sent, [{ type: 'complete', msg: '' }]);
    assert.deepEqual(
      site.tracks.map((each) => each.map(({ codec, payloadType }) => [codec.name, payloadType])),
      [
        [
          ['H265', 96],
          ['G711', 0],
        ],
      ],
    );
  });

  it('writes packets to the track of their source, and wakes readers once for a turn', async () => {
    const site = setUp();
    stream(site);
    const { onMessage } = site.channel.wish;
    const [video, audio] = site.stream().tracks;
    // The camera's payload type is its own choice: 97 in both.
    const heads = [video?.ring.head ?? 0, audio?.ring.head ?? 0];
    onMessage(rtp(VIDEO, 1, [0x26, 1, 0xaf, 0x0a]));
    onMessage(rtp(AUDIO, 1, Array<number>(160).fill(0xff)));
    onMessage(rtp(AUDIO, 2, Array<number>(160).fill(0xff)));
    onMessage(rtp(7, 1, [1]));
    onMessage(new Uint8Array(11));
    onMessage(new Uint8Array(70_000));
    assert.deepEqual([video?.stats.packetsReceived, audio?.stats.packetsReceived], [1, 2]);
    assert.equal(site.channel.ignoredPackets, 3);
    await new Promise((resolve) => setImmediate(resolve));
    const grown = [video, audio].map(
      (track, index) => (track?.ring.head ?? 0) - (heads[index] ?? 0),
    );
    assert.deepEqual(grown, [1, 2]);
  });

  it('follows a camera that names new sources', () => {
    const site = setUp();
    stream(site);
    site.say('recv', { video: { ssrc: 9 } });
    site.channel.wish.onMessage(rtp(9, 1, [0x26, 1, 0xaf]));
    site.channel.wish.onMessage(rtp(VIDEO, 1, [0x26, 1, 0xaf]));
    assert.equal(site.stream().tracks[0]?.stats.packetsReceived, 1);
    assert.deepEqual([site.tracks.length, site.sent.length], [1, 3]);
  });

  it('leaves sound out that has no RTP form, and packets of it', () => {
    const site = setUp(102);
    stream(site);
    site.channel.wish.onMessage(rtp(AUDIO, 1, [1]));
    assert.deepEqual([site.tracks[0]?.length, site.channel.ignoredPackets], [1, 1]);
  });

  it('turns the samples of PCM', () => {
    const site = setUp(101);
    stream(site);
    const packet = rtp(AUDIO, 1, [1, 2, 3, 4]);
    site.channel.wish.onMessage(packet);
    assert.deepEqual([...packet.subarray(12)], [2, 1, 4, 3]);
    assert.equal(site.tracks[0]?.[1]?.codec.name, 'LPCM');
  });

  const waits: readonly [string, (site: Site) => void, RegExp][] = [
    ['the channel', () => undefined, /did not open the data channel within 10 s/u],
    ['codec', (site) => site.open(), /did not answer 'codec'/u],
    [
      'recv',
      (site) => {
        site.open();
        site.say('codec', '');
      },
      /did not answer 'start'/u,
    ],
    ['packets', stream, /sent nothing over the data channel/u],
  ];
  for (const [what, act, message] of waits) {
    it(`waits 10 s for ${what}`, async () => {
      const site = setUp();
      site.callbacks().onConnected(CONNECTED);
      site.clock.advance(9000);
      act(site);
      site.clock.advance(9000);
      const isEarly = site.isClosed();
      site.clock.advance(2000);
      const { kind, code, message: text } = await site.ended;
      assert.deepEqual([kind, code], ['deadline-exceeded', 'tuya-channel-silent']);
      assert.match(text, message);
      assert.match(text, /^camera bf01: /u);
      assert.equal(isEarly, what === 'the channel');
      assert.deepEqual([site.isClosed(), site.clock.pendingTimers], [true, 0]);
    });
  }

  const ends: readonly [string, (site: Site) => void, string][] = [
    ['refuses the channel', ({ channel }) => channel.wish.onRefused('no'), 'tuya-channel-refused'],
    ['closes the channel', ({ channel }) => channel.wish.onClose('bye'), 'tuya-channel-closed'],
    [
      'leaves',
      (site) =>
        site.callbacks().onClosed({ state: 'closed', code: 'close-notify', message: 'bye' }),
      'peer-ended',
    ],
    [
      'names no video',
      (site) => {
        site.open();
        site.say('codec', '');
        site.say('recv', '{"audio":{"ssrc":1}}');
      },
      'tuya-channel-invalid',
    ],
    ['stops being wanted', ({ abort }) => abort.abort(), 'internal'],
  ];
  for (const [what, act, code] of ends) {
    it(`ends when the camera ${what}`, async () => {
      const site = setUp();
      act(site);
      assert.equal((await site.ended).code, code);
      assert.deepEqual([site.isClosed(), site.clock.pendingTimers], [true, 0]);
      site.channel.wish.onMessage(rtp(VIDEO, 1, [1]));
    });
  }

  it('survives any message in any state', () => {
    const site = setUp();
    site.open();
    const type = fc.constantFrom('codec', 'start', 'complete', 'x', '');
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.tuple(type, fc.jsonValue()).map(([name, msg]) => JSON.stringify({ type: name, msg })),
    );
    const message = fc.oneof(text, fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(message, (each) => site.channel.wish.onMessage(each)),
      { numRuns: 10_000 },
    );
    assert.equal(site.isClosed(), false);
  });
});

describe('parseChannelMessage()', () => {
  it('reads sources as text or object, and none that are no SSRC', () => {
    const recv = (msg: unknown): unknown =>
      parseChannelMessage(JSON.stringify({ type: 'recv', msg }));
    assert.deepEqual(recv(RECV), { type: 'recv', video: VIDEO, audio: AUDIO });
    assert.deepEqual(recv({ video: { ssrc: 2 ** 32 }, audio: { ssrc: 5 } }), {
      ...{ type: 'recv', video: undefined, audio: 5 },
    });
    assert.deepEqual(recv('no'), { type: 'recv', video: undefined, audio: undefined });
    assert.equal(parseChannelMessage(`{"type":"codec","msg":"${'x'.repeat(5000)}"}`), undefined);
  });
});

describe('swapSamples()', () => {
  it('steps over sources, an extension and padding', () => {
    const head = [0xb1, 97, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 1, 1, 1, 0xbe, 0xde, 0, 1, 5, 5, 6, 6];
    const bytes = Uint8Array.from([...head, 1, 2, 3, 0, 0, 3]);
    swapSamples(bytes);
    assert.deepEqual([...bytes.subarray(24)], [2, 1, 3, 0, 0, 3]);
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const sum = bytes.reduce((total, byte) => total + byte, 0);
        swapSamples(bytes);
        assert.equal(
          bytes.reduce((total, byte) => total + byte, 0),
          sum,
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe('isH265Stream()', () => {
  it('goes by the stream asked for, else by the first', () => {
    const videos = [
      { streamType: 2, codecType: 4 },
      { streamType: 4, codecType: 2 },
    ];
    const skill = { videos, audios: [] };
    assert.deepEqual(
      [2, 4, 9].map((type) => isH265Stream(skill, type)),
      [true, false, true],
    );
    assert.equal(isH265Stream({ videos: [], audios: [] }, 2), false);
  });
});
