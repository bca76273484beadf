// Fragments into a sink over loopback: once each, in order, through rotations and losses.
import assert from 'node:assert/strict';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import type { PutMediaService } from '../../../pro/put-media/put-media-service.ts';
import { EPOCH_MS, testFragment, testHeader } from './put-media-media.ts';
import { acknowledge, ackText, timestampOf, type SinkScript } from './put-media-sink.ts';
import { openSite as site } from './upload-site.ts';

describe('PutMediaUploader', () => {
  it('sends the header once, then each fragment, with the headers of the API', async () => {
    await using it = await site();
    it.push(0);
    await it.confirmed(1);
    it.push(1, 2);
    await it.confirmed(3);
    assert.deepEqual(it.arrived, ['H1 0 1 2']);
    const [first] = it.sink.connections;
    const names = ['stream-name', 'fragment-timecode-type', 'producer-start-timestamp'];
    assert.deepEqual(
      [...names, 'fragment-acknowledgment-required'].map(
        (name) => first?.headers[`x-amzn-${name}`],
      ),
      ['cam', 'ABSOLUTE', (EPOCH_MS / 1000).toFixed(3), '1'],
    );
    assert.deepEqual(first?.lines[2], `C${EPOCH_MS + 1000} 1`);
    assert.deepEqual(it.calls, ['prepare cam 24 video/h264,audio/aac', 'endpoint', 'sign']);
    assert.equal(it.forwardingCalls, 1);
    const { fragmentsSent, fragmentsResent, fragmentsDropped, bufferedBytes, lagMs } = it.stats;
    assert.deepEqual([fragmentsSent, fragmentsResent, fragmentsDropped], [3, 0, 0]);
    assert.deepEqual([bufferedBytes, lagMs, it.stats.connections], [0, 0, 1]);
    assert.ok(it.stats.sentBytes > 60 && it.stats.lastAckAt !== undefined);
  });

  it('ends with the stream, when everything is confirmed', async () => {
    await using it = await site();
    it.push(0, 2);
    it.uploader.ended();
    await it.until(() => it.result !== undefined);
    assert.equal(it.result, 'done');
    assert.deepEqual(it.arrived, ['H1 0 1 2']);
    assert.equal(it.stats.fragmentsPersisted, 3);
    assert.equal(it.sink.connections[0]?.isEnded, true);
  });

  it('ends with the failure of the source', async () => {
    await using it = await site();
    it.uploader.ended(new MediaError('unsupported', 'test', 'no video'));
    await it.until(() => it.result !== undefined);
    assert.equal(it.failure().message, 'no video');
  });

  it('counts timecodes from the start of each connection where they are relative', async () => {
    await using it = await site({ query: 'timecode=RELATIVE', limits: { rotateAfterMs: 50_000 } });
    it.push(5, 6);
    await it.confirmed(2);
    it.clock.advance(50_000);
    it.push(7, 8);
    await it.confirmed(4);
    assert.deepEqual(
      it.sink.connections.map(({ lines }) => lines.slice(1)),
      [
        ['C0 5', 'C1000 6'],
        ['C0 7', 'C1000 8'],
      ],
    );
    assert.deepEqual(
      it.sink.connections.map(({ headers }) => headers['x-amzn-producer-start-timestamp']),
      [5, 7].map((index) => (EPOCH_MS / 1000 + index).toFixed(3)),
    );
  });

  it('rotates without gap or duplicate, one connection at a time', async () => {
    let open = 0;
    let most = 0;
    await using it = await site({
      limits: { rotateAfterMs: 10_000 },
      script: {
        onRequest: ({ response }) => {
          most = Math.max(most, ++open);
          response.writeHead(200).flushHeaders();
        },
        onEnd: ({ response }) => {
          open--;
          response.end();
        },
      },
    });
    for (let index = 0; index < 40; index++) {
      it.push(index);
      await it.confirmed(index + 1);
      it.clock.advance(1000);
    }
    const arrived = it.arrived.flatMap((text) => text.split(' ').slice(1).map(Number));
    assert.deepEqual(
      arrived,
      Array.from({ length: 40 }, (_, index) => index),
    );
    assert.ok(it.arrived.length >= 4, `${it.arrived.length} connections`);
    assert.ok(it.arrived.every((text) => text.startsWith('H1 ')));
    assert.deepEqual([most, it.stats.fragmentsResent, it.logger.lines.length], [1, 0, 0]);
  });

  it('waits for what the old connection owes before it goes on', async () => {
    const owed: (() => void)[] = [];
    await using it = await site({
      limits: { rotateAfterMs: 10_000 },
      script: {
        onLine: (connection, line) => void owed.push(() => acknowledge(connection, line)),
        onEnd: ({ response }) => void owed.push(() => response.end()),
      },
    });
    it.push(0);
    await it.until(() => owed.length === 2);
    it.clock.advance(10_000);
    it.push(1);
    await it.until(() => owed.length === 3, 0);
    assert.equal(it.sink.connections.length, 1);
    for (const pay of owed.splice(0)) pay();
    await it.until(() => owed.length === 2);
    assert.deepEqual([it.arrived, it.stats.fragmentsResent], [['H1 0', 'H1 1'], 0]);
  });

  it('sends again what a rotation left unconfirmed after 5 s', async () => {
    await using it = await site({
      limits: { rotateAfterMs: 10_000 },
      script: {
        onLine: (connection, line) => {
          if (it.sink.connections.length > 1) acknowledge(connection, line);
        },
        onEnd: () => undefined,
      },
    });
    it.push(0);
    await it.until(() => it.arrived[0] === 'H1 0');
    it.clock.advance(10_000);
    it.push(1);
    await it.until(() => it.stats.fragmentsPersisted === 2, 10);
    assert.deepEqual([it.arrived, it.stats.fragmentsResent], [['H1 0', 'H1 0 1'], 1]);
    assert.ok(it.clock.monotonicMs() >= 15_000);
  });

  it('opens another connection for another header', async () => {
    await using it = await site();
    it.push(0, 1);
    const header = testHeader(2);
    it.uploader.fragment(testFragment(2, { header }));
    it.uploader.fragment(testFragment(3, { header }));
    await it.confirmed(4);
    assert.deepEqual(it.arrived, ['H1 0 1', 'H2 2 3']);
    assert.equal(it.stats.fragmentsResent, 0);
  });

  it('sends what is not confirmed again after the connection is lost, with the same timecodes', async () => {
    await using it = await site({
      script: {
        onLine: (connection, line) => {
          const isLost = it.sink.connections.length === 1 && line.includes(' 2 ');
          if (isLost) connection.socket.resetAndDestroy();
          else if (it.sink.connections.length > 1 || line.includes(' 0 ')) {
            acknowledge(connection, line);
          }
        },
      },
    });
    it.push(0);
    await it.confirmed(1);
    it.push(1, 2);
    await it.confirmed(3);
    assert.deepEqual(it.arrived, ['H1 0 1 2', 'H1 1 2']);
    assert.equal(it.sink.connections[1]?.lines[1], `C${EPOCH_MS + 1000} 1`);
    assert.equal(it.stats.fragmentsResent, 2);
    assert.deepEqual([it.troubles, it.forwardingCalls], [['put-media-connection-lost'], 2]);
    const [line] = it.logger.lines;
    assert.deepEqual([it.logger.lines.length, line?.level], [1, 'warn']);
    assert.match(line?.message ?? '', /stream 'cam' in us-west-2.*tries again in 100 ms/u);
  });

  it('takes RECEIVED for the end where the stream keeps nothing', async () => {
    const received: SinkScript = {
      onLine: ({ response }, line) => {
        const stamp = timestampOf(line);
        if (stamp !== undefined) response.write(ackText('RECEIVED', stamp));
      },
    };
    await using keepsNothing = await site({ script: received, query: 'retentionHours=0' });
    keepsNothing.push(0);
    await keepsNothing.confirmed(1);
    await using keeps = await site({ script: received });
    keeps.push(0);
    await keeps.until(() => keeps.forwardingCalls === 1);
    assert.equal(keeps.stats.fragmentsPersisted, 0);
    assert.ok(keeps.stats.bufferedBytes > 0);
  });

  it('connects anew when nothing is acknowledged for 30 s', async () => {
    await using it = await site({
      script: {
        onLine: (connection, line) => {
          if (it.sink.connections.length > 1) acknowledge(connection, line);
          else connection.response.write(ackText('IDLE'));
        },
      },
      limits: { maxStartTroubleMs: 60_000 },
    });
    it.push(0);
    await it.until(() => it.stats.fragmentsPersisted === 1, 20);
    assert.deepEqual(it.arrived, ['H1 0', 'H1 0']);
    assert.ok(it.clock.monotonicMs() >= 30_000);
    assert.match(it.logger.lines[0]?.message ?? '', /no acknowledgement for 30000 ms/u);
  });

  it('keeps an idle connection, and opens another when the service ended it', async () => {
    await using it = await site();
    it.push(0);
    await it.confirmed(1);
    it.clock.advance(120_000);
    it.push(1);
    await it.confirmed(2);
    it.sink.connections[0]?.response.end();
    await it.until(() => it.sink.connections[0]?.socket.destroyed === true);
    it.push(2);
    await it.confirmed(3);
    assert.deepEqual([it.arrived, it.logger.lines.length], [['H1 0 1', 'H1 2'], 0]);
  });

  it('drops the oldest when the service is too slow, and says so once', async () => {
    await using it = await site({ script: { onLine: () => undefined } });
    it.push(0, 49);
    assert.equal(it.stats.fragmentsDropped, 20);
    assert.equal(it.stats.bufferedBytes, 30 * 40);
    assert.deepEqual(
      it.logger.lines.map(({ level, message }) => [level, message.includes('too slow')]),
      [['warn', true]],
    );
    it.clock.advance(1500);
    assert.equal(it.stats.lagMs, 1500);
  });

  it('hands a socket that is full no more', async () => {
    await using it = await site({ script: { isDeaf: true } });
    const sizeBytes = 4 * 1024 * 1024;
    for (let index = 0; index < 12; index++) {
      it.uploader.fragment(testFragment(index, { sizeBytes }));
    }
    await it.until(() => it.stats.fragmentsSent > 0);
    for (let turn = 0; turn < 50; turn++) await it.until(() => true);
    assert.ok(it.stats.fragmentsSent < 8, `${it.stats.fragmentsSent} were sent`);
    assert.ok(it.stats.bufferedBytes <= 32 * 1024 * 1024);
  });

  it('keeps to the fragments per second that the service takes', async () => {
    const times: number[] = [];
    await using it = await site({
      limits: { maxFragmentsPerSecond: 4 },
      script: {
        onLine: (connection, line) => {
          if (timestampOf(line) !== undefined) times.push(it.clock.monotonicMs());
          acknowledge(connection, line);
        },
      },
    });
    it.push(0, 9);
    await it.confirmed(10);
    assert.ok((times[4] ?? 0) >= 1000 && (times[8] ?? 0) >= 2000, times.join());
  });

  it('connects at most four times in a second', async () => {
    const times: number[] = [];
    await using it = await site({
      limits: { maxStartTroubleMs: 60_000 },
      script: {
        onRequest: (connection) => {
          times.push(it.clock.monotonicMs());
          if (times.length < 12) connection.socket.resetAndDestroy();
          else connection.response.writeHead(200).flushHeaders();
        },
      },
    });
    it.push(0);
    await it.confirmed(1);
    for (const [index, time] of times.entries()) {
      assert.ok(time - (times[index - 4] ?? Number.NEGATIVE_INFINITY) >= 990, times.join());
    }
    assert.ok(it.calls.includes('forget cam'), 'the endpoint is asked for anew');
  });

  it('leaves nothing behind when it is aborted', async () => {
    await using it = await site();
    it.push(0);
    await it.confirmed(1);
    it.abort.abort(new MediaError('canceled', 'test', 'stopped'));
    await it.until(() => it.result === 'done');
    assert.equal(it.clock.pendingTimers, 0);
    it.push(1);
    let open = 1;
    await it.until(() => {
      void it.sink.openSockets().then((count) => (open = count));
      return open === 0;
    });
    assert.equal(it.stats.bufferedBytes, 0);
  });

  it('is aborted while it waits for the stream, for the service, and between tries', async () => {
    await using waiting = await site();
    waiting.abort.abort();
    await waiting.until(() => waiting.result === 'done');
    const never: PutMediaService['prepare'] = (_stream, signal) =>
      new Promise((_resolve, reject) => {
        const onAbort = (): void => reject(toMediaError(signal.reason));
        signal.addEventListener('abort', onAbort, { once: true });
      });
    await using preparing = await site({ service: { prepare: never } });
    preparing.push(0);
    await preparing.until(() => true);
    preparing.abort.abort();
    await preparing.until(() => preparing.result === 'done');
    await using trying = await site({ script: { onRequest: ({ socket }) => socket.destroy() } });
    trying.push(0);
    await trying.until(() => trying.logger.lines.length > 0, 0);
    trying.abort.abort();
    await trying.until(() => trying.result === 'done', 0);
  });
});
