// Output slots: used in turn, so that a datagram that waits in the system keeps its bytes.
import assert from 'node:assert/strict';
import { HMAC_PREFIX_BYTES } from '../../../core/egress/hmac-sha1.ts';
import {
  BATCH_PACKETS,
  MAX_PLAIN_BYTES,
  OUTPUT_SLOTS,
  PacketBatch,
} from '../../../core/egress/packet-batch.ts';

const TAG_BYTES = 16;

describe('PacketBatch', () => {
  it('uses a slot again only after all the others', () => {
    const batch = new PacketBatch();
    const starts = new Set<number>();
    for (let i = 0; i < OUTPUT_SLOTS; i++) {
      batch.nextSlot();
      starts.add(batch.start);
      assert.equal(batch.start % 4, 0);
    }
    assert.equal(starts.size, OUTPUT_SLOTS);
    batch.nextSlot();
    assert.ok(starts.has(batch.start));
    assert.ok(OUTPUT_SLOTS >= 2 * BATCH_PACKETS);
  });

  it('has room for the longest packet between two others', () => {
    const batch = new PacketBatch();
    const spans: [number, number][] = [];
    for (let i = 0; i < OUTPUT_SLOTS; i++) {
      batch.nextSlot();
      // The key stream is xored by words: up to 3 bytes more.
      spans.push([batch.start - HMAC_PREFIX_BYTES, batch.start + MAX_PLAIN_BYTES + TAG_BYTES + 3]);
    }
    spans.sort(([a], [b]) => a - b);
    for (const [i, [from, to]] of spans.entries()) {
      assert.ok(from >= 0 && to <= batch.bytes.length);
      assert.ok(from >= (spans[i - 1]?.[1] ?? 0));
    }
  });

  it('keeps views of slots as long as lengths stay the same', () => {
    const batch = new PacketBatch();
    const first = batch.packetView(100);
    assert.equal(batch.packetView(100), first);
    assert.equal(first.byteOffset, batch.start);
    assert.equal(batch.packetView(101).length, 101);
    const framed = batch.framedView(100);
    assert.equal(framed.length, 100 + HMAC_PREFIX_BYTES);
    assert.equal(framed.byteOffset, batch.start - HMAC_PREFIX_BYTES);
    batch.nextSlot();
    assert.equal(batch.packetView(101).byteOffset, batch.start);
    assert.notEqual(batch.packetView(100).byteOffset, first.byteOffset);
  });
});
