// Tests of a publisher's media plane with real keys: what goes up to the stream, what is reported back.
import assert from 'node:assert/strict';
import { readUint16, writeUint16 } from '../../../core/base/bytes.ts';
import { deriveSrtpKeys } from '../../../core/egress/srtp-key-derivation.ts';
import { SrtcpProtector } from '../../../core/egress/srtcp-protector.ts';
import { SrtcpReceiver } from '../../../core/egress/srtcp-receiver.ts';
import { SrtpWorkspace } from '../../../core/egress/srtp-workspace.ts';
import { ntpFractionOf, ntpSecondsOf } from '../../../core/rtp/rtcp-ntp.ts';
import { RtcpParser } from '../../../core/rtp/rtcp-parser.ts';
import { writeSenderReport } from '../../../core/rtp/rtcp-writer.ts';
import { readOffer } from '../../../core/webrtc/peer-offer.ts';
import { LoopWatch } from '../../../core/webrtc/loop-watch.ts';
import { PublisherIngest } from '../../../core/webrtc/publisher-ingest.ts';
import { planPublisher } from '../../../core/webrtc/publisher-plan.ts';
import type { SrtpKeys, SrtpProfile } from '../../../core/webrtc/transport/dtls-port.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { referenceProtectRtp } from '../egress/support/reference-srtp.ts';
import { RtcpRecorder, type RtcpRecord } from '../rtp/rtcp-recorder.ts';
import { audioSection, offerOf, publisherOffer, videoSection } from './sample-offers.ts';
import { rtpPacket, type PacketFields } from './sample-stream.ts';

const VIDEO = { payloadType: 96, ssrc: 0x1111 };
const AUDIO = { payloadType: 111, ssrc: 0x2222 };
const LOCAL_SSRC = 0x5eed;

function keysOf(profile: SrtpProfile): SrtpKeys {
  const saltBytes = profile === 1 ? 14 : 12;
  return {
    profile,
    local: { key: Buffer.alloc(16, 1), salt: Buffer.alloc(saltBytes, 2) },
    remote: { key: Buffer.alloc(16, 3), salt: Buffer.alloc(saltBytes, 4) },
  };
}

/** A publisher's browser, and what the ingest made of its packets. */
class Fixture {
  readonly clock = new FakeClock();
  readonly loop = new LoopWatch(this.clock);
  /** `section:sequence`. */
  readonly packets: string[] = [];
  readonly losses: number[] = [];
  readonly senderReports: (readonly [number, number, number])[] = [];
  readonly sent: Uint8Array[] = [];
  readonly ingest: PublisherIngest;
  /** Called with each packet that goes up. */
  onPacket: (() => void) | undefined;
  readonly #keys: SrtpKeys;
  readonly #receiver: SrtcpReceiver;
  readonly #protector: SrtcpProtector;
  #transportSequence = 0;

  constructor(offer = publisherOffer(), profile: SrtpProfile = 1) {
    this.#keys = keysOf(profile);
    const { local, remote } = this.#keys;
    const browser = new SrtpWorkspace();
    this.#receiver = new SrtcpReceiver(
      deriveSrtpKeys({ profile, masterKey: local.key, masterSalt: local.salt }),
      browser,
    );
    this.#protector = new SrtcpProtector(
      deriveSrtpKeys({ profile, masterKey: remote.key, masterSalt: remote.salt }),
      browser,
    );
    this.ingest = new PublisherIngest(
      {
        ...{ clock: this.clock, loop: this.loop },
        ...{ workspace: new SrtpWorkspace(), sendWorkspace: new SrtpWorkspace() },
        send: (bytes) => this.sent.push(bytes.slice()),
      },
      {
        plan: planPublisher(readOffer(offer)),
        ...{ keys: this.#keys, localSsrc: LOCAL_SSRC },
        onPacket: (index, packet) => {
          this.packets.push(`${index}:${readUint16(packet, 2)}`);
          this.onPacket?.();
        },
        onLoss: (index) => this.losses.push(index),
        onSenderReport: (...facts) => this.senderReports.push(facts),
      },
    );
  }

  /** Sends one RTP packet as the browser would, with the next transport-wide number. */
  send(fields: PacketFields, transportSequence = this.#transportSequence++): void {
    const extension = Uint8Array.of(0x41, transportSequence >> 8, transportSequence & 0xff);
    const payload = fields.payload ?? Buffer.from('media');
    this.receive(rtpPacket({ extension, ...fields, payload }));
  }

  receive(plain: Uint8Array): void {
    const { profile, remote } = this.#keys;
    const keys = deriveSrtpKeys({ profile, masterKey: remote.key, masterSalt: remote.salt });
    this.ingest.receiveRtp(referenceProtectRtp(keys, Buffer.from(plain), readUint16(plain, 2)));
  }

  sendRtcp(plain: Uint8Array): void {
    this.ingest.receiveRtcp(this.#protector.protect(plain) ?? assert.fail('not protected'));
  }

  /** Lets time pass in steps of the session's feedback timer. */
  tick(ms = 50): void {
    for (let passed = 0; passed < ms; passed += 50) {
      this.clock.advance(50);
      this.ingest.tick();
    }
  }

  /** What was sent to the browser since the last call, opened. */
  takeSent(): { readonly records: RtcpRecord[]; readonly feedbacks: Buffer[] } {
    const recorder = new RtcpRecorder();
    const feedbacks: Buffer[] = [];
    for (const bytes of this.sent.splice(0)) {
      const plain = this.#receiver.unprotect(bytes);
      assert.ok(plain, 'our feedback opens with our keys');
      assert.equal(new RtcpParser().parse(plain, recorder), true);
      if (plain[0] === 0x8f && plain[1] === 205) feedbacks.push(Buffer.from(plain));
    }
    return { records: recorder.records, feedbacks };
  }
}

