// What a WHIP server is offered of a stream, and what is made of its answer.
import assert from 'node:assert/strict';
import type { Codec, H264Codec } from '../../../../core/codec/codec.ts';
import { sentFormats } from '../../../../core/webrtc/client/offered-formats.ts';
import { readAnswer, type PeerAnswer } from '../../../../core/webrtc/client/read-answer.ts';
import { offerTracks, planSending } from '../../../../core/webrtc/client/sending-plan.ts';
import type { PlannableTrack } from '../../../../core/webrtc/viewer-plan.ts';
import { AAC, H264, H265, OPUS, PCMA, streamOf, VP8 } from '../sample-stream.ts';
import { answerText } from './peer-doubles.ts';

function tracks(...codecs: readonly Codec[]): PlannableTrack[] {
  const stream = streamOf(...codecs);
  return stream.tracks.map((track) => ({ stream, track }));
}

const namesOf = (offered: ReturnType<typeof offerTracks>): string[] =>
  offered.map(({ track }) => track.codec.name);

describe('offerTracks()', () => {
  it('takes the best video and the best audio', () => {
    assert.deepEqual(namesOf(offerTracks(tracks(H264, VP8, PCMA, OPUS), 'c')), ['VP8', 'Opus']);
    assert.deepEqual(namesOf(offerTracks(tracks(AAC, H265), 'c')), ['H265']);
  });

  it('says why nothing can be sent', () => {
    assert.throws(() => offerTracks(tracks(AAC), 'c'), {
      ...{ code: 'forward-no-tracks', message: /WebRTC can't carry MPEG-4 Audio/u },
    });
  });

  it('announces media and retransmission, SSRCs apart', () => {
    const [video] = offerTracks(tracks(H264), 'name');
    assert.ok(video);
    const { sources, sourceGroups } = video.section;
    assert.deepEqual(sourceGroups, [{ semantics: 'FID', ssrcs: [video.ssrc, video.rtxSsrc] }]);
    assert.equal(new Set(sources.map(({ ssrc }) => ssrc)).size, 2);
  });
});

describe('planSending()', () => {
  const answer = (lines: readonly string[], offered: ReturnType<typeof offerTracks>): PeerAnswer =>
    readAnswer(
      answerText({ lines }).replace('a=sendonly', 'a=recvonly'),
      offered.map(({ section }) => section),
    );

  it('takes the payload types of the answer', () => {
    const offered = offerTracks(tracks(H264), 'c');
    const lines = ['a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96'];
    const text = answerText({ lines }).replace('SAVPF 96', 'SAVPF 96 97');
    const taken = readAnswer(
      text.replace('a=sendonly', 'a=sendrecv'),
      offered.map(({ section }) => section),
    );
    const [section] = planSending(offered, taken, 'h').sections;
    assert.deepEqual([section?.match.format.payloadType, section?.ssrc], [96, offered[0]?.ssrc]);
    assert.deepEqual(
      [section?.match.rtx?.payloadType, section?.rtxSsrc],
      [97, offered[0]?.rtxSsrc],
    );
  });

  it('says what the server does not take', () => {
    const offered = offerTracks(tracks(VP8), 'c');
    assert.throws(() => planSending(offered, answer([], offered), 'h:1'), {
      ...{ code: 'forward-refused', message: 'h:1 does not take VP8' },
    });
  });
});

describe('sentFormats()', () => {
  const h264 = (profileLevelId: string): H264Codec => ({
    ...{ name: 'H264', clockRateHz: 90000, packetizationMode: 1, profileLevelId },
  });
  const g711 = (isMuLaw: boolean, clockRateHz: number): Codec => ({
    ...{ name: 'G711', channelCount: 1, isMuLaw, clockRateHz },
  });

  it('offers the profile of the stream and the one that everybody knows', () => {
    const formats = sentFormats(h264('640028')) ?? [];
    const profiles = formats.flatMap(({ fmtp }) => /profile-level-id=(\w+)/u.exec(fmtp)?.[1] ?? []);
    assert.deepEqual(profiles, ['640028', '42e01f']);
    assert.equal(sentFormats(h264('42c01f'))?.length, 4);
    assert.equal(sentFormats(h264('42e028'))?.length, 2);
  });

  it('uses static payload types where there are any', () => {
    const types = [g711(false, 8000), g711(true, 8000), g711(false, 16_000)].map(
      (codec) => sentFormats(codec)?.[0]?.payloadType,
    );
    assert.deepEqual(types, [8, 0, 111]);
  });
});
