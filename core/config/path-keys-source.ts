// Path keys of mediamtx.yml: where a stream comes from.
import { z } from 'zod';
import { key } from './config-key.ts';
import {
  count,
  flag,
  listOf,
  oneOf,
  port,
  secretText,
  text,
  timerDuration,
} from './value-schemas.ts';

const slateTrack = z
  .strictObject({
    codec: oneOf('AV1', 'VP9', 'H265', 'H264', 'Opus', 'MPEG4Audio', 'G711', 'LPCM'),
    /** Hz, for MPEG4Audio, G711 and LPCM. */
    sampleRate: count.default(0),
    channelCount: count.default(0),
    /** G711 only: mu-law instead of A-law. */
    muLaw: flag.default(false),
  })
  .readonly();

const forwardTarget = z
  .strictObject({
    /** URL to push to; may use $MTX_PATH and $G1, $G2... */
    dest: text,
    destFingerprint: text.default(''),
    whipBearerToken: secretText.default(''),
  })
  .readonly();

/** Longer lists are mistakes; all of them are tried before the first one is again. */
const MAX_SOURCES = 16;

const SOURCES_TEXT = `must be text, or a list of 1 to ${MAX_SOURCES} texts`;

const sources = z.union([
  text,
  z.array(text).min(1, SOURCES_TEXT).max(MAX_SOURCES, SOURCES_TEXT).readonly(),
]);

/** Keys about the source, its publishers and readers. */
export const sourceKeys = {
  source: key(
    sources,
    'publisher',
    'publisher, redirect, rpiCamera, the URL to pull from, or a list of URLs, the preferred one first.',
  ),
  sourceFingerprint: key(text, '', 'SHA-256 fingerprint of the certificate of the source.'),
  sourceOnDemand: key(flag, false, 'Pulls only while somebody watches.'),
  sourceOnDemandStartTimeout: key(timerDuration, '10s', 'How long a viewer waits for the source.'),
  sourceOnDemandCloseAfter: key(timerDuration, '10s', 'How long the pull goes on unwatched.'),
  maxReaders: key(count, 0, 'Most readers at a time; 0 = no limit.'),
  srtReadPassphrase: key(secretText, '', 'Pass phrase of SRT readers.'),
  useAbsoluteTimestamp: key(flag, false, 'Keeps the clock of the source.'),

  alwaysAvailable: key(flag, false, 'Shows a slate while the source is away.'),
  alwaysAvailableTracks: key(listOf(slateTrack), [], 'Tracks of the slate.'),
  alwaysAvailableFile: key(text, '', 'MP4 file to show as slate.'),
  forward: key(listOf(forwardTarget), [], 'Servers that the stream is pushed to.'),

  overridePublisher: key(flag, true, 'A new publisher takes the place of the present one.'),
  publisherHoldTime: key(
    timerDuration,
    '5s',
    'How long readers stay attached after the publisher left, for it to come back; 0 drops them at once.',
  ),
  srtPublishPassphrase: key(secretText, '', 'Pass phrase of SRT publishers.'),
  rtspDemuxMpegts: key(flag, false, 'Takes MPEG-TS of an RTSP publisher apart.'),

  rtspTransport: key(
    oneOf('automatic', 'udp', 'multicast', 'tcp'),
    'automatic',
    'How media of an RTSP source travels: automatic, udp, multicast, tcp.',
  ),
  rtspAnyPort: key(flag, false, 'Accepts media from a port the RTSP source did not name.'),
  rtspRangeType: key(
    oneOf('', 'clock', 'npt', 'smpte'),
    '',
    'Unit of rtspRangeStart: clock, npt, smpte; empty sends no Range.',
  ),
  rtspRangeStart: key(text, '', 'Where an RTSP source starts to play.'),
  rtspScale: key(text, '', 'Speed asked of an RTSP source; empty sends no Scale.'),
  rtspUDPSourcePortRange: key(
    z.tuple([port, port]).readonly(),
    [32_768, 60_999],
    'First and last local UDP port for RTSP sources.',
  ),
  rtpSDP: key(text, '', 'SDP of a udp+rtp or unix+rtp source.'),
  moqTransport: key(oneOf('quic', 'webtransport'), 'quic', 'Transport of a MoQ source.'),
  whepBearerToken: key(secretText, '', 'Bearer token for a WHEP source.'),
  whepSTUNGatherTimeout: key(timerDuration, '5s', 'Longest wait for STUN with a WHEP source.'),
  whepHandshakeTimeout: key(
    timerDuration,
    '10s',
    'Longest wait for ICE and DTLS of a WHEP source.',
  ),
  whepTrackGatherTimeout: key(timerDuration, '2s', 'Longest wait for tracks of a WHEP source.'),
  sourceRedirect: key(text, '', 'RTSP URL or /path that readers are sent to.'),

  webrtcAudioTranscode: key(
    flag,
    true,
    'Turns AAC into Opus with ffmpeg for WebRTC viewers, who cannot play AAC.',
  ),
};
