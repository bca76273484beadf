// Tests of the plan for a publisher: which codecs are taken, what is not acceptable.
import assert from 'node:assert/strict';
import { httpStatusOf } from '../../../core/base/error-status.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { readOffer } from '../../../core/webrtc/peer-offer.ts';
import { planPublisher, type PublisherPlan } from '../../../core/webrtc/publisher-plan.ts';
import {
  audioSection,
  dataSection,
  offerOf,
  publisherOffer,
  videoSection,
} from './sample-offers.ts';

const SEND = { direction: 'sendonly' } as const;

function plan(text: string): PublisherPlan {
  return planPublisher(readOffer(text));
}

function codecsOf(text: string): (readonly [string, number, number | undefined])[] {
  return plan(text).sections.map(
    ({ description, format, rtx }) =>
      [description.codec.name, format.payloadType, rtx?.payloadType] as const,
  );
}

function refusal(text: string): string {
  try {
    plan(text);
  } catch (thrown) {
    assert.ok(thrown instanceof MediaError);
    return `${httpStatusOf(thrown)} ${thrown.code}: ${thrown.message}`;
  }
  assert.fail('the offer was taken');
}

describe('planPublisher()', () => {
  it('takes the first codec of each section that the server knows', () => {
    assert.deepEqual(codecsOf(publisherOffer()), [
      ['VP8', 96, 97],
      ['Opus', 111, undefined],
    ]);
    assert.deepEqual(codecsOf(publisherOffer(['red', 'h264', 'vp8']))[0], ['H264', 102, 103]);
    assert.deepEqual(codecsOf(publisherOffer(['av1', 'vp8']))[0], ['AV1', 45, 46]);
    assert.deepEqual(codecsOf(publisherOffer(['h265']))[0], ['H265', 50, 51]);
    assert.deepEqual(codecsOf(publisherOffer(['vp9-profile2']))[0], ['VP9', 100, 101]);
  });

  it('takes telephone codecs and linear PCM', () => {
    const audio = (name: string): string =>
      offerOf(audioSection({ ...SEND, formats: ['red', 'cn', name] }));
    assert.deepEqual(codecsOf(audio('pcma')), [['G711', 8, undefined]]);
    assert.deepEqual(codecsOf(audio('g722')), [['G722', 9, undefined]]);
    assert.deepEqual(plan(audio('l16')).sections[0]?.description.codec, {
      ...{ name: 'LPCM', clockRateHz: 48000, channelCount: 2, bitDepth: 16 },
    });
  });

  it('takes H264 of mode 0 and 1 only', () => {
    const [section] = plan(publisherOffer(['h264-mode0'])).sections;
    assert.deepEqual(section?.description.codec, {
      ...{ name: 'H264', clockRateHz: 90000, packetizationMode: 0 },
    });
    const interleaved = publisherOffer(['h264']).replace(
      'packetization-mode=1',
      'packetization-mode=2',
    );
    assert.match(refusal(interleaved), /^400 codec-unsupported: .*video.*H264, rtx/u);
  });

  it('passes over sections that do not send, and data channels', () => {
    const text = offerOf(
      dataSection('d'),
      videoSection(SEND),
      audioSection({ direction: 'inactive' }),
    );
    assert.deepEqual(
      codecsOf(text).map(([name]) => name),
      ['VP8'],
    );
    assert.equal(plan(offerOf(videoSection({ direction: 'sendrecv' }))).sections.length, 1);
  });

  it('refuses offers that send nothing', () => {
    assert.match(refusal(offerOf(videoSection(), audioSection())), /^400 offer-sends-nothing/u);
    assert.match(refusal(offerOf(dataSection())), /^400 offer-sends-nothing/u);
  });

  it('does not accept two sections of a kind, nor other kinds', () => {
    const twoVideos = offerOf(videoSection(SEND), videoSection({ ...SEND, mid: '5' }));
    assert.match(refusal(twoVideos), /^406 offer-not-acceptable: .*only one video section/u);
    const twoAudios = offerOf(audioSection(SEND), audioSection({ ...SEND, mid: '5' }));
    assert.match(refusal(twoAudios), /^406 .*only one audio section/u);
    const text = { mid: 't', line: 'text 9 UDP/TLS/RTP/SAVPF 99', lines: ['mid:t', 'sendonly'] };
    assert.match(refusal(offerOf(videoSection(SEND), text)), /^406 .*media kind 'text'/u);
  });

  it('does not accept a section that would need a transport of its own', () => {
    const text = publisherOffer().replace('BUNDLE 0 1', 'BUNDLE 0');
    assert.match(refusal(text), /^406 .*m=audio is not in the bundle/u);
  });

  it('takes transport-wide feedback under its one id', () => {
    assert.equal(plan(publisherOffer()).transportSequenceId, 4);
    const videoOnly = offerOf(
      videoSection(SEND),
      audioSection({ ...SEND, hasTransportSequence: false }),
    );
    assert.equal(plan(videoOnly).transportSequenceId, 4);
  });

  it('takes the send time beside the feedback, and only there', () => {
    const uri = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';
    const timed = (line: string): string =>
      publisherOffer().replaceAll('a=extmap:4 ', `a=extmap:${line} ${uri}\r\na=extmap:4 `);
    assert.equal(plan(timed('2')).sendTimeId, 2);
    assert.equal(plan(timed('2/sendonly')).sendTimeId, 2);
    assert.equal(plan(publisherOffer()).sendTimeId, 0);
    const [video, audio] = timed('2').split('m=audio');
    assert.equal(plan(`${video}m=audio${audio?.replace('extmap:2 ', 'extmap:5 ')}`).sendTimeId, 0);
    const unwanted = timed('2').replaceAll(/a=rtcp-fb:\d+ transport-cc\r\n/gu, '');
    assert.equal(plan(unwanted).sendTimeId, 0);
  });

  it('does without it when it is missing, contradictory or unwanted', () => {
    const none = { ...SEND, hasTransportSequence: false };
    assert.equal(plan(offerOf(videoSection(none), audioSection(none))).transportSequenceId, 0);
    const [video, audio] = publisherOffer().split('m=audio');
    const twoIds = `${video}m=audio${audio?.replace('extmap:4 ', 'extmap:5 ')}`;
    assert.equal(plan(twoIds).transportSequenceId, 0);
    const unwanted = publisherOffer().replaceAll(/a=rtcp-fb:\d+ transport-cc\r\n/gu, '');
    assert.equal(plan(unwanted).transportSequenceId, 0);
  });
});
