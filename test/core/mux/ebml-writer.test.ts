// Tests of EbmlWriter against a reader of its own.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EbmlWriter } from '../../../core/mux/ebml-writer.ts';
import { bigEndian, ebmlElements } from './ebml-elements.ts';

const SIMPLE_BLOCK = 0xa3;
const TAG_NAME = 0x45a3;
const TIMESTAMP_SCALE = 0x2ad7b1;
const CLUSTER = 0x1f43b675;

describe('EbmlWriter', () => {
  it('writes identifiers of one to four bytes', () => {
    const writer = new EbmlWriter();
    writer.uint(SIMPLE_BLOCK, 1).uint(TAG_NAME, 2).uint(TIMESTAMP_SCALE, 3).open(CLUSTER).close();
    assert.deepEqual(
      ebmlElements(writer.toBytes()).map(({ id }) => id),
      [SIMPLE_BLOCK, TAG_NAME, TIMESTAMP_SCALE, CLUSTER],
    );
  });

  it('writes any safe integer in as few bytes as it needs', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const [element] = ebmlElements(new EbmlWriter(4).uint(SIMPLE_BLOCK, value).toBytes());
        const bytes = Math.max(1, Math.ceil(value.toString(16).length / 2));
        assert.deepEqual(
          [bigEndian(element?.data ?? new Uint8Array(0)), element?.sizeBytes],
          [value, bytes],
        );
      }),
      { numRuns: 500 },
    );
  });

  it('gives masters the size of what is in them, however deep', () => {
    const writer = new EbmlWriter(4);
    writer.open(CLUSTER).open(0xae).binary(SIMPLE_BLOCK, new Uint8Array(300)).close();
    writer.text(TAG_NAME, 'ä').close();
    const [cluster] = ebmlElements(writer.toBytes());
    assert.deepEqual(
      cluster?.children.map(({ id, sizeBytes }) => [id, sizeBytes]),
      [
        [0xae, 305],
        [TAG_NAME, 2],
      ],
    );
  });

  it('leaves the size of an endless master open', () => {
    const writer = new EbmlWriter();
    writer.openUnknownSize(CLUSTER).float(SIMPLE_BLOCK, 0.5);
    const [cluster] = ebmlElements(writer.toBytes());
    assert.equal(cluster?.sizeBytes, undefined);
    assert.equal(Buffer.from(cluster?.children[0]?.data ?? []).readDoubleBE(), 0.5);
  });
});
