// One data channel against an answering end that the test plays message by message.
import assert from 'node:assert/strict';
import type { DataChannel, DataChannelWish } from '../../../../core/webrtc/client/data-channel.ts';
import { DataChannelLink } from '../../../../core/webrtc/client/data-channel-link.ts';
import { SctpAssociation } from '../../../../core/webrtc/client/sctp-association.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const OPEN = Buffer.from('fmp4Stream');
const DCEP = 50;
const TEXT = 51;
const BINARY = 53;

interface Site {
  readonly clock: FakeClock;
  readonly link: DataChannelLink;
  readonly answerer: SctpAssociation;
  /** What the answering end got: stream, protocol, hexadecimal bytes. */
  readonly got: (readonly [number, number, string])[];
  readonly events: string[];
  readonly messages: (string | Uint8Array)[];
  channel: DataChannel | undefined;
  readonly say: (protocol: number, bytes: Uint8Array, streamId?: number) => void;
}

function setUp(
  options: {
    readonly wish?: Partial<DataChannelWish>;
    readonly remoteMaxMessageBytes?: number;
    readonly isDtlsClient?: boolean;
  } = {},
): Site {
  const { wish = {}, remoteMaxMessageBytes = 65_536, isDtlsClient = true } = options;
  const clock = new FakeClock();
  const wire: (() => void)[] = [];
  const pump = (): void => {
    for (let next = wire.shift(); next; next = wire.shift()) next();
  };
  const events: string[] = [];
  const messages: (string | Uint8Array)[] = [];
  const got: (readonly [number, number, string])[] = [];
  const link = new DataChannelLink(
    { clock, send: (bytes) => wire.push(() => answerer.receive(bytes)) },
    {
      wish: {
        ...{ label: 'fmp4Stream', isOrdered: true, maxRetransmits: 5 },
        onOpen: (channel) => {
          events.push('open');
          site.channel = channel;
        },
        onMessage: (message) => messages.push(message),
        onClose: (reason) => events.push(`close: ${reason}`),
        onRefused: (reason) => events.push(`refused: ${reason}`),
        ...wish,
      },
      ...{ localPort: 5000, remotePort: 5000, remoteMaxMessageBytes, isDtlsClient },
    },
  );
  const answerer: SctpAssociation = new SctpAssociation(
    {
      clock,
      send: (bytes) => wire.push(() => link.receive(bytes)),
      onConnected: () => undefined,
      onMessage: (streamId, protocol, bytes) => {
        got.push([streamId, protocol, Buffer.from(bytes).toString('hex')]);
      },
      onStreamReset: (streamId) => events.push(`peer: reset ${streamId}`),
      onClosed: (reason) => events.push(`peer: ${reason}`),
    },
    { localPort: 5000, remotePort: 5000 },
  );
  const say = (protocol: number, bytes: Uint8Array, streamId = isDtlsClient ? 0 : 1): void => {
    answerer.send({ streamId, protocol, bytes, isOrdered: true, maxRetransmits: undefined });
    pump();
  };
  const site: Site = { clock, link, answerer, got, events, messages, channel: undefined, say };
  link.start();
  pump();
  const plain = { send: link.send.bind(link), close: link.close.bind(link) };
  link.send = (message) => {
    const isSent = plain.send(message);
    pump();
    return isSent;
  };
  link.close = () => {
    plain.close();
    pump();
  };
  return site;
}

describe('DataChannelLink', () => {
  it('opens an ordered channel with five retransmissions on an even stream', () => {
    const { got, events } = setUp();
    // RFC 8832 section 5.1: OPEN, limited retransmissions, priority 0, 5, label, no protocol.
    const message = `0301000000000005000a0000${OPEN.toString('hex')}`;
    assert.deepEqual([events, got], [['open'], [[0, DCEP, message]]]);
  });

  it('takes an odd stream as server of DTLS, and says unordered and never again', () => {
    const { got } = setUp({ isDtlsClient: false, wish: { isOrdered: false, maxRetransmits: 0 } });
    assert.equal(got[0]?.[0], 1);
    assert.equal(got[0][2].slice(0, 16), '0381000000000000');
  });

  it('sends and gets text and bytes, empty ones too', () => {
    const { link, got, messages, say } = setUp();
    assert.ok(['é', '', Uint8Array.of(1), new Uint8Array(0)].every((each) => link.send(each)));
    assert.deepEqual(got.slice(1), [
      [0, TEXT, 'c3a9'],
      [0, 56, '00'],
      [0, BINARY, '01'],
      [0, 57, '00'],
    ]);
    say(DCEP, Uint8Array.of(2));
    say(TEXT, Buffer.from('hé'));
    say(BINARY, Uint8Array.of(9, 8));
    say(56, Uint8Array.of(0));
    say(57, Uint8Array.of(0));
    say(99, Uint8Array.of(1));
    say(TEXT, Buffer.from('another stream'), 6);
    assert.deepEqual(
      messages.map((each) => (typeof each === 'string' ? each : [...each])),
      ['hé', [9, 8], '', []],
    );
  });

  it('refuses messages longer than the peer or we take', () => {
    const { link } = setUp({ remoteMaxMessageBytes: 10 });
    assert.deepEqual([link.send('1234567890'), link.send('12345678901')], [true, false]);
    const free = setUp({ remoteMaxMessageBytes: 0 }).link;
    const sizes = [256 * 1024, 256 * 1024 + 1];
    assert.deepEqual(
      sizes.map((size) => free.send(new Uint8Array(size))),
      [true, false],
    );
  });

  it('closes by ending the stream, and says nothing of its own close', () => {
    const { link, events, clock } = setUp();
    link.close();
    link.close();
    assert.deepEqual(events, ['open', 'peer: reset 0']);
    assert.equal(link.send('late'), false);
    link.dispose();
    clock.advance(0);
    assert.equal(events.length, 2);
  });

  it('tells that the peer closed the channel, or everything', () => {
    const first = setUp();
    first.answerer.resetStream(0);
    first.say(TEXT, Buffer.from('x'), 8);
    assert.deepEqual(first.events.slice(1), [
      'close: the peer closed the channel',
      'peer: reset 0',
    ]);
    const second = setUp();
    second.link.fail('the transport is gone');
    second.link.fail('again');
    assert.deepEqual(second.events.slice(1), ['close: the transport is gone']);
    first.link.dispose();
    first.answerer.close();
    second.answerer.close();
    assert.equal(first.clock.pendingTimers + second.clock.pendingTimers, 0);
  });
});