/** Base and number of packets of a transport-wide feedback. */
const rangeOf = (feedback: Buffer): number[] => [
  feedback.readUInt16BE(12),
  feedback.readUInt16BE(14),
];

describe('PublisherIngest', () => {
  for (const profile of [1, 7] as const) {
    it(`takes packets and answers with SRTP profile ${profile}`, () => {
      const fixture = new Fixture(publisherOffer(), profile);
      for (let sequence = 0; sequence < 5; sequence++) {
        fixture.send({ ...VIDEO, sequence });
        fixture.send({ ...AUDIO, sequence: 100 + sequence });
      }
      assert.deepEqual(fixture.packets.slice(0, 4), ['0:0', '1:100', '0:1', '1:101']);
      fixture.tick(1000);
      const { records, feedbacks } = fixture.takeSent();
      assert.deepEqual(
        records.filter(([event]) => event !== 'block'),
        [['receiver-report', LOCAL_SSRC]],
      );
      assert.deepEqual(feedbacks.map(rangeOf), [[0, 10]]);
    });
  }

  it('refuses packets of another key, and counts payload types that were not agreed', () => {
    const fixture = new Fixture();
    fixture.ingest.receiveRtp(rtpPacket({ ...VIDEO, sequence: 1, payload: Buffer.alloc(60) }));
    fixture.ingest.receiveRtp(new Uint8Array(0));
    fixture.ingest.receiveRtcp(Buffer.alloc(40, 0x81));
    fixture.send({ payloadType: 102, sequence: 1, ssrc: 3 });
    assert.deepEqual(fixture.packets, []);
    const { rtpPackets, rtcpPackets, unknownPackets } = fixture.ingest.stats;
    assert.deepEqual([rtpPackets, rtcpPackets, unknownPackets], [3, 1, 1]);
    fixture.tick(1000);
    assert.deepEqual(fixture.takeSent().feedbacks.map(rangeOf), [[0, 1]]);
  });

  it('finds sections by payload type: no a=ssrc is needed', () => {
    const offer = publisherOffer();
    assert.doesNotMatch(offer, /a=ssrc/u);
    const fixture = new Fixture(offer);
    fixture.send({ payloadType: 111, sequence: 9, ssrc: 0xabc });
    fixture.send({ payloadType: 96, sequence: 3, ssrc: 0xdef });
    assert.deepEqual(fixture.packets, ['1:9', '0:3']);
  });

  it('reports every packet of the transport each 50 ms: padding, retransmissions and all', () => {
    const fixture = new Fixture();
    fixture.send({ ...VIDEO, sequence: 1 });
    fixture.send({ ...VIDEO, sequence: 2, payload: new Uint8Array(0), paddingBytes: 100 });
    fixture.send({ ...AUDIO, sequence: 7 });
    fixture.tick();
    const original = Buffer.from([0, 5, 1, 2, 3]);
    fixture.send({ payloadType: 97, sequence: 50, ssrc: 0x3333, payload: original });
    fixture.send({ payloadType: 99, sequence: 1, ssrc: 0x4444 });
    fixture.tick();
    fixture.tick(200);
    const { feedbacks } = fixture.takeSent();
    assert.deepEqual(feedbacks.map(rangeOf), [
      [0, 3],
      [3, 2],
    ]);
    assert.deepEqual(
      feedbacks.map((feedback) => [
        feedback.readUInt32BE(4),
        feedback.readUInt32BE(8),
        feedback[19],
      ]),
      [
        [LOCAL_SSRC, VIDEO.ssrc, 0],
        [LOCAL_SSRC, VIDEO.ssrc, 1],
      ],
    );
  });

  it('reports a gap in the transport-wide numbers as lost', () => {
    const fixture = new Fixture();
    fixture.send({ ...VIDEO, sequence: 1 }, 65535);
    fixture.send({ ...VIDEO, sequence: 2 }, 2);
    fixture.tick();
    const [feedback] = fixture.takeSent().feedbacks;
    assert.ok(feedback);
    assert.deepEqual(rangeOf(feedback), [65535, 4]);
    assert.equal(feedback.readUInt16BE(20), 0b10_1001_0000_0000_00);
  });

  it('reports what came while the process stood still as it was sent', () => {
    const sendTime =
      'a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\na=extmap:4 ';
    const fixture = new Fixture(publisherOffer().replaceAll('a=extmap:4 ', sendTime));
    const send = (number: number, sentMs: number): void => {
      const ticks = Math.round(sentMs * 262.144);
      const extension = Uint8Array.of(
        ...[0x22, ticks >> 16, (ticks >> 8) & 0xff, ticks & 0xff],
        ...[0x41, 0, number],
      );
      fixture.send({ ...VIDEO, sequence: number, extension });
    };
    fixture.clock.advance(640);
    fixture.loop.stallStartMs = 640;
    send(1, 0);
    fixture.clock.advance(100);
    fixture.loop.stallEndMs = 740;
    for (const [index, sentMs] of [20.1, 30.1, 70.1, 71.1].entries()) send(2 + index, sentMs);
    fixture.ingest.tick();
    const [feedback] = fixture.takeSent().feedbacks;
    assert.ok(feedback);
    assert.deepEqual(rangeOf(feedback), [1, 5]);
    // One run-length chunk, then deltas of 250 us.
    assert.deepEqual([...feedback.subarray(22, 27)], [0, 80, 40, 160, 4]);
  });

  it('sends receiver reports each second with loss and the echo of a sender report', () => {
    const fixture = new Fixture();
    for (const sequence of [1, 2, 4]) fixture.send({ ...VIDEO, sequence });
    const report = Buffer.alloc(28);
    const wallMs = fixture.clock.nowMs() + 250;
    const info = {
      ...{ senderSsrc: VIDEO.ssrc, rtpTicks: 90_000, packetCount: 3, octetCount: 15 },
      ntpSeconds: ntpSecondsOf(wallMs),
      ntpFraction: ntpFractionOf(wallMs),
    };
    writeSenderReport(report, 0, { info });
    fixture.sendRtcp(report);
    assert.deepEqual(fixture.senderReports, [[0, wallMs, 90_000]]);
    fixture.tick(2000);
    const blocks = fixture.takeSent().records.filter(([event]) => event === 'block');
    assert.equal(blocks.length, 2);
    const [, block] = blocks[0] ?? [];
    assert.deepEqual(block, {
      ...{ sourceSsrc: VIDEO.ssrc, cumulativeLost: 1, fractionLost: 64 },
      ...{ extendedHighestSequence: 4, jitterTicks: 0 },
      lastSenderReport: (((ntpSecondsOf(wallMs) & 0xffff) << 16) | 0x4000) >>> 0,
      delaySinceLastSenderReport: 0x10000,
    });
  });

  it('passes no sender report on that has no wall time', () => {
    const fixture = new Fixture();
    fixture.send({ ...VIDEO, sequence: 1 });
    const report = Buffer.alloc(28);
    const info = { senderSsrc: VIDEO.ssrc, rtpTicks: 1, packetCount: 1, octetCount: 5 };
    writeSenderReport(report, 0, { info: { ...info, ntpSeconds: 0, ntpFraction: 0 } });
    fixture.sendRtcp(report);
    assert.deepEqual(fixture.senderReports, []);
  });

  it('leaves sender reports of strangers alone', () => {
    const fixture = new Fixture();
    const report = Buffer.alloc(28);
    const info = {
      senderSsrc: 0,
      rtpTicks: 1,
      packetCount: 0,
      octetCount: 0,
      ntpSeconds: 1,
      ntpFraction: 0,
    };
    writeSenderReport(report, 0, { info });
    fixture.sendRtcp(report);
    writeSenderReport(report, 0, { info: { ...info, senderSsrc: 0x7777 } });
    fixture.sendRtcp(report);
    assert.deepEqual(fixture.senderReports, []);
  });

  it('asks for missing packets, takes their retransmission, gives up in time', () => {
    const fixture = new Fixture();
    for (const sequence of [10, 12, 13, 17]) fixture.send({ ...VIDEO, sequence });
    fixture.tick();
    assert.deepEqual(
      fixture.takeSent().records.filter(([event]) => event === 'nack'),
      [11, 14, 15, 16].map((sequence) => ['nack', VIDEO.ssrc, sequence]),
    );
    const again = Buffer.alloc(8, 1);
    writeUint16(again, 0, 11);
    fixture.send({ payloadType: 97, sequence: 1, ssrc: 0x3333, payload: again });
    assert.deepEqual(fixture.packets, ['0:10', '0:11', '0:12', '0:13']);
    assert.deepEqual(fixture.losses, []);
    fixture.tick(200);
    assert.deepEqual(fixture.packets.slice(4), ['0:17']);
    assert.deepEqual(fixture.losses, [0]);
  });

  it('does not ask for audio that is never sent again', () => {
    const fixture = new Fixture();
    for (const sequence of [10, 12]) fixture.send({ ...AUDIO, sequence });
    fixture.tick(100);
    assert.deepEqual(fixture.packets, ['1:10', '1:12']);
    assert.ok(fixture.takeSent().records.every(([event]) => event !== 'nack'));
  });

  it('puts a report before feedback where reduced size was not agreed', () => {
    const fixture = new Fixture(publisherOffer().replaceAll('a=rtcp-rsize\r\n', ''));
    for (const sequence of [1, 3]) fixture.send({ ...VIDEO, sequence });
    fixture.ingest.requestKeyFrame(0);
    fixture.tick();
    assert.equal(fixture.sent.length, 3);
    assert.deepEqual(
      fixture.takeSent().records.map(([event]) => event),
      ['receiver-report', 'picture-loss', 'receiver-report', 'nack', 'receiver-report'],
    );
  });

  it('asks for a key frame by PLI once a section has sent', () => {
    const fixture = new Fixture();
    fixture.ingest.requestKeyFrame(0);
    fixture.ingest.requestKeyFrame(5);
    assert.deepEqual(fixture.sent, []);
    fixture.send({ ...VIDEO, sequence: 1 });
    fixture.ingest.requestKeyFrame(0);
    assert.deepEqual(fixture.takeSent().records, [['picture-loss', VIDEO.ssrc]]);
  });

  it('may be asked for a key frame while it reads a packet', () => {
    const fixture = new Fixture();
    fixture.onPacket = () => fixture.ingest.requestKeyFrame(0);
    fixture.send({ ...VIDEO, sequence: 1 });
    fixture.send({ ...VIDEO, sequence: 2 });
    assert.deepEqual(fixture.packets, ['0:1', '0:2']);
    assert.equal(fixture.takeSent().records.length, 2);
  });

  it('estimates for publishers without transport-wide feedback', () => {
    const none = { direction: 'sendonly', hasTransportSequence: false } as const;
    const fixture = new Fixture(offerOf(videoSection(none), audioSection(none)));
    fixture.tick(1000);
    fixture.send({ ...VIDEO, sequence: 1 });
    fixture.send({ ...AUDIO, sequence: 1 });
    fixture.tick(1000);
    const { records, feedbacks } = fixture.takeSent();
    assert.deepEqual(feedbacks, []);
    const estimates = records.filter(([event]) => event === 'maximum-bitrate');
    assert.deepEqual(
      estimates.map(([, , ssrc]) => ssrc),
      [VIDEO.ssrc, AUDIO.ssrc],
    );
    for (const [, bitrate] of estimates) {
      assert.ok(typeof bitrate === 'number' && bitrate > 9.9e6 && bitrate <= 10e6);
    }
  });

  it('does not estimate for publishers who do not want it', () => {
    const none = { direction: 'sendonly', hasTransportSequence: false } as const;
    const offer = offerOf(videoSection(none), audioSection(none));
    const fixture = new Fixture(offer.replaceAll(/a=rtcp-fb:\d+ goog-remb\r\n/gu, ''));
    fixture.send({ ...VIDEO, sequence: 1 });
    fixture.tick(1000);
    assert.deepEqual(
      fixture.takeSent().records.map(([event]) => event),
      ['receiver-report', 'block'],
    );
  });

  it('sends nothing but an empty report while nothing comes', () => {
    const fixture = new Fixture();
    fixture.tick(950);
    assert.equal(fixture.sent.length, 0);
    fixture.tick();
    assert.deepEqual(fixture.takeSent().records, [['receiver-report', LOCAL_SSRC]]);
  });
});
