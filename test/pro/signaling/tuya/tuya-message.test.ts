// Messages of Tuya: the documentation's samples as golden files, what is tolerated, what is refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { MediaError } from '../../../../core/base/media-error.ts';
import { parseIceCandidate } from '../../../../core/sdp/ice-candidate.ts';
import { parseSdp } from '../../../../core/sdp/parse-sdp.ts';
import { readWebrtcDescription } from '../../../../core/sdp/read-webrtc-description.ts';
import {
  formatTuyaMessage,
  parseTuyaMessage,
  type TuyaBody,
  type TuyaMessage,
} from '../../../../pro/signaling/tuya/tuya-message.ts';
import { countCompilations } from '../../../support/count-compilations.ts';

const NOW_MS = 1_600_820_048_671;
const golden = (name: string): Buffer => readFileSync(new URL(`golden/${name}`, import.meta.url));
const header = {
  from: 'AY1600819753305aH05Sdj8pQMtLZ68XHMUpHKlRKJ87s',
  to: '6c9a943f2ea6929675ymcq',
  sessionId: '00b00036521743319b4d4c01f1705c48',
  subDeviceId: '',
  motoId: 'moto_5f685396jK',
};
const bytesOf = (message: unknown): Buffer => Buffer.from(JSON.stringify(message));
const envelope = (type: string, msg: unknown, more: object = {}): object => ({
  protocol: 302,
  data: { header: { type, from: 'a', to: 'b', sessionid: 's', ...more }, msg },
});
const refuses = (bytes: Uint8Array, field: RegExp): void => {
  assert.throws(
    () => parseTuyaMessage(bytes),
    (error) =>
      error instanceof MediaError &&
      error.code === 'tuya-message-invalid' &&
      field.test(error.message),
  );
};

describe('parseTuyaMessage()', () => {
  it("reads the documentation's offer", () => {
    const message = parseTuyaMessage(golden('offer.json'));
    assert.deepEqual(message?.header, header);
    assert.equal(message.sentAtMs, NOW_MS);
    const { body } = message;
    assert.equal(body.type, 'offer');
    assert.equal(body.streamType, 1);
    assert.equal(body.auth, '3iHAObTiJ+P1o/OeX8My208vis9Ar6JQygHSLrBxv5U=');
    assert.equal(body.isDataChannelEnabled, false);
    const { medias } = readWebrtcDescription(parseSdp(body.sdp));
    assert.deepEqual(
      medias.map(({ kind, direction, iceUfrag }) => [kind, direction, iceUfrag]),
      [
        ['audio', 'sendrecv', 'Q93I'],
        ['video', 'recvonly', 'Q93I'],
      ],
    );
  });

  it("reads the documentation's candidate and disconnect", () => {
    const { body } = parseTuyaMessage(golden('candidate.json')) ?? {};
    assert.equal(body?.type, 'candidate');
    assert.equal(parseIceCandidate(body.candidate)?.address, '192.168.0.227');
    assert.deepEqual(parseTuyaMessage(golden('disconnect.json'))?.body, { type: 'disconnect' });
  });

  it('takes seconds and milliseconds, both names of the sub device, fields it does not know', () => {
    const answer = { sdp: 'v=0', mode: 'webrtc', more: [1] };
    const read = (more: object, header: object = {}): TuyaMessage | undefined =>
      parseTuyaMessage(bytesOf({ ...envelope('answer', answer, header), ...more }));
    assert.equal(read({ t: 1_600_820_048 })?.sentAtMs, 1_600_820_048_000);
    assert.equal(read({ t: '1600820048671' })?.sentAtMs, NOW_MS);
    assert.equal(read({})?.sentAtMs, undefined);
    assert.equal(read({}, { sub_dev_id: 'n1' })?.header.subDeviceId, 'n1');
    assert.equal(read({}, { sub_device_id: 'n2', moto_id: null })?.header.subDeviceId, 'n2');
  });

  it('reads line ends behind candidates, empty ones, and numbers as text', () => {
    const candidate = 'a=candidate:1 1 udp 1 10.0.0.1 5 typ host \r\n';
    assert.deepEqual(parseTuyaMessage(bytesOf(envelope('candidate', { candidate })))?.body, {
      type: 'candidate',
      candidate: candidate.trim(),
    });
    for (const msg of [{ candidate: '' }, { candidate: null }, {}]) {
      const { body } = parseTuyaMessage(bytesOf(envelope('candidate', msg))) ?? {};
      assert.deepEqual(body, { type: 'candidate', candidate: '' });
    }
    const { body } = parseTuyaMessage(
      bytesOf(envelope('offer', { sdp: 'v=0', stream_type: '0', datachannel_enable: 1 })),
    ) ?? { body: undefined };
    assert.equal(
      body?.type === 'offer' && body.streamType === 0 && body.isDataChannelEnabled,
      true,
    );
  });

  it('leaves other protocols and types to others', () => {
    assert.equal(parseTuyaMessage(bytesOf({ protocol: 4, data: { dps: {} } })), undefined);
    assert.equal(parseTuyaMessage(bytesOf(envelope('heartbeat', {}))), undefined);
    const speaker = { ...envelope('speaker', { cmdValue: 1 }), protocol: 312 };
    assert.deepEqual(parseTuyaMessage(bytesOf(speaker))?.body, { type: 'speaker', value: 1 });
    assert.equal(parseTuyaMessage(bytesOf(envelope('speaker', { cmdValue: 1 }))), undefined);
  });

  it('names the field that is wrong, never its value', () => {
    refuses(Buffer.from('{'), /no JSON/u);
    refuses(Buffer.from([0x7b, 0xff, 0x7d]), /no JSON/u);
    refuses(Buffer.alloc(65_537, 0x20), /65537 bytes/u);
    refuses(bytesOf([]), /'protocol'|'message'/u);
    refuses(bytesOf({ protocol: 302 }), /'data'/u);
    refuses(bytesOf(envelope('answer', {})), /'data\.msg\.sdp'/u);
    refuses(bytesOf(envelope('answer', { sdp: 'v' }, { sessionid: 'x'.repeat(65) })), /sessionid/u);
    refuses(bytesOf(envelope('offer', { sdp: 'v', auth: 5 })), /'data\.msg\.auth'/u);
    refuses(bytesOf(envelope('candidate', { candidate: 'c'.repeat(1025) })), /candidate/u);
  });

  it('answers any bytes and any JSON with a message, nothing, or its own error', () => {
    const survives = (bytes: Uint8Array): void => {
      try {
        parseTuyaMessage(bytes);
      } catch (thrown) {
        assert.ok(thrown instanceof MediaError);
        assert.equal(thrown.code, 'tuya-message-invalid');
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), survives), { numRuns: 500 });
    const data = fc.record({ header: fc.jsonValue(), msg: fc.jsonValue() });
    const message = fc.record({ protocol: fc.constantFrom(302, 312), t: fc.jsonValue(), data });
    fc.assert(
      fc.property(message, (value) => survives(bytesOf(value))),
      { numRuns: 500 },
    );
  });
});

