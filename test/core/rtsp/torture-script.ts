// The language of the torture rows: named requests, placeholders, expected answers.
import { GENERIC_SDP, VIDEO_AUDIO_SDP } from '../../support/rtsp-fixture.ts';

/**
 * What is sent: a short name of below, or raw text. `$P` is the URL of a path to publish to, `$L`
 * that of a path with a stream (one track), `$S` the session, `$N` the next CSeq.
 */
export type Step = readonly [text: string, ...statuses: number[]];

/** A script and its answers. */
export interface Row {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly isClosed?: boolean;
}

export const TCP = 'RTP/AVP/TCP;unicast;interleaved=';

export function request(line: string, headers: readonly string[] = [], body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return [`${line} RTSP/1.0`, 'CSeq: $N', ...headers, ...length, '', body].join('\r\n');
}

export function announce(body = GENERIC_SDP): string {
  return request('ANNOUNCE $P', ['Content-Type: application/sdp'], body);
}

export function setup(url: string, transport: string, headers: readonly string[] = []): string {
  return request(`SETUP ${url}`, [`Transport: ${transport}`, ...headers]);
}

export const NAMED: ReadonlyMap<string, string> = new Map([
  ['OPTIONS', request('OPTIONS $L')],
  ['DESCRIBE', request('DESCRIBE $L', ['Accept: application/sdp'])],
  ['ANNOUNCE', announce()],
  ['ANNOUNCE-2', announce(VIDEO_AUDIO_SDP)],
  ['SETUP-P', setup('$P/streamid=0', `${TCP}0-1;mode=record`)],
  ['SETUP-P1', setup('$P/streamid=1', `${TCP}2-3;mode=record`)],
  ['SETUP-L', setup('$L/trackID=0', `${TCP}0-1`)],
  ['RECORD', request('RECORD $P', ['Session: $S'])],
  ['PLAY', request('PLAY $L', ['Session: $S'])],
  ['PAUSE', request('PAUSE $L', ['Session: $S'])],
  ['TEARDOWN', request('TEARDOWN $L', ['Session: $S'])],
]);
