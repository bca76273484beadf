// Two associations over a network that the test turns by hand: loss, disorder, garbage, endings.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { crc32c } from '../../../../core/webrtc/client/crc32c.ts';
import type { SctpAssociation } from '../../../../core/webrtc/client/sctp-association.ts';
import {
  parseSctpPacket,
  parseSctpParameters,
  sctpChunkType,
  writeSctpPacket,
} from '../../../../core/webrtc/client/sctp-packet.ts';
import { chunksTo, firstTsnOf, inject, SctpNetwork, tagOf } from './sctp-network.ts';

function message(
  bytes: Uint8Array,
  options: { readonly isOrdered?: boolean; readonly maxRetransmits?: number } = {},
): Parameters<SctpAssociation['send']>[0] {
  const { isOrdered = true, maxRetransmits } = options;
  return { streamId: 0, protocol: 53, bytes, isOrdered, maxRetransmits };
}

function numbered(index: number, size = 4): Uint8Array {
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, index);
  return bytes;
}

function numbersOf(messages: readonly Uint8Array[]): number[] {
  return messages.map((bytes) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0));
}

/** Pseudo-random numbers below 1 that repeat from run to run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The next packet does not arrive. */
function loseOne(network: SctpNetwork): void {
  network.isLost = () => {
    network.isLost = () => false;
    return true;
  };
}

