// Tests of frames and URLs of a signalling channel.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  formatKvsMessage,
  MAX_PAYLOAD_BYTES,
  parseKvsMessage,
} from '../../../../pro/signaling/kvs/kvs-messages.ts';
import { parseKvsUrl } from '../../../../pro/signaling/kvs/kvs-url.ts';

const base64 = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');
const frameOf = (messageType: string, payload?: unknown, more: object = {}): string =>
  JSON.stringify({
    messageType,
    ...(payload === undefined ? {} : { messagePayload: base64(payload) }),
    ...more,
  });

describe('parseKvsMessage()', () => {
  it('reads descriptions of masters and viewers', () => {
    const answer = { type: 'answer', sdp: 'v=0' };
    assert.deepEqual(parseKvsMessage(frameOf('SDP_ANSWER', answer)), {
      ...{ type: 'description', kind: 'answer', sdp: 'v=0', sender: '' },
    });
    const offer = { type: 'offer', sdp: 'v=0' };
    assert.deepEqual(parseKvsMessage(frameOf('SDP_OFFER', offer, { senderClientId: 'v1' })), {
      ...{ type: 'description', kind: 'offer', sdp: 'v=0', sender: 'v1' },
    });
  });

  it('reads candidates, their end, and whose they are', () => {
    const read = (payload: object): unknown => parseKvsMessage(frameOf('ICE_CANDIDATE', payload));
    const base = { type: 'candidate', sender: '' };
    const line = 'candidate:1 1 udp 1 127.0.0.1 9 typ host';
    assert.deepEqual(read({ candidate: line, sdpMid: '0', sdpMLineIndex: 0 }), {
      ...{ ...base, candidate: line, ufrag: undefined },
    });
    assert.deepEqual(read({ candidate: `${line} ufrag abcd` }), {
      ...{ ...base, candidate: `${line} ufrag abcd`, ufrag: 'abcd' },
    });
    assert.deepEqual(read({ candidate: '', usernameFragment: 'x' }), {
      ...{ ...base, candidate: '', ufrag: 'x' },
    });
    assert.deepEqual(read({ candidate: null }), { ...base, candidate: '', ufrag: undefined });
  });

  it('reads what the service says itself', () => {
    assert.deepEqual(parseKvsMessage(frameOf('GO_AWAY')), { type: 'go-away' });
    assert.deepEqual(parseKvsMessage(frameOf('RECONNECT_ICE_SERVER', '')), {
      type: 'reconnect-ice-server',
    });
    const statusResponse = {
      ...{ correlationId: 'c1', errorType: 'InvalidArgumentException', statusCode: '400' },
      description: 'too\nlong',
    };
    assert.deepEqual(parseKvsMessage(frameOf('STATUS_RESPONSE', '', { statusResponse })), {
      ...{ type: 'status', correlationId: 'c1' },
      problem: 'InvalidArgumentException (400): too long',
    });
  });

  it('passes over what is no message, and names what is a broken one', () => {
    const timeout = '{"message":"Endpoint request timed out","connectionId":"x","requestId":"y"}';
    for (const junk of ['', ' \n', timeout, 'null', '[]', '{', '{"messageType":7}']) {
      assert.equal(parseKvsMessage(junk), undefined);
    }
    const broken = [
      frameOf('SDP_ANSWER'),
      frameOf('SDP_ANSWER', '{'),
      frameOf('SDP_ANSWER', { type: 'offer', sdp: 'v=0' }),
      frameOf('SDP_ANSWER', { type: 'answer', sdp: '' }),
      frameOf('ICE_CANDIDATE', { candidate: 7 }),
      frameOf('ICE_CANDIDATE', { candidate: 'x'.repeat(2000) }),
      frameOf('NEW_KIND'),
      JSON.stringify({ messageType: 'SDP_ANSWER', messagePayload: '%%%' }),
    ];
    for (const text of broken) assert.equal(parseKvsMessage(text)?.type, 'malformed', text);
  });

  it('never fails, whatever comes', () => {
    const types = ['SDP_OFFER', 'SDP_ANSWER', 'ICE_CANDIDATE', 'STATUS_RESPONSE', 'GO_AWAY'];
    const frames = fc.record(
      {
        messageType: fc.oneof(fc.constantFrom(...types), fc.string()),
        messagePayload: fc.oneof(fc.base64String(), fc.json().map(base64), fc.anything()),
        senderClientId: fc.oneof(fc.string(), fc.anything()),
        statusResponse: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          frames.map((each) => JSON.stringify(each)),
          fc.string(),
        ),
        (text) => {
          parseKvsMessage(text);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('formatKvsMessage()', () => {
  it('comes back as it went', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (sdp) => {
        const text = formatKvsMessage({ action: 'SDP_OFFER', payload: { type: 'offer', sdp } });
        const received = parseKvsMessage(text.replace('"action"', '"messageType"'));
        assert.deepEqual(received, { type: 'description', kind: 'offer', sdp, sender: '' });
      }),
    );
  });

  it('refuses what a channel does not take', () => {
    const payload = { type: 'offer', sdp: 'x'.repeat((MAX_PAYLOAD_BYTES * 3) / 4) };
    assert.throws(() => formatKvsMessage({ action: 'SDP_OFFER', payload }), {
      ...{ code: 'kvs-payload-too-large', message: /^SDP_OFFER of \d+ bytes; .* 10000$/u },
    });
  });
});

describe('parseKvsUrl()', () => {
  it('reads region, channel and what else is given', () => {
    const url = 'kvs://eu-central-1/front-door?clientId=me&endpoint=http%3A%2F%2F127.0.0.1%3A9';
    assert.deepEqual(parseKvsUrl(url), {
      ...{ region: 'eu-central-1', channel: 'front-door', clientId: 'me' },
      endpoint: 'http://127.0.0.1:9',
    });
    assert.deepEqual(parseKvsUrl('kvs://us-west-2/a'), {
      ...{ region: 'us-west-2', channel: 'a', clientId: undefined, endpoint: undefined },
    });
  });

  it('names what is wrong', () => {
    const cases: readonly [string, RegExp][] = [
      ['kvs://us-west-2', /names no region and channel/u],
      ['kvs:///a', /names no region and channel/u],
      ['kvs://us-west-2/a/b', /names no region and channel/u],
      ['kvs://key:canary@us-west-2/a', /holds a user name or password/u],
      ['kvs://us-west-2/a?x=1', /unknown parameter 'x'/u],
      ['kvs://us-west-2/a?clientId=AWS_x', /bad clientId/u],
      ['http://us-west-2/a', /is not understood/u],
    ];
    for (const [url, message] of cases) {
      assert.throws(() => parseKvsUrl(url), { code: 'kvs-url-invalid', message });
      assert.throws(
        () => parseKvsUrl(url),
        ({ message: text }: Error) => !text.includes('canary'),
      );
    }
  });
});
