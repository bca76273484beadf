// Protocols of the documented API that this server does not speak: their lists are empty, never missing.
import { z } from 'zod';
import { collectionEndpoints } from './collection-endpoints.ts';
import type { Endpoint } from './endpoint.ts';
import { count, id, time } from './wire-values.ts';

const old = count.meta({ deprecated: true });
const state = z.enum(['idle', 'read', 'publish']);
const client = { id, created: time, remoteAddr: z.string() };
const request = { path: z.string(), query: z.string(), user: z.string() };

const hlsMuxer = z
  .object({
    path: z.string(),
    created: time,
    lastRequest: time,
    outboundBytes: count,
    outboundFramesDiscarded: count,
    bytesSent: old,
  })
  .meta({ id: 'HLSMuxer' });

const hlsSession = z
  .object({
    ...{ ...client, ...request },
    userAgent: z.string(),
    isCDN: z.boolean(),
    outboundBytes: count,
  })
  .meta({ id: 'HLSSession' });

const rtmpConnection = z
  .object({
    ...{ ...client, state, ...request },
    userAgent: z.string(),
    inboundBytes: count,
    outboundBytes: count,
    outboundFramesDiscarded: count,
    bytesReceived: old,
    bytesSent: old,
  })
  .meta({ id: 'RTMPConn' });

const moqSession = z
  .object({
    ...{ ...client, state, path: z.string(), query: z.string() },
    userAgent: z.string(),
    transport: z.string(),
    version: z.string(),
    inboundBytes: count,
    outboundBytes: count,
  })
  .meta({ id: 'MoQSession' });

/** Counters of libsrt by their names there. */
const SRT_COUNTERS = [
  ...['packetsSent', 'packetsReceived', 'packetsSentUnique', 'packetsReceivedUnique'],
  ...['packetsSendLoss', 'packetsReceivedLoss', 'packetsRetrans', 'packetsReceivedRetrans'],
  ...['packetsSentACK', 'packetsReceivedACK', 'packetsSentNAK', 'packetsReceivedNAK'],
  ...['packetsSentKM', 'packetsReceivedKM', 'usSndDuration', 'packetsReceivedBelated'],
  ...['packetsSendDrop', 'packetsReceivedDrop', 'packetsReceivedUndecrypt', 'bytesSent'],
  ...['bytesReceived', 'bytesSentUnique', 'bytesReceivedUnique', 'bytesReceivedLoss'],
  ...['bytesRetrans', 'bytesReceivedRetrans', 'bytesReceivedBelated', 'bytesSendDrop'],
  ...['bytesReceivedDrop', 'bytesReceivedUndecrypt', 'packetsFlowWindow', 'packetsFlightSize'],
  ...['bytesAvailSendBuf', 'bytesAvailReceiveBuf', 'byteMSS', 'packetsSendBuf', 'bytesSendBuf'],
  ...['msSendBuf', 'msSendTsbPdDelay', 'packetsReceiveBuf', 'bytesReceiveBuf', 'msReceiveBuf'],
  ...['msReceiveTsbPdDelay', 'packetsReorderTolerance', 'packetsReceivedAvgBelatedTime'],
  'outboundFramesDiscarded',
];

const SRT_RATES = [
  ...['usPacketsSendPeriod', 'msRTT', 'mbpsSendRate', 'mbpsReceiveRate', 'mbpsLinkCapacity'],
  ...['mbpsMaxBW', 'packetsSendLossRate', 'packetsReceivedLossRate'],
];

const srtConnection = z
  .object({
    ...{ ...client, state, ...request },
    ...Object.fromEntries(SRT_COUNTERS.map((name) => [name, count])),
    ...Object.fromEntries(SRT_RATES.map((name) => [name, z.number()])),
  })
  .meta({ id: 'SRTConn' });

interface Absent {
  readonly root: string;
  readonly operation: string;
  readonly getOperation?: string;
  readonly tag: string;
  readonly thing: string;
  readonly schema: z.ZodObject;
  readonly listName: string;
}

const SESSIONS: readonly Absent[] = [
  {
    ...{ root: '/v3/hlssessions', operation: 'hlssessions', tag: 'HLS' },
    ...{ thing: 'HLS session', schema: hlsSession, listName: 'HLSSessionList' },
  },
  {
    ...{ root: '/v3/rtmpconns', operation: 'rtmpConns', getOperation: 'rtmpConnectionsGet' },
    ...{ tag: 'RTMP', thing: 'RTMP connection', schema: rtmpConnection, listName: 'RTMPConnList' },
  },
  {
    ...{ root: '/v3/rtmpsconns', operation: 'rtmpsConns', getOperation: 'rtmpsConnectionsGet' },
    ...{ tag: 'RTMP', thing: 'RTMPS connection', schema: rtmpConnection, listName: 'RTMPConnList' },
  },
  {
    ...{ root: '/v3/srtconns', operation: 'srtConns', tag: 'SRT' },
    ...{ thing: 'SRT connection', schema: srtConnection, listName: 'SRTConnList' },
  },
  {
    ...{ root: '/v3/moqsessions', operation: 'moqSessions', tag: 'Media-over-QUIC' },
    ...{ thing: 'MoQ session', schema: moqSession, listName: 'MoQSessionList' },
  },
];

/** list, get and kick of HLS, RTMP, RTMPS, SRT and MoQ. */
export function absentProtocolEndpoints(): readonly Endpoint[] {
  const muxers = emptyCollection({
    ...{ root: '/v3/hlsmuxers', operation: 'hlsMuxers', tag: 'HLS', thing: 'HLS muxer' },
    ...{ schema: hlsMuxer, listName: 'HLSMuxerList' },
  });
  return [...muxers, ...SESSIONS.flatMap(emptyCollection)];
}

function emptyCollection(absent: Absent): readonly Endpoint[] {
  const noun = absent.thing.split(' ').at(-1) ?? '';
  const isMuxer = noun === 'muxer';
  return collectionEndpoints<never, z.ZodObject>({
    ...absent,
    key: isMuxer ? 'name' : 'id',
    all: () => [],
    find: () => undefined,
    show: (thing) => thing,
    missing: `${noun} not found`,
    ...(isMuxer ? {} : { kick: () => undefined }),
  });
}
