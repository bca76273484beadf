// An association and packets that are full of chunks: what one of them may cause.
import assert from 'node:assert/strict';
import { sctpChunkType } from '../../../../core/webrtc/client/sctp-packet.ts';
import { chunksTo, firstTsnOf, inject, SctpNetwork } from './sctp-network.ts';

describe('SctpAssociation and packets full of chunks', () => {
  it('answers questions by a few', () => {
    const network = new SctpNetwork();
    network.connect();
    const question = { type: sctpChunkType.heartbeat, flags: 0, value: new Uint8Array(0) };
    inject(network, Array(64).fill(question));
    assert.equal(chunksTo(network, 'b', sctpChunkType.heartbeatAck).length, 8);
  });

  it('takes small messages, however many', () => {
    const network = new SctpNetwork();
    network.connect();
    const first = firstTsnOf(network, 'b');
    const pieces = Array.from({ length: 64 }, (_, index) => {
      const value = new Uint8Array(13);
      new DataView(value.buffer).setUint32(0, (first + index) >>> 0);
      return { type: sctpChunkType.data, flags: 3, value };
    });
    inject(network, pieces);
    assert.equal(network.messages.a.length, 64);
  });

  it('answers FORWARD-TSN by one acknowledgement', () => {
    const network = new SctpNetwork();
    network.connect();
    const first = firstTsnOf(network, 'b');
    const before = chunksTo(network, 'b', sctpChunkType.sack).length;
    const forwards = Array.from({ length: 64 }, (_, index) => {
      const value = new Uint8Array(4);
      new DataView(value.buffer).setUint32(0, (first + index) >>> 0);
      return { type: sctpChunkType.forwardTsn, flags: 0, value };
    });
    inject(network, forwards);
    const sacks = chunksTo(network, 'b', sctpChunkType.sack).slice(before);
    assert.equal(sacks.length, 1);
    const { buffer, byteOffset } = sacks[0]?.value ?? new Uint8Array(4);
    // Who gives up needs one of them; the others are left out.
    assert.equal(new DataView(buffer, byteOffset).getUint32(0), (first + 7) >>> 0);
  });
});