describe('SctpAssociation', () => {
  it('has the checksum of RFC 9260 appendix A', () => {
    // The test vectors of RFC 3720 appendix B.4: zeros, and "123456789" of the catalogue.
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  });

  it('connects when one end starts, and when both do', () => {
    const one = new SctpNetwork();
    one.connect();
    assert.deepEqual(one.log, ['b connected', 'a connected']);
    const both = new SctpNetwork();
    both.a.start();
    both.b.start();
    both.settle();
    assert.deepEqual(both.log.sort(), ['a connected', 'b connected']);
    assert.ok(both.a.send(message(numbered(1))));
    assert.ok(both.b.send(message(numbered(2))));
    both.settle();
    assert.deepEqual([numbersOf(both.messages.b), numbersOf(both.messages.a)], [[1], [2]]);
  });

  it('connects though the first three packets of the handshake are lost', () => {
    const network = new SctpNetwork();
    network.isLost = (_packet, index) => index < 3;
    network.a.start();
    network.run(20_000);
    assert.ok(network.a.isEstablished && network.b.isEstablished);
  });

  it('connects though the answer to an INIT comes after the INIT was sent again', () => {
    const network = new SctpNetwork();
    network.isLost = ({ to }) => to === 'a';
    network.a.start();
    network.run(1500);
    const [late] = network.seen.filter(({ to }) => to === 'a');
    assert.ok(late);
    assert.equal(chunksTo(network, 'a', sctpChunkType.initAck).length, 2);
    network.isLost = () => false;
    network.a.receive(late.bytes);
    network.settle();
    assert.ok(network.a.isEstablished && network.b.isEstablished);
  });

  it('says when nobody answers, and leaves no timer', () => {
    const network = new SctpNetwork();
    network.isLost = () => true;
    network.a.start();
    network.run(100_000, 1000);
    assert.deepEqual(network.log, ['a closed: the peer does not answer']);
    assert.equal(network.clock.pendingTimers, 0);
  });

  it('carries messages of any size both ways, the bytes as they were', () => {
    const network = new SctpNetwork();
    network.connect();
    const sizes = [1, 2, 1131, 1132, 1133, 2264, 65_536, 256 * 1024];
    const sent = sizes.map((size) => randomBytes(size));
    for (const bytes of sent) {
      assert.ok(network.a.send(message(bytes)));
      assert.ok(network.b.send(message(bytes)));
    }
    network.run(1000);
    for (const side of ['a', 'b'] as const) {
      assert.equal(network.messages[side].length, sizes.length);
      sent.forEach((bytes, index) =>
        assert.ok(bytes.equals(network.messages[side][index] ?? new Uint8Array(0))),
      );
    }
    assert.deepEqual([network.a.bufferedBytes, network.b.bufferedBytes], [0, 0]);
    network.clock.advance(200);
    assert.equal(network.clock.pendingTimers, 0);
  });

  it('drops a message above 256 KB, and goes on', () => {
    const network = new SctpNetwork();
    network.connect();
    network.a.send(message(new Uint8Array(256 * 1024 + 1)));
    network.a.send(message(numbered(7)));
    network.run(1000);
    assert.deepEqual(numbersOf(network.messages.b), [7]);
  });

  it('bounds what waits', () => {
    const network = new SctpNetwork();
    network.isLost = () => true;
    network.a.start();
    let count = 0;
    while (count < 10_000 && network.a.send(message(new Uint8Array(10_000)))) count++;
    assert.ok(network.a.bufferedBytes <= 4 * 1024 * 1024, `${network.a.bufferedBytes} bytes`);
    assert.ok(count > 400 && count < 420, `${count} messages`);
  });

  for (const [what, seed] of [
    ['loss and disorder', 7],
    ['other loss and disorder', 99],
  ] as const) {
    it(`delivers everything in order through ${what}`, () => {
      const network = new SctpNetwork();
      network.connect();
      const next = chance(seed);
      network.isLost = () => next() < 0.1;
      network.pick = (count) => Math.floor(next() * Math.min(count, 5));
      for (let index = 0; index < 300; index++) network.a.send(message(numbered(index, 1500)));
      network.run(120_000, 100);
      assert.deepEqual(numbersOf(network.messages.b), [...Array(300).keys()]);
      assert.equal(network.a.bufferedBytes, 0);
    });
  }

  it('gives a message up after its retransmissions, and the receiver goes on', () => {
    const network = new SctpNetwork();
    network.connect();
    let copies = 0;
    network.isLost = ({ bytes }) => {
      const [chunk] = parseSctpPacket(bytes)?.chunks ?? [];
      const isVictim = chunk?.type === sctpChunkType.data && chunk.value.at(15) === 3;
      if (isVictim) copies++;
      return isVictim;
    };
    for (let index = 0; index < 10; index++) {
      network.a.send(message(numbered(index), { maxRetransmits: 5 }));
    }
    network.run(60_000, 100);
    assert.deepEqual(numbersOf(network.messages.b), [0, 1, 2, 4, 5, 6, 7, 8, 9]);
    assert.equal(copies, 6);
    assert.ok(chunksTo(network, 'b', sctpChunkType.forwardTsn).length > 0);
    assert.deepEqual([network.a.bufferedBytes, network.clock.pendingTimers], [0, 0]);
  });

  it('gives up a long message of which one piece is lost', () => {
    const network = new SctpNetwork();
    network.connect();
    let count = 0;
    network.isLost = ({ bytes, to }) => {
      const [chunk] = parseSctpPacket(bytes)?.chunks ?? [];
      // The second piece, whenever it comes.
      return (
        to === 'b' && chunk?.type === sctpChunkType.data && chunk.value[20] === 0xee && ++count > 0
      );
    };
    const long = new Uint8Array(5000);
    long[1132 + 8] = 0xee;
    network.a.send(message(long, { isOrdered: false, maxRetransmits: 1 }));
    network.a.send(message(numbered(1), { isOrdered: false, maxRetransmits: 1 }));
    network.run(30_000, 100);
    assert.equal(count, 2);
    assert.deepEqual(numbersOf(network.messages.b), [1]);
  });

  it('lives on while only what was given up is acknowledged', () => {
    const network = new SctpNetwork();
    network.connect();
    const isData = (bytes: Uint8Array): boolean =>
      parseSctpPacket(bytes)?.chunks[0]?.type === sctpChunkType.data;
    network.isLost = ({ to, bytes }) => to === 'b' && isData(bytes);
    for (let index = 0; index < 30; index++) {
      assert.ok(network.a.send(message(numbered(index), { maxRetransmits: 0 })));
      network.run(11_000, 500);
      assert.equal(network.a.bufferedBytes, 0);
    }
    assert.ok(network.a.isEstablished);
    network.isLost = () => false;
    network.a.send(message(numbered(30), { maxRetransmits: 0 }));
    network.settle();
    assert.deepEqual(numbersOf(network.messages.b), [30]);
  });

  it('ends when the peer acknowledges nothing any more', () => {
    const network = new SctpNetwork();
    network.connect();
    network.isLost = () => true;
    network.a.send(message(numbered(1)));
    network.run(200_000, 1000);
    assert.match(network.log.at(-1) ?? '', /^a closed: the peer acknowledges nothing/u);
    assert.equal(network.clock.pendingTimers, 0);
  });

  it('tells the other end of an abort, itself nothing', () => {
    const network = new SctpNetwork();
    network.connect();
    network.a.send(message(numbered(1)));
    network.a.close();
    network.a.close();
    network.settle();
    assert.deepEqual(network.log.slice(2), ['b closed: the peer aborted the association']);
    assert.equal(network.a.send(message(numbered(1))), false);
    assert.equal(network.clock.pendingTimers, 0);
  });

  it('ends a stream by agreement, also when the request is lost', () => {
    const network = new SctpNetwork();
    network.connect();
    loseOne(network);
    network.a.resetStream(4);
    network.run(3000);
    assert.deepEqual(network.log.slice(2), ['b reset 4']);
    assert.equal(network.clock.pendingTimers, 0);
  });

  it('delivers what was sent before the end of a stream first', () => {
    const network = new SctpNetwork();
    network.connect();
    loseOne(network);
    network.a.send(message(numbered(5)));
    network.a.resetStream(0);
    network.settle();
    assert.deepEqual([network.messages.b.length, network.log.length], [0, 2]);
    network.run(3000);
    assert.deepEqual(numbersOf(network.messages.b), [5]);
    assert.deepEqual(network.log.slice(2), ['b reset 0']);
    assert.equal(network.clock.pendingTimers, 0);
  });

  it('shuts down when the peer wants to', () => {
    const network = new SctpNetwork();
    network.connect();
    inject(network, [{ type: sctpChunkType.shutdown, flags: 0, value: new Uint8Array(4) }]);
    assert.deepEqual(network.log.slice(2), ['a closed: the peer shut the association down']);
    assert.equal(network.clock.pendingTimers, 0);
  });

  it('answers heartbeats, and steps over chunks that it does not know', () => {
    const network = new SctpNetwork();
    network.connect();
    const value = Uint8Array.of(0, 1, 0, 8, 1, 2, 3, 4);
    inject(network, [
      { type: 0xc1, flags: 0, value: new Uint8Array(3) },
      { type: sctpChunkType.heartbeat, flags: 0, value },
    ]);
    const [answer] = chunksTo(network, 'b', sctpChunkType.heartbeatAck);
    assert.deepEqual([...(answer?.value ?? [])], [...value]);
  });

  it('ignores what has another tag, checksum or port', () => {
    const network = new SctpNetwork();
    network.connect();
    const abort = { type: sctpChunkType.abort, flags: 0, value: new Uint8Array(0) };
    const tag = tagOf(network, 'a');
    const ports = { sourcePort: 5000, destinationPort: 5000 };
    network.a.receive(writeSctpPacket({ ...ports, verificationTag: tag ^ 1 }, [abort]));
    network.a.receive(
      writeSctpPacket({ ...ports, destinationPort: 5001, verificationTag: tag }, [abort]),
    );
    const damaged = writeSctpPacket({ ...ports, verificationTag: tag }, [abort]);
    damaged[8] = (damaged[8] ?? 0) ^ 1;
    network.a.receive(damaged);
    assert.ok(network.a.isEstablished);
    network.a.receive(writeSctpPacket({ ...ports, verificationTag: tag }, [abort]));
    assert.equal(network.log.at(-1), 'a closed: the peer aborted the association');
  });

  it('survives any bytes, and any chunk of a peer that knows the tag', () => {
    const chunk = fc.record({
      type: fc.oneof(fc.constantFrom(...Object.values(sctpChunkType)), fc.nat(255)),
      flags: fc.nat(255),
      value: fc.uint8Array({ maxLength: 40 }),
    });
    let network = new SctpNetwork();
    network.connect();
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.array(chunk, { maxLength: 3 }),
        (bytes, chunks) => {
          network.a.receive(bytes);
          if (!network.a.isEstablished) {
            network = new SctpNetwork();
            network.connect();
          }
          inject(network, chunks);
          network.queue.length = 0;
          network.seen.length = 0;
          assert.ok(network.clock.pendingTimers <= 5, `${network.clock.pendingTimers} timers`);
          return true;
        },
      ),
      { numRuns: 10_000 },
    );
    network.a.close();
    network.b.close();
    assert.equal(network.clock.pendingTimers, 0);
  });

  it('bounds the memory and time of a peer that leaves a hole', () => {
    const network = new SctpNetwork();
    network.connect();
    const value = new Uint8Array(12 + 1000);
    const first = firstTsnOf(network, 'b');
    const view = new DataView(value.buffer);
    const started = performance.now();
    for (let index = 1; index < 10_000; index++) {
      view.setUint32(0, (first + index) >>> 0);
      inject(network, [{ type: sctpChunkType.data, flags: 3, value }]);
    }
    const sack = chunksTo(network, 'b', sctpChunkType.sack).at(-1);
    assert.ok(sack);
    // The window is used up, and one block says what came.
    const sackView = new DataView(sack.value.buffer, sack.value.byteOffset);
    assert.ok(sackView.getUint32(4) < 1000);
    assert.equal(sackView.getUint16(8), 1);
    assert.ok(performance.now() - started < 5000);
    assert.equal(network.messages.a.length, 0);
    view.setUint32(0, first);
    inject(network, [{ type: sctpChunkType.data, flags: 3, value }]);
    assert.equal(network.messages.a.length, 262 + 1);
  });
});

describe('parseSctpParameters()', () => {
  it('ends at the first that does not parse, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const parameters = parseSctpParameters(bytes);
        const total = parameters.reduce((sum, { value }) => sum + 4 + value.length, 0);
        assert.ok(total <= bytes.length);
      }),
      { numRuns: 2000 },
    );
  });
});
