// What an uploader does about every error of an acknowledgement, an answer and the control plane.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import { ACK_ERRORS } from '../../../pro/put-media/ack-error.ts';
import type { PutMediaService } from '../../../pro/put-media/put-media-service.ts';
import { acknowledge, ackText, refuse, timestampOf } from './put-media-sink.ts';
import { openSite as site } from './upload-site.ts';

describe('PutMediaUploader, refused', () => {
  for (const { id, names, action } of ACK_ERRORS) {
    const [name] = names;
    it(`${name}: ${action}`, async () => {
      let isRefused = false;
      await using it = await site({
        script: {
          onLine: (connection, line) => {
            if (isRefused || !line.includes(' 1 ')) {
              acknowledge(connection, line);
              return;
            }
            isRefused = true;
            const more = { ErrorId: id, ErrorCode: name };
            connection.response.write(ackText('ERROR', timestampOf(line), more));
          },
        },
      });
      it.push(0);
      await it.confirmed(1);
      it.push(1);
      if (action === 'give-up') {
        await it.until(() => it.result !== undefined);
        assert.match(
          it.failure().message,
          new RegExp(`fragment \\d+ was refused with ${name}`, 'u'),
        );
        return;
      }
      await it.until(() => it.logger.lines.length === 1);
      it.push(2);
      const isDropped = action === 'drop-fragment';
      await it.confirmed(isDropped ? 2 : 3);
      assert.deepEqual(it.arrived, isDropped ? ['H1 0 1', 'H1 2'] : ['H1 0 1', 'H1 1 2']);
      assert.equal(it.stats.fragmentsDropped, isDropped ? 1 : 0);
      const prepared = it.calls.filter((call) => call.startsWith('prepare')).length;
      assert.equal(prepared, action === 'create-stream' ? 2 : 1);
    });
  }

  it('names the next error as well, however soon it follows', async () => {
    const errors = [4006, 4011, 5001];
    await using it = await site({
      script: {
        onLine: (connection, line) => {
          const errorId = errors[it.sink.connections.length - 1];
          if (errorId === undefined) acknowledge(connection, line);
          else if (timestampOf(line) !== undefined) {
            const more = { ErrorId: errorId };
            connection.response.write(ackText('ERROR', timestampOf(line), more));
          }
        },
      },
    });
    it.push(0, 3);
    await it.confirmed(2);
    const log = it.logger.lines.map(({ message }) => message).join('\n');
    for (const errorId of errors) assert.match(log, new RegExp(`\\(${errorId}\\)`, 'u'));
  });

  it('is done with what was received when the service has it already', async () => {
    await using it = await site({
      script: {
        onLine: (connection, line) => {
          const stamp = timestampOf(line);
          const isFirst = it.sink.connections.length === 1;
          if (stamp === undefined) return;
          if (isFirst && line.includes(' 7 ')) connection.socket.resetAndDestroy();
          else if (isFirst) connection.response.write(ackText('RECEIVED', stamp));
          else if (line.includes(' 0 ')) {
            connection.response.write(ackText('ERROR', stamp, { ErrorId: 4004 }));
          } else acknowledge(connection, line);
        },
      },
    });
    it.push(0, 6);
    await it.until(() => it.arrived[0]?.endsWith(' 6') === true);
    it.push(7);
    await it.confirmed(8);
    assert.deepEqual([it.arrived[0], it.arrived[2]], ['H1 0 1 2 3 4 5 6 7', 'H1 7']);
    assert.equal(it.stats.fragmentsDropped, 0);
  });

  it('drops the first one that is not confirmed when none is named', async () => {
    await using it = await site({
      script: {
        onLine: (connection, line) => {
          if (it.sink.connections.length > 1) acknowledge(connection, line);
          else if (line.includes(' 1 ')) {
            connection.response.write(ackText('ERROR', undefined, { ErrorId: 4006 }));
          }
        },
      },
    });
    it.push(0, 1);
    await it.confirmed(1);
    assert.deepEqual(it.arrived, ['H1 0 1', 'H1 1']);
  });

  it('gives up when every fragment is refused', async () => {
    await using it = await site({
      script: {
        onLine: ({ response }, line) => {
          const stamp = timestampOf(line);
          if (stamp !== undefined) response.write(ackText('ERROR', stamp, { ErrorId: 4010 }));
        },
      },
    });
    it.push(0, 9);
    await it.until(() => it.result !== undefined);
    assert.match(it.failure().message, /TRACK_NUMBER_MISMATCH \(4010\)/u);
    assert.equal(it.stats.fragmentsDropped, 5);
  });

  it('drops a fragment that the service fails on three times', async () => {
    await using it = await site({
      script: {
        onLine: (connection, line) => {
          const stamp = timestampOf(line);
          if (line.includes(' 0 ')) {
            connection.response.write(ackText('ERROR', stamp, { ErrorId: 5000 }));
          } else acknowledge(connection, line);
        },
      },
    });
    it.push(0);
    await it.until(() => it.stats.fragmentsDropped === 1);
    it.push(1);
    await it.confirmed(1);
    assert.deepEqual(it.arrived, ['H1 0', 'H1 0', 'H1 0', 'H1 1']);
  });

  const ANSWERS = [
    [400, 'InvalidArgumentException', 'invalid-argument', []],
    [403, 'AccessDeniedException', 'permission-denied', ['forget cam']],
    [403, 'InvalidSignatureException', 'unauthenticated', ['forget cam', 'forget credentials']],
    [401, 'NotAuthorizedException', 'permission-denied', ['forget cam']],
  ] as const;
  for (const [status, type, kind, calls] of ANSWERS) {
    it(`gives up with ${status} ${type}`, async () => {
      await using it = await site({ script: { onRequest: (each) => refuse(each, status, type) } });
      it.push(0);
      await it.until(() => it.result !== undefined);
      assert.equal(it.failure().kind, kind);
      assert.match(it.failure().message, new RegExp(type, 'u'));
      assert.equal(it.forwardingCalls, 0);
      for (const call of calls) assert.ok(it.calls.includes(call), it.calls.join());
    });
  }

  const PASSING = [
    [400, 'ConnectionLimitExceededException', []],
    [429, 'ThrottlingException', []],
    [400, 'InvalidEndpointException', ['forget cam', 'forget credentials']],
    [403, 'ExpiredTokenException', ['forget cam', 'forget credentials']],
    [404, 'ResourceNotFoundException', ['forget cam', 'prepare cam 24 video/h264,audio/aac']],
    [500, 'InternalFailure', []],
    [503, 'ServiceUnavailableException', []],
  ] as const;
  for (const [status, type, calls] of PASSING) {
    it(`goes on after ${status} ${type}`, async () => {
      await using it = await site({
        script: {
          onRequest: (each, index) => {
            if (index === 0) refuse(each, status, type);
            else each.response.writeHead(200).flushHeaders();
          },
        },
      });
      it.push(0);
      await it.confirmed(1);
      assert.deepEqual(it.arrived, ['', 'H1 0']);
      const [, , , ...later] = it.calls;
      for (const call of calls) assert.ok(later.includes(call), it.calls.join());
      assert.match(it.logger.lines[0]?.message ?? '', new RegExp(type, 'u'));
    });
  }

  it('gives up on throttling that lasts', async () => {
    await using it = await site({
      script: { onRequest: (each) => refuse(each, 400, 'ConnectionLimitExceededException') },
    });
    it.push(0);
    await it.until(() => it.result !== undefined, 5);
    assert.equal(it.failure().kind, 'resource-exhausted');
    assert.ok(it.clock.monotonicMs() >= 10_000);
  });

  it('gives up with the failure of the control plane, or tries again when it may pass', async () => {
    const denied = new MediaError('permission-denied', 'test', 'DescribeStream is denied');
    await using refused = await site({ service: { prepare: () => Promise.reject(denied) } });
    refused.push(0);
    await refused.until(() => refused.result !== undefined);
    assert.equal(refused.failure(), denied);
    let calls = 0;
    const flaky: PutMediaService['prepare'] = () =>
      ++calls < 3
        ? Promise.reject(new MediaError('unavailable', 'test', 'later'))
        : Promise.resolve({ retentionHours: 1 });
    await using passing = await site({ service: { prepare: flaky } });
    passing.push(0);
    await passing.confirmed(1);
  });
});