describe('many Tuya messages', () => {
  it('are read without code that is compiled for each of them', () => {
    const messages = [
      envelope('offer', { sdp: 'v=0', auth: 'a' }),
      envelope('candidate', { candidate: 'a=x' }),
      { protocol: 'none' },
    ].map(bytesOf);
    const readAll = (): void => {
      for (const bytes of messages) {
        try {
          parseTuyaMessage(bytes);
        } catch (thrown) {
          assert.ok(thrown instanceof MediaError);
        }
      }
    };
    // What is used for the first time may be compiled.
    readAll();
    assert.equal(countCompilations(readAll), 0);
  });
});

describe('formatTuyaMessage()', () => {
  it('writes what parseTuyaMessage() reads', () => {
    const bodies: readonly TuyaBody[] = [
      { type: 'answer', sdp: 'v=0\r\n' },
      { type: 'candidate', candidate: 'a=candidate:1 1 udp 1 10.0.0.1 5 typ host' },
      { type: 'candidate', candidate: '' },
      { type: 'disconnect' },
      { type: 'resolution', value: 1 },
      { type: 'speaker', value: 0 },
      {
        ...{ type: 'offer', sdp: 'v=0\r\n', streamType: 0, auth: 'x' },
        isDataChannelEnabled: true,
        iceServers: [{ urls: 'turn:h:1', username: 'u', credential: 'c', ttl: 36_000 }],
      },
    ];
    for (const body of bodies) {
      for (const motoId of ['', 'moto_1']) {
        const message = { header: { ...header, motoId, subDeviceId: 'n' }, body };
        const again = parseTuyaMessage(formatTuyaMessage(message, NOW_MS));
        assert.deepEqual(again, { ...message, sentAtMs: 1_600_820_048_000 });
      }
    }
  });

  it('writes the time in seconds, and control messages as protocol 312', () => {
    const text = (body: TuyaBody): string => formatTuyaMessage({ header, body }, NOW_MS).toString();
    assert.match(text({ type: 'disconnect' }), /"protocol":302,"pv":"2\.2","t":1600820048,/u);
    assert.match(text({ type: 'speaker', value: 1 }), /"protocol":312,.*"cmdValue":1/u);
    assert.match(text({ type: 'disconnect' }), /"msg":\{"mode":"webrtc"\}/u);
  });

  it('refuses what devices have no room for', () => {
    const body = { type: 'answer', sdp: 'x'.repeat(8192) } as const;
    assert.throws(() => formatTuyaMessage({ header, body }, NOW_MS), /devices read 8192/u);
  });
});
