// Why there is no stream to look at, in the words that the API answers with.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import { PathStreams, type WatchedPath } from '../../../pro/snapshot/path-streams.ts';

/** One path, which no configuration lets start on demand. */
function streamsOf(path: Partial<WatchedPath>): PathStreams {
  const unused = (): never => {
    throw new MediaError('not-found', 'path-not-configured', 'not configured');
  };
  return new PathStreams({
    get: () => ({ stream: undefined, onlineAt: undefined, ...path }),
    ...{ grant: unused, waitForStream: unused, read: unused },
  });
}

describe('PathStreams', () => {
  it('tells why the source failed, without its password', async () => {
    const message = "rtsp://user:secret@10.0.0.7/stream can't be reached";
    const lastFailure = new MediaError('unavailable', 'rtsp-unreachable', message);
    await assert.rejects(streamsOf({ lastFailure }).open('cam'), {
      code: 'not-publishing',
      message: "no one is publishing to path 'cam': rtsp://***@10.0.0.7/stream can't be reached",
    });
  });

  it('says nothing more where nobody tried', async () => {
    await assert.rejects(streamsOf({}).open('cam'), {
      code: 'not-publishing',
      message: "no one is publishing to path 'cam'",
    });
  });
});
