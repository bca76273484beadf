// Global keys of mediamtx.yml: RTMP, HLS, SRT and Media over QUIC.
import { key } from './config-key.ts';
import {
  address,
  count,
  duration,
  encryption,
  flag,
  ipRanges,
  oneOf,
  secretText,
  size,
  text,
  texts,
} from './value-schemas.ts';

/** Keys of RTMP, HLS, SRT and Media over QUIC. */
export const protocolKeys = {
  rtmp: key(flag, true, 'Starts the RTMP server.'),
  rtmpEncryption: key(encryption, 'no', 'RTMPS: no, optional (both) or strict (only).'),
  rtmpAddress: key(address, ':1935', 'Listen address of RTMP.'),
  rtmpsAddress: key(address, ':1936', 'Listen address of RTMPS.'),
  rtmpServerKey: key(text, 'server.key', 'TLS key file of RTMPS.'),
  rtmpServerCert: key(text, 'server.crt', 'TLS certificate file of RTMPS.'),
  rtmpTrustedProxies: key(ipRanges, [], 'Proxies whose PROXY protocol header is believed.'),

  hls: key(flag, true, 'Starts the HLS server.'),
  hlsAddress: key(address, ':8888', 'Listen address of HLS.'),
  hlsEncryption: key(flag, false, 'Serves HLS over HTTPS.'),
  hlsServerKey: key(text, 'server.key', 'TLS key file of the HLS server.'),
  hlsServerCert: key(text, 'server.crt', 'TLS certificate file of the HLS server.'),
  hlsAllowOrigins: key(texts, ['*'], 'Origins that browsers may play HLS from.'),
  hlsTrustedProxies: key(ipRanges, [], 'Proxies whose X-Forwarded-For is believed.'),
  hlsAlwaysRemux: key(flag, false, 'Makes HLS even while nobody watches.'),
  hlsVariant: key(
    oneOf('lowLatency', 'fmp4', 'mpegts'),
    'lowLatency',
    'Kind of HLS: lowLatency, fmp4, mpegts.',
  ),
  hlsSegmentCount: key(count, 7, 'Segments kept.'),
  hlsSegmentDuration: key(duration, '1s', 'Shortest segment.'),
  hlsPartDuration: key(duration, '200ms', 'Shortest part of a low-latency segment.'),
  hlsSegmentMaxSize: key(size, '50M', 'Largest segment in memory, in bytes.'),
  hlsDirectory: key(text, '', 'Folder for segments; empty keeps them in memory.'),
  hlsMuxerCloseAfter: key(duration, '60s', 'How long HLS runs on after the last viewer.'),
  hlsCDNSecret: key(secretText, '', 'Bearer token of a CDN that needs no session.'),

  srt: key(flag, true, 'Starts the SRT server.'),
  srtAddress: key(address, ':8890', 'UDP address of SRT.'),

  moq: key(flag, true, 'Starts the Media over QUIC server.'),
  moqHTTP2Address: key(address, ':8892', 'Listen address of the MoQ page.'),
  moqHTTP3Address: key(address, ':8892', 'UDP address of WebTransport.'),
  moqQUICAddress: key(address, ':8893', 'UDP address of MoQ over QUIC.'),
  moqServerKey: key(text, 'auto.key', 'TLS key file of MoQ; auto.key is made when missing.'),
  moqServerCert: key(text, 'auto.crt', 'TLS certificate file of MoQ.'),
  moqAllowOrigins: key(texts, ['*'], 'Origins that browsers may use MoQ from.'),
  moqTrustedProxies: key(ipRanges, [], 'Proxies whose X-Forwarded-For is believed.'),
};
