// Which status code a failure gets in each protocol.
import assert from 'node:assert/strict';
import { httpStatusOf, kindToHttpStatus } from '../../../core/base/error-status.ts';
import { kindToRtspStatus, kindToWebSocketCloseCode } from '../../../core/base/error-status.ts';
import { MediaError } from '../../../core/base/media-error.ts';

describe('httpStatusOf()', () => {
  it('follows the kind', () => {
    assert.equal(httpStatusOf(new MediaError('not-found', 'no-stream', '')), 404);
  });

  it('follows the code where the protocol fixes another status', () => {
    const tooLarge = new MediaError('resource-exhausted', 'body-too-large', '');
    assert.equal(httpStatusOf(tooLarge), 413);
  });
});

describe('status tables', () => {
  it('hold codes that their protocols allow', () => {
    for (const status of Object.values(kindToHttpStatus)) assert(status >= 400 && status < 600);
    for (const status of Object.values(kindToRtspStatus)) assert(status >= 400 && status < 600);
    for (const code of Object.values(kindToWebSocketCloseCode)) {
      const isRegistered = [1000, 1003, 1011, 1012, 1013].includes(code);
      assert(isRegistered || (code >= 4000 && code < 5000), String(code));
    }
  });
});
