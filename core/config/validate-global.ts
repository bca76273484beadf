// Rules between global keys: time-outs, queue and packet sizes, addresses of enabled servers.
import type { GlobalConfig } from './config.ts';
import type { ReportGlobal } from './validation.ts';
import { IpSet } from '../base/ip-address.ts';
import type { ListenAddress } from '../base/listen-address.ts';

// Ethernet's 1500 bytes less the IPv4 header (20) and the UDP header (8).
const MAX_UDP_PAYLOAD_BYTES = 1472;
// Below this an RTP header and a fragment header leave no room for media.
const MIN_UDP_PAYLOAD_BYTES = 64;
const MULTICAST = new IpSet(['224.0.0.0/4'], 'multicast');
// RFC 1112: 224.0.0.0/4, and a prefix that stays inside.
const NETWORK = /^([\d.]+)\/(\d{1,2})$/u;

/** Reports every broken rule between the global keys, authentication and WebRTC aside. */
export function validateGlobal(global: GlobalConfig, report: ReportGlobal): void {
  for (const name of ['readTimeout', 'writeTimeout', 'writeQueueSize'] as const) {
    if (global[name] <= 0) report([name], `'${name}' must be greater than zero`);
  }
  const { writeQueueSize } = global;
  if (writeQueueSize > 0 && !Number.isInteger(Math.log2(writeQueueSize))) {
    report(['writeQueueSize'], "'writeQueueSize' must be a power of two");
  }
  validatePayloadSize(global.udpMaxPayloadSize, report);
  validateServerAddresses(global, report);
  if (global.rtsp) validateRtspAddresses(global, report);
}

function validatePayloadSize(sizeBytes: number, report: ReportGlobal): void {
  if (sizeBytes > MAX_UDP_PAYLOAD_BYTES) {
    report(['udpMaxPayloadSize'], `'udpMaxPayloadSize' must be less than ${MAX_UDP_PAYLOAD_BYTES}`);
  } else if (sizeBytes < MIN_UDP_PAYLOAD_BYTES) {
    report(['udpMaxPayloadSize'], `'udpMaxPayloadSize' must be at least ${MIN_UDP_PAYLOAD_BYTES}`);
  }
}

function validateServerAddresses(global: GlobalConfig, report: ReportGlobal): void {
  const servers: [isEnabled: boolean, name: string, key: AddressKey][] = [
    [global.api, 'api', 'apiAddress'],
    [global.metrics, 'metrics', 'metricsAddress'],
    [global.pprof, 'pprof', 'pprofAddress'],
    [global.playback, 'playback', 'playbackAddress'],
    [global.rtsp && global.rtspEncryption !== 'strict', 'rtsp', 'rtspAddress'],
    [global.rtsp && global.rtspEncryption !== 'no', 'rtsp', 'rtspsAddress'],
    [global.rtmp && global.rtmpEncryption !== 'strict', 'rtmp', 'rtmpAddress'],
    [global.rtmp && global.rtmpEncryption !== 'no', 'rtmp', 'rtmpsAddress'],
    [global.hls, 'hls', 'hlsAddress'],
    [global.webrtc, 'webrtc', 'webrtcAddress'],
    [global.srt, 'srt', 'srtAddress'],
  ];
  for (const [isEnabled, name, key] of servers) {
    if (isEnabled && global[key] === undefined) {
      report([key], `'${key}' must be set when ${name} is enabled`);
    }
  }
}

type AddressKey = {
  [K in keyof GlobalConfig]: ListenAddress extends GlobalConfig[K] ? K : never;
}[keyof GlobalConfig] &
  `${string}Address`;

function validateRtspAddresses(global: GlobalConfig, report: ReportGlobal): void {
  const isPlain = global.rtspEncryption !== 'strict';
  const isSecure = global.rtspEncryption !== 'no';
  if (global.rtspTransports.includes('udp')) {
    if (isPlain) validatePortPair(global, ['rtpAddress', 'rtcpAddress'], report);
    if (isSecure) validatePortPair(global, ['srtpAddress', 'srtcpAddress'], report);
  }
  if (global.rtspTransports.includes('multicast')) validateMulticast(global, report);
}

/** RFC 3550 section 11: RTP on an even port, RTCP on the next. Port 0 leaves both to the system. */
function validatePortPair(
  global: GlobalConfig,
  [mediaKey, controlKey]: readonly [AddressKey, AddressKey],
  report: ReportGlobal,
): void {
  const media = global[mediaKey];
  const control = global[controlKey];
  if (media === undefined) report([mediaKey], `'${mediaKey}' must be set when udp is enabled`);
  if (control === undefined) {
    report([controlKey], `'${controlKey}' must be set when udp is enabled`);
  }
  if (media === undefined || control === undefined || (media.port === 0 && control.port === 0)) {
    return;
  }
  if (media.port % 2 !== 0) report([mediaKey], `'${mediaKey}' must have an even port`);
  else if (control.port !== media.port + 1) {
    report([controlKey], `'${controlKey}' must have the port after the one of '${mediaKey}'`);
  }
}

function validateMulticast(global: GlobalConfig, report: ReportGlobal): void {
  const [, network = '', prefix = ''] = NETWORK.exec(global.multicastIPRange) ?? [];
  const isInside = MULTICAST.contains(network) && Number(prefix) >= 4 && Number(prefix) <= 32;
  if (!isInside) {
    const message = `'${global.multicastIPRange}' is not an IPv4 multicast network`;
    report(['multicastIPRange'], message);
  }
}
