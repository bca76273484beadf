// Tests of the hub: what a source writes is what readers find, through loss, restart and misbehaviour.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { Stream } from '../../../core/stream/stream.ts';
import type { StreamReader } from '../../../core/stream/stream-reader.ts';
import type { Track } from '../../../core/stream/track.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const GENERIC: TrackDescription = {
  kind: 'application',
  codec: { name: 'Generic', clockRateHz: 90000, rtpmap: 'vnd.onvif.metadata/90000', fmtp: '' },
  payloadType: 107,
};
const VIDEO: TrackDescription = {
  kind: 'video',
  codec: { name: 'H264', clockRateHz: 90000, packetizationMode: 1 },
  payloadType: 96,
};

function packet(options: {
  readonly sequence: number;
  readonly ticks?: number;
  readonly ssrc?: number;
  readonly payloadType?: number;
  readonly isMarked?: boolean;
  readonly payload?: string | Buffer;
}): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = (options.payloadType ?? 107) | (options.isMarked === true ? 0x80 : 0);
  header.writeUInt16BE(options.sequence & 0xffff, 2);
  header.writeUInt32BE((options.ticks ?? 0) >>> 0, 4);
  header.writeUInt32BE(options.ssrc ?? 7, 8);
  return Buffer.concat([header, Buffer.from(options.payload ?? 'x')]);
}

/** Walks a track's ring as every reader does. */
class WalkingReader implements StreamReader {
  readonly payloads: string[] = [];
  readonly sequences: number[] = [];
  readonly timestamps: number[] = [];
  wakes = 0;
  holes = 0;
  closedFor: MediaError | undefined;
  #next: number | undefined;

  onPublish(track: Track): void {
    this.wakes++;
    const { ring } = track;
    for (let next = this.#next ?? ring.tail; next < ring.head; next++) {
      const slot = ring.slotOf(next);
      const length = ring.lengths[slot] ?? 0;
      const offset = ring.offsets[slot] ?? 0;
      if (length === 0) this.holes++;
      else {
        const bytes = ring.bytes.subarray(offset, offset + length);
        this.payloads.push(bytes.subarray(12).toString());
        this.sequences.push(bytes.readUInt16BE(2));
        this.timestamps.push(bytes.readUInt32BE(4));
      }
    }
    this.#next = ring.head;
  }

  onStreamClosed(reason: MediaError): void {
    this.closedFor = reason;
  }
}

function open(descriptions: readonly TrackDescription[] = [GENERIC]): {
  clock: FakeClock;
  stream: Stream;
  reader: WalkingReader;
} {
  const clock = new FakeClock();
  const stream = new Stream(descriptions, { clock });
  const reader = new WalkingReader();
  stream.addReader(reader);
  return { clock, stream, reader };
}

