// Torture rows about URLs, announcements, headers, framing and pipelining.
import { GENERIC_SDP } from '../../support/rtsp-fixture.ts';
import { announce, request, setup, TCP, type Row } from './torture-script.ts';

const BACK_CHANNEL_SDP = `${GENERIC_SDP}m=audio 0 RTP/AVP 0\r\na=control:back\r\na=recvonly\r\n`;
const NO_CONTROL_SDP = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n';
const ABSOLUTE_SDP = GENERIC_SDP.replace('control:streamid=0', 'control:rtsp://nat:1/p/abs');

export const MESSAGE_ROWS: readonly Row[] = [
  // URLs.
  { name: 'a path without a stream', steps: [[request('DESCRIBE $P'), 404]] },
  { name: 'a URL without a path', steps: [[request('DESCRIBE rtsp://127.0.0.1'), 400]] },
  { name: 'a URL of another scheme', steps: [[request('DESCRIBE http://127.0.0.1/live'), 400]] },
  { name: 'a relative URL', steps: [[request('DESCRIBE /live'), 400]] },
  { name: 'a path with ..', steps: [[request('DESCRIBE rtsp://h/a/../b'), 400]] },
  { name: 'a broken percent escape', steps: [[request('DESCRIBE rtsp://h/a%zz'), 400]] },
  { name: 'a NUL in the path', steps: [[request('DESCRIBE rtsp://h/a%00b'), 400]] },
  { name: 'a line break in the path', steps: [[request('DESCRIBE rtsp://h/a%0d%0ab'), 400]] },
  { name: 'a path of 256 bytes', steps: [[request(`DESCRIBE rtsp://h/${'a'.repeat(256)}`), 400]] },
  { name: 'slashes around the path', steps: [[request('DESCRIBE rtsp://h//live//'), 200]] },
  { name: 'a percent-encoded path', steps: [[request('DESCRIBE rtsp://h/%6Cive'), 200]] },
  { name: 'a query', steps: [[request('DESCRIBE rtsp://h/live?a=b/c&d'), 200]] },
  {
    name: 'an IPv6 host and credentials',
    steps: [[request('DESCRIBE rtsp://u:p@[::1]:8554/live'), 200]],
  },
  { name: 'a track that does not exist', steps: [[setup('$L/trackID=1', `${TCP}0-1`), 400]] },
  { name: 'a stream of one track without control', steps: [[setup('$L', `${TCP}0-1`), 200]] },
  {
    name: 'a query before the control',
    steps: [
      [setup('$L?a=b/trackID=0', `${TCP}0-1`), 200],
      ['PLAY', 200],
    ],
  },
  {
    name: 'a query behind the control',
    steps: [
      [setup('$L/trackID=0?a=b', `${TCP}0-1`), 200],
      ['PLAY', 200],
    ],
  },
  {
    name: 'an unknown control to publish',
    steps: [
      ['ANNOUNCE', 200],
      [setup('$P/other=5', `${TCP}0-1`), 400],
    ],
  },
  {
    name: 'a control attribute that was not announced, by number',
    steps: [
      [announce(NO_CONTROL_SDP), 200],
      [setup('$P/trackID=0', `${TCP}0-1`), 200],
      ['RECORD', 200],
    ],
  },
  {
    name: 'an absolute control of another host',
    steps: [
      [announce(ABSOLUTE_SDP), 200],
      [setup('rtsp://127.0.0.1/p/abs', `${TCP}0-1`), 200],
      ['RECORD', 200],
    ],
  },
  // Announcements.
  { name: 'ANNOUNCE without a body', steps: [[request('ANNOUNCE $P'), 400]] },
  {
    name: 'ANNOUNCE of another type',
    steps: [[request('ANNOUNCE $P', ['Content-Type: text/html'], 'x'), 400]],
  },
  { name: 'ANNOUNCE without medias', steps: [[announce('v=0\r\ns=x\r\n'), 400]] },
  { name: 'ANNOUNCE of garbage', steps: [[announce('\u0001\u0002garbage'), 400]] },
  {
    name: 'ANNOUNCE of 17 tracks',
    steps: [[announce('v=0\r\n' + 'm=audio 0 RTP/AVP 0\r\n'.repeat(17)), 400]],
  },
  {
    name: 'a back channel, which needs no SETUP',
    steps: [
      [announce(BACK_CHANNEL_SDP), 200],
      ['SETUP-P', 200],
      ['RECORD', 200],
    ],
  },
  {
    name: 'SETUP of a back channel, which is taken and ignored',
    steps: [
      [announce(BACK_CHANNEL_SDP), 200],
      ['SETUP-P', 200],
      [setup('$P/back', `${TCP}2-3`), 200],
      ['RECORD', 200],
    ],
  },
  {
    name: 'publishing to a path that has a publisher that may not be replaced',
    steps: [
      [request('ANNOUNCE $L', ['Content-Type: application/sdp'], GENERIC_SDP), 200],
      [setup('$L/streamid=0', `${TCP}0-1`), 200],
      [request('RECORD $L'), 400],
    ],
  },
  // Methods and headers.
  { name: 'an unknown method', steps: [[request('JUMP $L'), 501]] },
  { name: 'a method in lower case', steps: [[request('options $L'), 501]] },
  { name: 'REDIRECT', steps: [[request('REDIRECT $L'), 501]] },
  {
    name: 'SET_PARAMETER',
    steps: [[request('SET_PARAMETER $L', ['Content-Type: text/parameters'], 'a: b\r\n'), 200]],
  },
  { name: 'GET_PARAMETER without a session', steps: [[request('GET_PARAMETER *'), 200]] },
  { name: 'OPTIONS *', steps: [[request('OPTIONS *'), 200]] },
  {
    name: 'Require',
    steps: [[request('DESCRIBE $L', ['Require: www.onvif.org/ver20/backchannel']), 551]],
  },
  { name: 'Proxy-Require', steps: [[request('OPTIONS $L', ['Proxy-Require: x']), 551]] },
  {
    name: 'no CSeq',
    steps: [
      ['OPTIONS $L RTSP/1.0\r\n\r\n', 400],
      ['OPTIONS', 200],
    ],
  },
  { name: 'a CSeq that is no number', steps: [['OPTIONS $L RTSP/1.0\r\nCSeq: x\r\n\r\n', 400]] },
  {
    name: 'a huge CSeq',
    steps: [['OPTIONS $L RTSP/1.0\r\nCSeq: 18446744073709551615\r\n\r\n', 200]],
  },
  {
    name: 'a CSeq of 21 digits',
    steps: [[`OPTIONS $L RTSP/1.0\r\nCSeq: ${'9'.repeat(21)}\r\n\r\n`, 400]],
  },
  {
    name: 'the same CSeq twice',
    steps: [['OPTIONS $L RTSP/1.0\r\nCSeq: 7\r\n\r\n'.repeat(2), 200, 200]],
  },
  { name: 'lower case headers, LF only', steps: [['OPTIONS $L RTSP/1.0\ncseq:5\n\n', 200]] },
  {
    name: 'folded headers',
    steps: [[request('DESCRIBE $L', ['Accept: a,\r\n application/sdp']), 200]],
  },
  {
    name: 'repeated User-Agent headers',
    steps: [[request('OPTIONS $L', ['User-Agent: a', 'User-Agent: b']), 200]],
  },
  { name: 'blank lines before a request', steps: [[`\r\n\n\r\n${request('OPTIONS $L')}`, 200]] },
  {
    name: 'a control character in a header',
    steps: [[request('OPTIONS $L', ['A: \u0007']), 400]],
    isClosed: true,
  },
  {
    name: 'a body that is longer than told',
    steps: [[announce().replace(/Length: \d+/u, 'Length: 2'), 400]],
    isClosed: true,
  },
  { name: 'HTTP', steps: [['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 505]], isClosed: true },
  { name: 'RTSP/2.0', steps: [['OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n', 505]], isClosed: true },
  { name: 'a TLS hello', steps: [['\u0016\u0003\u0001\u0002\u0000\u0001', 400]], isClosed: true },
  {
    name: 'a URL of 3000 bytes',
    steps: [[request(`OPTIONS rtsp://h/${'a'.repeat(3000)}`), 414]],
    isClosed: true,
  },
  {
    name: 'headers of 20 kB',
    steps: [[request('OPTIONS *', [`A: ${'b'.repeat(20_000)}`]), 431]],
    isClosed: true,
  },
  {
    name: 'a body of 100 kB',
    steps: [[request('ANNOUNCE $P', [], 'x'.repeat(100_000)), 413]],
    isClosed: true,
  },
  // Interleaved data.
  {
    name: 'frames before any session',
    steps: [[`$\u0000\u0000\u0003abc${request('OPTIONS $L')}`, 200]],
  },
  {
    name: 'frames on channels nobody set up',
    steps: [
      ['SETUP-L', 200],
      [`$\u0063\u0000\u0001a${request('PLAY $L')}`, 200],
    ],
  },
  {
    name: 'an empty frame',
    steps: [
      ['SETUP-L', 200],
      [`$\u0000\u0000\u0000${request('PLAY $L')}`, 200],
    ],
  },
  {
    name: 'frames that are no RTP',
    steps: [
      ['ANNOUNCE', 200],
      ['SETUP-P', 200],
      ['RECORD', 200],
      [`$\u0000\u0000\u0004junk$\u0001\u0000\u0002ab${request('OPTIONS $L')}`, 200],
    ],
  },
  {
    name: 'a response instead of a request',
    steps: [['RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n' + request('OPTIONS $L'), 200]],
  },
  // Pipelining.
  {
    name: 'twenty requests at once',
    steps: [[request('OPTIONS $L').repeat(20), ...new Array<number>(20).fill(200)]],
  },
  {
    name: 'requests behind one that takes its time',
    steps: [[request('DESCRIBE $L') + request('OPTIONS *') + request('JUMP *'), 200, 200, 501]],
  },
  {
    name: 'a whole session at once',
    steps: [
      [
        setup('$L/trackID=0', `${TCP}0-1`) + request('PLAY $L') + request('TEARDOWN $L'),
        200,
        200,
        200,
      ],
    ],
  },
];
