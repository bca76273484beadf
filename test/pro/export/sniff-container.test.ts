// Files are known by their bytes: playlists and scripts never reach ffmpeg.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { identifyContainer, sniffContainer } from '../../../pro/export/sniff-container.ts';

describe('identifyContainer()', () => {
  const box = (type: string, size = 32): Buffer => {
    const bytes = Buffer.alloc(32);
    bytes.writeUInt32BE(size, 0);
    bytes.write(type, 4, 'latin1');
    return bytes;
  };

  it('knows MP4 by its first box', () => {
    for (const type of ['ftyp', 'styp', 'moov', 'mdat', 'free']) {
      assert.equal(identifyContainer(box(type)), 'mov', type);
    }
    assert.equal(identifyContainer(box('mdat', 1)), 'mov');
    assert.equal(identifyContainer(box('ftyp', 3)), undefined);
    assert.equal(identifyContainer(box('RIFF')), undefined);
  });

  it('knows MPEG-TS by three packets in a row', () => {
    const packets = Buffer.alloc(564);
    for (const at of [0, 188, 376]) packets[at] = 0x47;
    assert.equal(identifyContainer(packets), 'mpegts');
    assert.equal(identifyContainer(packets.subarray(0, 563)), undefined);
    packets[188] = 0;
    assert.equal(identifyContainer(packets), undefined);
  });

  it('knows no playlist, script or subtitle', () => {
    const texts = [
      '#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/secret\n',
      'ffconcat version 1.0\nfile /etc/passwd\n',
      'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n',
      '<?xml version="1.0"?><MPD></MPD>',
      '[Script Info]\n',
      'WEBVTT\n\n',
    ];
    for (const text of texts) {
      assert.equal(identifyContainer(Buffer.from(text.padEnd(600))), undefined, text);
    }
  });

  it('takes any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        assert([undefined, 'mov', 'mpegts'].includes(identifyContainer(bytes)));
      }),
      { numRuns: 500 },
    );
  });
});

describe('sniffContainer()', () => {
  it('refuses text, folders and files that are not there, each with its own code', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'export-sniff-'));
    try {
      const playlist = join(folder, 'list.mp4');
      await writeFile(playlist, '#EXTM3U\nhttp://127.0.0.1/\n'.padEnd(1000));
      await assert.rejects(sniffContainer(playlist), {
        kind: 'unsupported',
        code: 'export-not-a-recording',
      });
      await assert.rejects(sniffContainer(folder), { code: 'export-file-missing' });
      await assert.rejects(sniffContainer(join(folder, 'none')), { kind: 'not-found' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