describe('Stream', () => {
  it('wakes a reader once for all packets of a read', () => {
    const { stream, reader } = open();
    const writer = stream.attach([GENERIC]);
    for (const sequence of [10, 11, 12]) {
      assert.ok(writer.writeRtp(0, packet({ sequence, payload: `p${sequence}` })));
    }
    assert.equal(reader.wakes, 0);
    writer.publish();
    writer.publish();
    assert.equal(reader.wakes, 1);
    assert.deepEqual(reader.payloads, ['p10', 'p11', 'p12']);
  });

  it('gives its own consecutive sequence numbers and one SSRC', () => {
    const { stream, reader } = open();
    const writer = stream.attach([GENERIC]);
    writer.writeRtp(0, packet({ sequence: 65535 }));
    writer.writeRtp(0, packet({ sequence: 0 }));
    writer.publish();
    const [first = 0, second] = reader.sequences;
    assert.equal(second, (first + 1) & 0xffff);
    assert.equal(stream.tracks[0]?.stats.packetsLost, 0);
  });

  it('counts lost, late and foreign packets', () => {
    const { stream } = open();
    const writer = stream.attach([GENERIC]);
    writer.writeRtp(0, packet({ sequence: 1 }));
    writer.writeRtp(0, packet({ sequence: 5 }));
    assert.equal(writer.writeRtp(0, packet({ sequence: 4 })), false);
    assert.equal(writer.writeRtp(0, packet({ sequence: 6, payloadType: 13 })), false);
    assert.equal(writer.writeRtp(0, Buffer.from('not RTP')), false);
    assert.equal(writer.writeRtp(3, packet({ sequence: 6 })), false);
    const stats = stream.tracks[0]?.stats;
    assert.equal(stats?.packetsLost, 3);
    assert.equal(stats.packetsLate, 1);
    assert.equal(stats.packetsInError, 2);
  });

  it('follows a source that restarts its numbers without saying so', () => {
    const { clock, stream, reader } = open();
    const writer = stream.attach([GENERIC]);
    writer.writeRtp(0, packet({ sequence: 40000, ticks: 1_000_000 }));
    clock.advance(1000);
    for (let sequence = 0; sequence < 40; sequence++) {
      writer.writeRtp(0, packet({ sequence, ticks: 500, payload: `r${sequence}` }));
    }
    writer.publish();
    assert.ok(reader.payloads.includes('r39'));
    assert.equal(reader.timestamps.at(-1), 1_000_000 + 90_000);
  });

  it('continues the timeline when another SSRC takes over', () => {
    const { clock, stream, reader } = open();
    const writer = stream.attach([GENERIC]);
    writer.writeRtp(0, packet({ sequence: 1, ticks: 90_000 }));
    clock.advance(500);
    writer.writeRtp(0, packet({ sequence: 900, ticks: 4_000_000_000, ssrc: 8 }));
    writer.writeRtp(0, packet({ sequence: 901, ticks: 4_000_003_000, ssrc: 8 }));
    writer.publish();
    assert.deepEqual(reader.timestamps, [90_000, 135_000, 138_000]);
  });

  it('keeps readers when a publisher comes back with the same tracks', () => {
    const { clock, stream, reader } = open();
    const first = stream.attach([GENERIC]);
    first.writeRtp(0, packet({ sequence: 1, ticks: 1000, payload: 'a' }));
    first.publish();
    first.close();
    assert.equal(stream.isOnline, false);
    clock.advance(2000);
    const second = stream.attach([{ ...GENERIC, payloadType: 98 }]);
    second.writeRtp(0, packet({ sequence: 77, ticks: 5, payloadType: 98, payload: 'b' }));
    second.publish();
    assert.deepEqual(reader.payloads, ['a', 'b']);
    assert.deepEqual(reader.timestamps, [1000, 1000 + 180_000]);
    assert.equal(reader.holes, 1);
    assert.equal(reader.closedFor, undefined);
  });

  it('believes what the second publisher announces, also when the first one sent nothing', () => {
    const { stream, reader } = open([VIDEO]);
    stream.attach([VIDEO]).close();
    const sps = Buffer.from('6742c01edd8088fee0', 'hex');
    const codec = { ...VIDEO.codec, sps };
    const writer = stream.attach([{ kind: 'video', codec, payloadType: 98 }]);
    const [track] = stream.tracks;
    assert.ok(track?.codec.name === 'H264');
    assert.deepEqual(track.codec.sps && Buffer.from(track.codec.sps), sps);
    const payload = Buffer.from('419a2233', 'hex');
    assert.equal(writer.writeRtp(0, packet({ sequence: 1, payloadType: 98, payload })), true);
    writer.publish();
    assert.deepEqual([reader.payloads.length, reader.holes], [1, 0]);
  });

  it('knows the time of audio that nobody marks', () => {
    const audio: TrackDescription = {
      kind: 'audio',
      codec: { name: 'Opus', clockRateHz: 48000, channelCount: 2 },
      payloadType: 111,
    };
    const { clock, stream } = open([audio]);
    const writer = stream.attach([audio]);
    const payload = Buffer.from('780102', 'hex');
    for (let sequence = 0; sequence < 3; sequence++) {
      const ticks = 0xffffff00 + sequence * 960;
      writer.writeRtp(0, packet({ sequence, ticks, payload, payloadType: 111 }));
      clock.advance(20);
    }
    assert.equal(stream.clock.ticksAt(0, clock.monotonicMs()), (0xffffff00 + 3 * 960) >>> 0);
  });

  it('takes no sender report before the first packet of a publisher that came back', () => {
    const { clock, stream } = open([VIDEO]);
    const play = (sequence: number, ticks: number, ssrc: number): void => {
      const key = Buffer.from('658884', 'hex');
      const video = { payloadType: 96, isMarked: true, payload: key };
      writer.writeRtp(0, packet({ sequence, ticks, ssrc, ...video }));
    };
    let writer = stream.attach([VIDEO]);
    play(1, 90_000, 7);
    writer.close();
    clock.advance(2000);
    writer = stream.attach([VIDEO]);
    // The timeline that it will go on with is not known yet.
    writer.writeSenderReport(0, 5000, 3_000_000_000);
    play(9, 3_000_000_000, 8);
    assert.equal(stream.clock.usesSourceClock, false);
    writer.writeSenderReport(0, 5000, 3_000_000_000);
    assert.equal(stream.clock.ticksAt(0, clock.monotonicMs()), 90_000 + 180_000);
  });

  it('refuses a second writer and other tracks', () => {
    const { stream } = open();
    const writer = stream.attach([GENERIC]);
    assert.throws(() => stream.attach([GENERIC]), { code: 'stream-has-writer' });
    writer.close();
    assert.equal(stream.canAttach([VIDEO]), false);
    assert.throws(() => stream.attach([VIDEO]), { code: 'stream-tracks-differ' });
    assert.throws(() => stream.attach([GENERIC, VIDEO]), { code: 'stream-tracks-differ' });
  });

  it('drops what a closed writer still writes', () => {
    const { stream, reader } = open();
    const writer = stream.attach([GENERIC]);
    writer.close();
    assert.equal(writer.writeRtp(0, packet({ sequence: 1 })), false);
    writer.publish();
    assert.equal(reader.wakes, 0);
  });

  it('removes a reader that throws and goes on with the others', () => {
    const { stream, reader } = open();
    let closedFor = '';
    stream.addReader({
      onPublish: () => {
        throw new MediaError('internal', 'internal', 'broken reader');
      },
      onStreamClosed: (reason) => (closedFor = reason.message),
    });
    const writer = stream.attach([GENERIC]);
    writer.writeRtp(0, packet({ sequence: 1 }));
    writer.publish();
    writer.writeRtp(0, packet({ sequence: 2 }));
    writer.publish();
    assert.equal(closedFor, 'broken reader');
    assert.equal(stream.readerCount, 1);
    assert.equal(reader.wakes, 2);
  });

  it('tells every reader once why it ended, then takes nobody any more', () => {
    const { stream, reader } = open();
    const writer = stream.attach([GENERIC]);
    const reason = new MediaError('unavailable', 'stream-ended', 'gone');
    stream.close(reason);
    stream.close(new MediaError('internal', 'internal', 'second'));
    assert.equal(reader.closedFor, reason);
    assert.equal(writer.isClosed, true);
    assert.throws(() => stream.addReader(reader), { code: 'stream-ended' });
    assert.throws(() => stream.attach([GENERIC]), { code: 'stream-ended' });
  });

  it('asks the source for at most one key frame a second, whoever asks', () => {
    const { clock, stream } = open([VIDEO]);
    const asked: number[] = [];
    stream.attach([VIDEO], { onKeyFrameRequest: (track) => asked.push(track) });
    const [track] = stream.tracks;
    assert.ok(track);
    for (let viewer = 0; viewer < 100; viewer++) stream.requestKeyFrame(track);
    assert.deepEqual(asked, [0]);
    clock.advance(999);
    assert.deepEqual(asked, [0]);
    clock.advance(1);
    assert.deepEqual(asked, [0, 0]);
    clock.advance(5000);
    assert.deepEqual(asked, [0, 0]);
  });

  it('takes a pending wish back when a key frame came', () => {
    const { clock, stream } = open([VIDEO]);
    const asked: number[] = [];
    const writer = stream.attach([VIDEO], { onKeyFrameRequest: (track) => asked.push(track) });
    const [track] = stream.tracks;
    assert.ok(track);
    stream.requestKeyFrame(track);
    stream.requestKeyFrame(track);
    const sps = Buffer.from('6742c01edd8088fee0', 'hex');
    const pps = Buffer.from('68ce3c80', 'hex');
    const idr = Buffer.from('65888400', 'hex');
    const write = (sequence: number, payload: Buffer, isMarked: boolean): void => {
      writer.writeRtp(0, packet({ sequence, payload, isMarked, payloadType: 96 }));
    };
    write(1, sps, false);
    write(2, pps, false);
    write(3, idr, true);
    writer.publish();
    clock.advance(5000);
    assert.deepEqual(asked, [0]);
    assert.equal(stream.hasParameterSets, true);
  });

  it('waits for parameter sets no longer than asked', async () => {
    const { clock, stream } = open([VIDEO]);
    const waited = stream.waitForParameterSets(100);
    for (let step = 0; step < 12; step++) {
      clock.advance(10);
      await Promise.resolve();
      await Promise.resolve();
    }
    assert.equal(await waited, false);
  });
});
