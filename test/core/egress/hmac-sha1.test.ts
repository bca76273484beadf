// HMAC-SHA1 against Node's own for many lengths.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import {
  HMAC_PREFIX_BYTES,
  HMAC_TAG_BYTES,
  HmacSha1,
  HmacWorkspace,
} from '../../../core/egress/hmac-sha1.ts';

function frame(hmac: HmacSha1, message: Uint8Array): Buffer {
  return Buffer.concat([hmac.innerBlock, message]);
}

describe('HmacSha1', () => {
  const workspace = new HmacWorkspace();

  it('writes the first 80 bits of what createHmac yields, for every short length', () => {
    const key = randomBytes(20);
    const hmac = new HmacSha1(key, workspace);
    for (let length = 0; length < 200; length++) {
      const message = randomBytes(length);
      const tag = new Uint8Array(HMAC_TAG_BYTES);
      hmac.writeTag(frame(hmac, message), tag, 0);
      const expected = createHmac('sha1', key).update(message).digest().subarray(0, 10);
      assert.deepEqual(Buffer.from(tag), expected, `length ${length}`);
    }
  });

  it('keeps two keys apart that share a workspace', () => {
    const first = new HmacSha1(Buffer.alloc(20, 1), workspace);
    const second = new HmacSha1(Buffer.alloc(64, 2), workspace);
    const message = Buffer.from('the same message');
    const tags = [first, second].map((hmac) => {
      const tag = Buffer.alloc(HMAC_TAG_BYTES);
      hmac.writeTag(frame(hmac, message), tag, 0);
      return tag;
    });
    const expected = createHmac('sha1', Buffer.alloc(64, 2)).update(message).digest();
    assert.deepEqual(tags[1], expected.subarray(0, 10));
    assert.notDeepEqual(tags[0], tags[1]);
  });

  it('writes over the bytes that it has just authenticated', () => {
    const hmac = new HmacSha1(Buffer.alloc(20, 7), workspace);
    const memory = Buffer.concat([hmac.innerBlock, Buffer.from('abcdROC.'), Buffer.alloc(8)]);
    const framed = memory.subarray(0, HMAC_PREFIX_BYTES + 8);
    const expected = createHmac('sha1', Buffer.alloc(20, 7)).update('abcdROC.').digest();
    hmac.writeTag(framed, memory, HMAC_PREFIX_BYTES + 4);
    assert.deepEqual(memory.subarray(HMAC_PREFIX_BYTES + 4, -2), expected.subarray(0, 10));
  });

  it('tells a right tag from one with any bit flipped', () => {
    const hmac = new HmacSha1(randomBytes(20), workspace);
    const framed = frame(hmac, randomBytes(99));
    const tag = Buffer.alloc(HMAC_TAG_BYTES);
    hmac.writeTag(framed, tag, 0);
    assert.equal(hmac.isTag(framed, tag, 0), true);
    for (let bit = 0; bit < 80; bit++) {
      const wrong = Buffer.from(tag);
      wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(hmac.isTag(framed, wrong, 0), false, `bit ${bit}`);
    }
  });
});
