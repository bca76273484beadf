// Tests of the real logger: format, levels, and what must never reach a line.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createLogger, type CreateLoggerOptions } from '../../../core/base/create-logger.ts';
import type { Logger } from '../../../core/base/logger.ts';

function collectOutput(): { lines: string[]; output: Writable } {
  const lines: string[] = [];
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  return { lines, output };
}

function collect(options: Partial<CreateLoggerOptions> = {}): { lines: string[]; logger: Logger } {
  const { lines, output } = collectOutput();
  const logger = createLogger({ level: 'info', isStructured: false, output, ...options });
  return { lines, logger };
}

describe('createLogger()', () => {
  it('writes lines in the form date, time, level, message', () => {
    const { lines, logger } = collect();
    logger.scope('RTSP').warn('reader is too slow', { frames: 3 });
    assert.match(
      lines.join(''),
      /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d WAR \[RTSP\] reader is too slow frames=3\n$/u,
    );
  });

  it('writes JSON lines when structured', () => {
    const { lines, logger } = collect({ isStructured: true });
    logger.error('disk full', { path: 'cam' });
    const record: unknown = JSON.parse(lines.join(''));
    assert.ok(typeof record === 'object' && record !== null);
    assert.deepEqual(
      { ...record, time: 'x' },
      { level: 'error', time: 'x', path: 'cam', message: 'disk full' },
    );
  });

  it('leaves out what is below the level', () => {
    const { lines, logger } = collect();
    logger.debug('message');
    assert.deepEqual(lines, []);
  });

  it('removes credentials from URLs and secrets from queries', () => {
    const { lines, logger } = collect();
    logger.info('pulling rtsp://admin:p@ss@10.0.0.5/cam?token=abc&x=1', {
      url: 'http://a:b@host/',
    });
    const text = lines.join('');
    assert.doesNotMatch(text, /admin|p@ss|abc|a:b/u);
    assert.match(text, /rtsp:\/\/\*\*\*@10\.0\.0\.5\/cam\?token=\*\*\*&x=1/u);
  });

  it('does not let a client forge lines', () => {
    const { lines, logger } = collect();
    logger.info('agent "x\n2026/01/01 00:00:00 INF forged\u001b[31m"');
    assert.equal(lines.join('').trimEnd().split('\n').length, 1);
    assert.equal(lines.length, 1);
    assert.ok(!lines.join('').includes('\u001b'));
  });

  it('names the key and the file when it cannot be opened', () => {
    assert.throws(() => collect({ filePath: import.meta.dirname }), {
      kind: 'failed-precondition',
      code: 'log-file-unavailable',
      message: `logFile '${import.meta.dirname}' can't be opened for writing (EISDIR)`,
    });
  });

  it('goes on without an output whose reader is gone', async () => {
    const output = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      },
    });
    const logger = createLogger({ level: 'info', isStructured: false, output });
    logger.info('first');
    await new Promise((resolve) => setImmediate(resolve));
    logger.info('second');
    assert.equal(output.listenerCount('error'), 1);
  });

  it('takes other settings for all its scopes, and keeps its output when only those change', () => {
    const { lines, output } = collectOutput();
    const logger = createLogger({ level: 'info', isStructured: false, output });
    const scope = logger.scope('RTSP');
    scope.debug('first');
    logger.reconfigure({ level: 'debug', isStructured: true, output });
    scope.debug('second');
    logger.reconfigure({ level: 'error', isStructured: true, output });
    scope.warn('third');
    assert.match(lines.join(''), /^\{.*second.*\}\n$/u);
    assert.equal(output.listenerCount('error'), 1);
  });

  it('moves to another file, and stays where it is when that cannot be opened', () => {
    const folder = mkdtempSync(join(tmpdir(), 'logger-'));
    try {
      const [first, second] = [join(folder, 'a.log'), join(folder, 'b.log')];
      const logger = createLogger({ level: 'info', isStructured: false, filePath: first });
      logger.info('one');
      logger.reconfigure({ level: 'info', isStructured: false, filePath: second });
      logger.info('two');
      const bad = { level: 'info', isStructured: false, filePath: join(first, 'x.log') } as const;
      assert.throws(() => logger.reconfigure(bad), { code: 'log-file-unavailable' });
      logger.info('three');
      assert.match(readFileSync(first, 'utf8'), /^[^\n]* one\n$/u);
      assert.match(readFileSync(second, 'utf8'), /^[^\n]* two\n[^\n]* three\n$/u);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
