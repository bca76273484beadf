// Files as answers: whole, parts, and nothing when the client has it.
import assert from 'node:assert/strict';
import { mkdtemp, open, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import type { HttpReply } from '../../../core/http/http-reply.ts';
import { openFileReply } from '../../../core/http/open-file-reply.ts';

const modifiedAt = Date.UTC(2025, 0, 16, 12, 30, 5, 700);
const text = '0123456789';

describe('openFileReply()', () => {
  let folder: string;
  let handle: FileHandle;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reply-'));
    await writeFile(join(folder, 'a'), text);
    await writeFile(join(folder, 'empty'), '');
  });
  after(() => rm(folder, { recursive: true }));

  const ask = async (
    headers: Record<string, string> = {},
    { method = 'GET', name = 'a' } = {},
  ): Promise<HttpReply> => {
    handle = await open(join(folder, name));
    const { size: sizeBytes } = await handle.stat();
    const file = { handle, sizeBytes, modifiedAt, contentType: 'video/mp4', etag: '"v1"' };
    return openFileReply({ method, headers }, file, { 'Cache-Control': 'private' });
  };
  const bodyOf = async ({ body }: HttpReply): Promise<string> =>
    body instanceof Readable ? (await buffer(body)).toString() : String(body ?? '');
  const isClosed = (): boolean => handle.fd === -1;

  it('sends a whole file with what players and caches need', async () => {
    const reply = await ask();
    assert.equal(reply.status, 200);
    assert.deepEqual(reply.headers, {
      'Accept-Ranges': 'bytes',
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'private',
      ETag: '"v1"',
      'Last-Modified': 'Thu, 16 Jan 2025 12:30:05 GMT',
      'Content-Type': 'video/mp4',
      'Content-Length': '10',
    });
    assert.equal(await bodyOf(reply), text);
    assert(isClosed());
  });

  it('sends parts', async () => {
    const reply = await ask({ range: 'bytes=2-4' });
    assert.equal(reply.status, 206);
    assert.equal(reply.headers?.['Content-Range'], 'bytes 2-4/10');
    assert.equal(reply.headers['Content-Length'], '3');
    assert.equal(await bodyOf(reply), '234');
    assert.equal(await bodyOf(await ask({ range: 'bytes=-3', 'if-range': '"v1"' })), '789');
    assert.equal(await bodyOf(await ask({ range: 'bytes=8-' })), '89');
    const stale = await ask({ range: 'bytes=-3', 'if-range': '"v0"' });
    assert.deepEqual([stale.status, await bodyOf(stale)], [200, text]);
  });

  it('refuses what lies behind the end', async () => {
    const reply = await ask({ range: 'bytes=10-' });
    assert.equal(reply.status, 416);
    assert.equal(reply.headers?.['Content-Range'], 'bytes */10');
    assert(isClosed());
  });

  it('sends nothing to HEAD but the headers, ranges left out', async () => {
    const reply = await ask({ range: 'bytes=2-4' }, { method: 'HEAD' });
    assert.deepEqual([reply.status, reply.headers?.['Content-Length']], [200, '10']);
    assert.equal(await bodyOf(reply), '');
    assert(isClosed());
  });

  it('sends nothing that the client has', async () => {
    const known: readonly Record<string, string>[] = [
      { 'if-none-match': '"v0", W/"v1"' },
      { 'if-none-match': '*' },
      { 'if-modified-since': 'Thu, 16 Jan 2025 12:30:05 GMT' },
    ];
    for (const headers of known) {
      const reply = await ask({ ...headers, range: 'bytes=0-1' });
      assert.deepEqual([reply.status, reply.body], [304, undefined], JSON.stringify(headers));
      assert(isClosed());
    }
    const unknown: readonly Record<string, string>[] = [
      { 'if-none-match': '"v0"', 'if-modified-since': 'Thu, 16 Jan 2025 12:30:05 GMT' },
      { 'if-modified-since': 'Thu, 16 Jan 2025 12:30:04 GMT' },
      { 'if-modified-since': 'yesterday' },
    ];
    for (const headers of unknown) {
      assert.equal(await bodyOf(await ask(headers)), text, JSON.stringify(headers));
    }
  });

  it('sends an empty file', async () => {
    const reply = await ask({ range: 'bytes=-5' }, { name: 'empty' });
    assert.deepEqual([reply.status, reply.headers?.['Content-Length']], [200, '0']);
    assert.equal(await bodyOf(reply), '');
    assert(isClosed());
  });

  it('closes the file when nobody reads it any more', async () => {
    const { body } = await ask();
    assert(body instanceof Readable);
    await new Promise((resolve) => body.destroy().once('close', resolve));
    assert(isClosed());
  });
});
