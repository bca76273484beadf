// URLs of forwards into Kinesis video streams: what they mean, and what is wrong with others.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import { parseKvsForwardUrl } from '../../../pro/put-media/kvs-forward-url.ts';

function messageOf(url: string): string {
  try {
    parseKvsForwardUrl(url);
  } catch (thrown) {
    assert.ok(thrown instanceof MediaError);
    assert.deepEqual([thrown.kind, thrown.code], ['invalid-argument', 'kvs-url-invalid']);
    return thrown.message;
  }
  return assert.fail(`${url} is taken`);
}

describe('parseKvsForwardUrl()', () => {
  it('has defaults for everything but region and stream', () => {
    assert.deepEqual(parseKvsForwardUrl('kvs://ap-northeast-1/webrtc-kvs-agent-stream'), {
      ...{ region: 'ap-northeast-1', stream: 'webrtc-kvs-agent-stream', retentionHours: 24 },
      ...{ timecode: 'ABSOLUTE', audio: 'aac', endpoint: undefined },
    });
  });

  it('reads every parameter', () => {
    const endpoint = 'http://127.0.0.1:8080/base';
    const query = `retentionHours=0&timecode=RELATIVE&audio=none&endpoint=${encodeURIComponent(endpoint)}`;
    assert.deepEqual(parseKvsForwardUrl(`kvs://us-gov-west-1/a.B_c-9?${query}`), {
      ...{ region: 'us-gov-west-1', stream: 'a.B_c-9', retentionHours: 0 },
      ...{ timecode: 'RELATIVE', audio: 'none', endpoint },
    });
  });

  const WRONG = [
    ['kvs:region/stream', 'form'],
    ['kvs://us-west-2/s#x', 'form'],
    ['kvs:///stream', "region ''"],
    ['kvs://US-WEST-2/s', "region 'US-WEST-2'"],
    ['kvs://us-west-2/', "stream name ''"],
    ['kvs://us-west-2/a/b', "stream name 'a/b'"],
    ['kvs://us-west-2/a%20b', "stream name 'a%20b'"],
    [`kvs://us-west-2/${'a'.repeat(257)}`, 'stream name'],
    ['kvs://us-west-2/s?retention=1', "parameter 'retention'"],
    ['kvs://us-west-2/s?audio=aac&audio=none', "parameter 'audio' is given twice"],
    ['kvs://us-west-2/s?retentionHours=1.5', "retentionHours '1.5'"],
    ['kvs://us-west-2/s?retentionHours=87601', "retentionHours '87601'"],
    ['kvs://us-west-2/s?retentionHours=', "retentionHours ''"],
    ['kvs://us-west-2/s?timecode=absolute', "timecode 'absolute'"],
    ['kvs://us-west-2/s?audio=opus', "audio 'opus'"],
    ['kvs://us-west-2/s?endpoint=ftp://x', "endpoint 'ftp://x'"],
    ['kvs://us-west-2/s?endpoint=x', "endpoint 'x'"],
  ] as const;
  for (const [url, named] of WRONG) {
    it(`refuses ${url.slice(0, 60)}`, () => {
      assert.ok(messageOf(url).includes(named), messageOf(url));
    });
  }

  it('does not repeat credentials', () => {
    for (const url of [
      'kvs://AKIA:hunter2@us-west-2/s',
      'kvs://us-west-2/s?endpoint=https://u:hunter2@x',
    ]) {
      assert.ok(!messageOf(url).includes('hunter2'), messageOf(url));
    }
  });
});
