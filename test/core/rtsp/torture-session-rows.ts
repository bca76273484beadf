// Torture rows about the order of requests, sessions and transports.
import { request, setup, TCP, type Row } from './torture-script.ts';

export const SESSION_ROWS: readonly Row[] = [
  // Order.
  { name: 'PLAY first', steps: [[request('PLAY $L'), 455]] },
  { name: 'RECORD first', steps: [[request('RECORD $P'), 455]] },
  { name: 'PAUSE first', steps: [[request('PAUSE $L'), 455]] },
  { name: 'TEARDOWN first', steps: [[request('TEARDOWN $L'), 454]] },
  {
    name: 'ANNOUNCE, RECORD without SETUP',
    steps: [
      ['ANNOUNCE', 200],
      ['RECORD', 400],
    ],
  },
  {
    name: 'ANNOUNCE, PLAY',
    steps: [
      ['ANNOUNCE', 200],
      ['PLAY', 455],
    ],
  },
  {
    name: 'ANNOUNCE twice',
    steps: [
      ['ANNOUNCE', 200],
      ['ANNOUNCE', 455],
    ],
  },
  {
    name: 'SETUP to read, RECORD',
    steps: [
      ['SETUP-L', 200],
      ['RECORD', 455],
    ],
  },
  {
    name: 'SETUP to read, ANNOUNCE',
    steps: [
      ['SETUP-L', 200],
      ['ANNOUNCE', 455],
    ],
  },
  {
    name: 'RECORD with one of two tracks set up',
    steps: [
      ['ANNOUNCE-2', 200],
      ['SETUP-P', 200],
      ['RECORD', 400],
      ['SETUP-P1', 200],
      ['RECORD', 200],
    ],
  },
  {
    name: 'audio set up before video',
    steps: [
      ['ANNOUNCE-2', 200],
      ['SETUP-P1', 200],
      ['SETUP-P', 200],
      ['RECORD', 200],
    ],
  },
  {
    name: 'RECORD twice',
    steps: [
      ['ANNOUNCE', 200],
      ['SETUP-P', 200],
      ['RECORD', 200],
      ['RECORD', 455],
    ],
  },
  {
    name: 'SETUP while publishing',
    steps: [
      ['ANNOUNCE', 200],
      ['SETUP-P', 200],
      ['RECORD', 200],
      ['SETUP-P', 455],
    ],
  },
  {
    name: 'SETUP while playing',
    steps: [
      ['SETUP-L', 200],
      ['PLAY', 200],
      ['SETUP-L', 455],
    ],
  },
  {
    name: 'the same SETUP twice',
    steps: [
      ['SETUP-L', 200],
      ['SETUP-L', 200],
      ['PLAY', 200],
    ],
  },
  {
    name: 'PLAY twice',
    steps: [
      ['SETUP-L', 200],
      ['PLAY', 200],
      ['PLAY', 200],
    ],
  },
  {
    name: 'PAUSE twice, then PLAY',
    steps: [
      ['SETUP-L', 200],
      ['PLAY', 200],
      ['PAUSE', 200],
      ['PAUSE', 200],
      ['PLAY', 200],
    ],
  },
  {
    name: 'PAUSE of a publisher, then RECORD',
    steps: [
      ['ANNOUNCE', 200],
      ['SETUP-P', 200],
      ['RECORD', 200],
      ['PAUSE', 200],
      ['RECORD', 200],
    ],
  },
  {
    name: 'TEARDOWN twice',
    steps: [
      ['SETUP-L', 200],
      ['PLAY', 200],
      ['TEARDOWN', 200],
      ['TEARDOWN', 454],
    ],
  },
  {
    name: 'a new session after TEARDOWN',
    steps: [
      ['SETUP-L', 200],
      ['TEARDOWN', 200],
      [setup('$L/trackID=0', `${TCP}4-5`), 200],
      ['PLAY', 200],
    ],
  },
  {
    name: 'PLAY after TEARDOWN',
    steps: [
      ['SETUP-L', 200],
      ['TEARDOWN', 200],
      ['PLAY', 454],
    ],
  },
  // Sessions.
  { name: 'an unknown session', steps: [[request('PLAY $L', ['Session: nobody']), 454]] },
  { name: 'an empty session', steps: [[request('GET_PARAMETER $L', ['Session: ']), 454]] },
  {
    name: 'a session of a megabyte',
    steps: [[request('PLAY $L', [`Session: ${'9'.repeat(9000)}`]), 454]],
  },
  { name: 'OPTIONS with an unknown session', steps: [[request('OPTIONS *', ['Session: x']), 454]] },
  {
    name: 'a session with parameters behind it',
    steps: [
      ['SETUP-L', 200],
      [request('PLAY $L', ['Session: $S;timeout=60']), 200],
    ],
  },
  {
    name: 'PLAY without naming its session',
    steps: [
      ['SETUP-L', 200],
      [request('PLAY $L'), 200],
    ],
  },
  // Transport.
  { name: 'SETUP without Transport', steps: [[request('SETUP $L/trackID=0'), 400]] },
  { name: 'an empty Transport', steps: [[setup('$L/trackID=0', ''), 400]] },
  { name: 'an unknown transport', steps: [[setup('$L/trackID=0', 'RAW/RAW/UDP'), 461]] },
  { name: 'SRTP', steps: [[setup('$L/trackID=0', 'RTP/SAVP;unicast;client_port=4000-4001'), 461]] },
  { name: 'multicast', steps: [[setup('$L/trackID=0', 'RTP/AVP;multicast'), 461]] },
  { name: 'UDP without client_port', steps: [[setup('$L/trackID=0', 'RTP/AVP;unicast'), 400]] },
  { name: 'client_port=0', steps: [[setup('$L/trackID=0', 'RTP/AVP;client_port=0-1'), 400]] },
  { name: 'client_port=99999', steps: [[setup('$L/trackID=0', 'RTP/AVP;client_port=99999'), 400]] },
  { name: 'interleaved=256', steps: [[setup('$L/trackID=0', `${TCP}256-257`), 400]] },
  { name: 'interleaved=a-b', steps: [[setup('$L/trackID=0', `${TCP}a-b`), 400]] },
  { name: 'the same channel for RTP and RTCP', steps: [[setup('$L/trackID=0', `${TCP}4-4`), 400]] },
  {
    name: 'odd channels',
    steps: [
      [setup('$L/trackID=0', `${TCP}7-200`), 200],
      ['PLAY', 200],
    ],
  },
  {
    name: 'TCP without channels',
    steps: [
      [setup('$L/trackID=0', 'RTP/AVP/TCP;unicast'), 200],
      ['PLAY', 200],
    ],
  },
  {
    name: 'the second offer when the first is multicast',
    steps: [[setup('$L/trackID=0', `RTP/AVP;multicast,${TCP}0-1`), 200]],
  },
  {
    name: 'lower case transport',
    steps: [[setup('$L/trackID=0', 'rtp/avp/tcp;UNICAST;Interleaved=0-1'), 200]],
  },
  { name: 'mode=record to read', steps: [[setup('$L/trackID=0', `${TCP}0-1;mode=record`), 455]] },
  {
    name: 'mode=play to publish',
    steps: [
      ['ANNOUNCE', 200],
      [setup('$P/streamid=0', `${TCP}0-1;mode=play`), 455],
    ],
  },
  {
    name: 'a channel that another track has',
    steps: [
      ['ANNOUNCE-2', 200],
      ['SETUP-P', 200],
      [setup('$P/streamid=1', `${TCP}1-2`), 400],
    ],
  },
  {
    name: 'UDP for one track and TCP for the other',
    steps: [
      ['ANNOUNCE-2', 200],
      ['SETUP-P', 200],
      [setup('$P/streamid=1', 'RTP/AVP;unicast;client_port=40000-40001'), 400],
    ],
  },
];
