// Tests of one published section: order, retransmissions, padding, loss, a source that starts anew.
import assert from 'node:assert/strict';
import { writeUint16 } from '../../../core/base/bytes.ts';
import { emptyReportBlock } from '../../../core/rtp/rtcp-reports.ts';
import { RtpPacket } from '../../../core/rtp/rtp-packet.ts';
import { PublisherTrack } from '../../../core/webrtc/publisher-track.ts';
import { rtpPacket, type PacketFields } from './sample-stream.ts';

const MEDIA = 96;
const RTX = 97;

class Fixture {
  /** What came out: `sequence:payload`, `|` for a loss. */
  readonly out: string[] = [];
  readonly packets: Uint8Array[] = [];
  nowMs = 1000;
  readonly track: PublisherTrack;

  constructor(isRepeated = true) {
    this.track = new PublisherTrack({
      ...{ payloadType: MEDIA, rtxPayloadType: RTX, clockRateHz: 90000, isRepeated },
      onPacket: (packet) => {
        this.packets.push(packet.slice());
        const view = parsed(packet);
        const payload = Buffer.from(packet.subarray(view.payloadStart, view.payloadEnd));
        this.out.push(`${view.sequenceNumber}:${payload.toString()}`);
      },
      onLoss: () => this.out.push('|'),
    });
  }

  media(sequence: number, payload = 'x', more: Partial<PacketFields> = {}): void {
    const bytes = rtpPacket({
      ...{ payloadType: MEDIA, sequence, payload: Buffer.from(payload) },
      ...more,
    });
    this.track.acceptMedia(parsed(bytes), this.nowMs);
  }

  retransmission(original: number, payload = 'r', sequence = 9000): void {
    const body = Buffer.concat([Buffer.alloc(2), Buffer.from(payload)]);
    writeUint16(body, 0, original);
    const bytes = rtpPacket({ payloadType: RTX, sequence, payload: body, ssrc: 0x9999 });
    this.track.acceptRetransmission(parsed(bytes), this.nowMs);
  }

  padding(sequence: number): void {
    this.media(sequence, '', { paddingBytes: 200 });
  }

  poll(): void {
    this.track.reorder.poll(this.nowMs);
  }
}

function parsed(bytes: Uint8Array): RtpPacket {
  const packet = new RtpPacket();
  assert.equal(packet.parse(bytes), true);
  return packet;
}

describe('PublisherTrack', () => {
  it('passes packets in order with a plain header', () => {
    const fixture = new Fixture();
    fixture.media(7, 'a', {
      ...{ isMarked: true, ticks: 4711, ssrc: 0xabcdef01, paddingBytes: 3 },
      extension: Uint8Array.of(0x41, 0, 1, 0),
    });
    const expected = rtpPacket({
      ...{ payloadType: MEDIA, sequence: 7, ticks: 4711, ssrc: 0xabcdef01, isMarked: true },
      payload: Buffer.from('a'),
    });
    assert.deepEqual(Buffer.from(fixture.packets[0] ?? []), Buffer.from(expected));
  });

  it('restores the order', () => {
    const fixture = new Fixture();
    for (const sequence of [65534, 0, 65535, 2, 1]) fixture.media(sequence, `p${sequence}`);
    assert.deepEqual(fixture.out, ['65534:p65534', '65535:p65535', '0:p0', '1:p1', '2:p2']);
  });

  it('puts retransmissions into their place, under the SSRC of the media', () => {
    const fixture = new Fixture();
    fixture.media(10);
    fixture.media(12);
    fixture.retransmission(11, 'again');
    assert.deepEqual(fixture.out, ['10:x', '11:again', '12:x']);
    assert.equal(parsed(fixture.packets[1] ?? new Uint8Array()).ssrc, 0x1234);
    assert.equal(parsed(fixture.packets[1] ?? new Uint8Array()).payloadType, MEDIA);
  });

  it('drops retransmissions that carry nothing, come first, or come twice', () => {
    const fixture = new Fixture();
    fixture.retransmission(10);
    fixture.media(10);
    fixture.retransmission(10);
    const empty = rtpPacket({ payloadType: RTX, sequence: 1, paddingBytes: 100, ssrc: 0x9999 });
    fixture.track.acceptRetransmission(parsed(empty), fixture.nowMs);
    fixture.media(11);
    assert.deepEqual(fixture.out, ['10:x', '11:x']);
  });

  it('drops padding packets and closes up the numbers', () => {
    const fixture = new Fixture();
    fixture.media(65533);
    fixture.padding(65534);
    fixture.padding(65535);
    fixture.media(0);
    fixture.padding(1);
    fixture.media(2);
    assert.deepEqual(fixture.out, ['65533:x', '65534:x', '65535:x']);
  });

  it('closes up the numbers when padding comes out of order', () => {
    const fixture = new Fixture();
    fixture.media(1);
    fixture.media(3);
    fixture.padding(2);
    assert.deepEqual(fixture.out, ['1:x', '2:x']);
  });

  it('asks for what is missing, leaves the hole in the numbers when it does not come', () => {
    const fixture = new Fixture();
    fixture.media(20);
    fixture.media(23);
    const missing = new Uint16Array(8);
    assert.equal(fixture.track.nacks.collect(fixture.nowMs, missing), 0);
    fixture.nowMs += 50;
    assert.equal(fixture.track.nacks.collect(fixture.nowMs, missing), 2);
    assert.deepEqual([...missing.subarray(0, 2)], [21, 22]);
    fixture.nowMs += 200;
    fixture.poll();
    assert.deepEqual(fixture.out, ['20:x', '|', '23:x']);
    assert.equal(fixture.track.reorder.lostCount, 2);
  });

  it('waits less where nothing is sent again', () => {
    const fixture = new Fixture(false);
    fixture.media(20);
    fixture.media(22);
    fixture.nowMs += 49;
    fixture.poll();
    assert.deepEqual(fixture.out, ['20:x']);
    fixture.nowMs += 1;
    fixture.poll();
    assert.deepEqual(fixture.out, ['20:x', '|', '22:x']);
  });

  it('begins anew with another SSRC, after what was held of the old one', () => {
    const fixture = new Fixture();
    fixture.media(100, 'a');
    fixture.padding(101);
    fixture.media(103, 'held');
    fixture.media(5, 'b', { ssrc: 0x77 });
    fixture.media(6, 'c', { ssrc: 0x77 });
    assert.deepEqual(fixture.out, ['100:a', '|', '102:held', '5:b', '6:c']);
    assert.equal(fixture.track.ssrc, 0x77);
    const block = emptyReportBlock();
    fixture.track.takeReport(block, fixture.nowMs);
    assert.deepEqual(
      [block.sourceSsrc, block.extendedHighestSequence, block.cumulativeLost],
      [0x77, 6, 0],
    );
  });

  it('stays with one of several layers that send at the same time', () => {
    const fixture = new Fixture();
    const round = (sequence: number): void => {
      for (const ssrc of [0x11, 0x22, 0x33]) {
        fixture.media(sequence + ssrc * 100, `${ssrc}`, { ssrc });
      }
      fixture.nowMs += 33;
    };
    for (let sequence = 0; sequence < 20; sequence++) round(sequence);
    assert.equal(fixture.track.ssrc, 0x33);
    assert.deepEqual(fixture.out.slice(0, 3), ['1700:17', '3400:34', '5100:51']);
    const rest = Array.from({ length: 19 }, (_, index) => `${5101 + index}:51`);
    assert.deepEqual(fixture.out.slice(3), rest);
    assert.equal(fixture.track.parallelCount, 2 * 19);
  });

  it('goes back to a layer when the one it took stopped, with a wish for a key frame', () => {
    const fixture = new Fixture();
    fixture.media(1, 'a', { ssrc: 0x11 });
    fixture.media(1, 'b', { ssrc: 0x22 });
    for (let sequence = 2; sequence < 5; sequence++) {
      fixture.nowMs += 999;
      fixture.media(sequence, 'a', { ssrc: 0x11 });
    }
    assert.deepEqual(fixture.out, ['1:a', '1:b', '|', '4:a']);
    assert.equal(fixture.track.ssrc, 0x11);
  });

  it('goes on when the numbers jump', () => {
    const fixture = new Fixture();
    fixture.media(100);
    fixture.padding(101);
    fixture.media(40_000, 'a');
    fixture.media(40_001, 'b');
    assert.deepEqual(fixture.out, ['100:x', '40000:a', '40001:b']);
  });

  it('reports loss and jitter of the media, not of retransmissions', () => {
    const fixture = new Fixture();
    for (const sequence of [1, 2, 4, 5]) fixture.media(sequence, 'x', { ticks: sequence * 3000 });
    const block = emptyReportBlock();
    fixture.track.takeReport(block, fixture.nowMs);
    assert.deepEqual([block.sourceSsrc, block.cumulativeLost, block.fractionLost], [0x1234, 1, 51]);
    assert.equal(block.extendedHighestSequence, 5);
  });

  it('drops packets longer than any datagram of WebRTC', () => {
    const fixture = new Fixture();
    fixture.media(1);
    fixture.media(2, 'x'.repeat(2037));
    fixture.media(3, 'x'.repeat(2036));
    fixture.nowMs += 300;
    fixture.poll();
    assert.deepEqual(
      fixture.packets.map(({ length }) => length),
      [13, 2048],
    );
  });
});
