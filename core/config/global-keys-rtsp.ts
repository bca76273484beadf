// Global keys of mediamtx.yml: the RTSP server.
import { key } from './config-key.ts';
import { address, encryption, flag, ipRanges, listOf, oneOf, port, text } from './value-schemas.ts';

/** Keys of the RTSP server. */
export const rtspKeys = {
  rtsp: key(flag, true, 'Starts the RTSP server.'),
  rtspTransports: key(
    listOf(oneOf('udp', 'multicast', 'tcp')),
    ['udp', 'multicast', 'tcp'],
    'How media may travel: udp, multicast, tcp.',
  ),
  rtspEncryption: key(encryption, 'no', 'RTSPS: no, optional (both) or strict (only).'),
  rtspAddress: key(address, ':8554', 'Listen address of RTSP.'),
  rtspsAddress: key(address, ':8322', 'Listen address of RTSPS.'),
  rtpAddress: key(address, ':8000', 'UDP address of RTP; an even port.'),
  rtcpAddress: key(address, ':8001', 'UDP address of RTCP; the port after rtpAddress.'),
  multicastIPRange: key(text, '224.1.0.0/16', 'Network that multicast addresses are taken from.'),
  multicastRTPPort: key(port, 8002, 'UDP port of multicast RTP.'),
  multicastRTCPPort: key(port, 8003, 'UDP port of multicast RTCP.'),
  srtpAddress: key(address, ':8004', 'UDP address of encrypted RTP; an even port.'),
  srtcpAddress: key(address, ':8005', 'UDP address of encrypted RTCP; the port after srtpAddress.'),
  multicastSRTPPort: key(port, 8006, 'UDP port of encrypted multicast RTP.'),
  multicastSRTCPPort: key(port, 8007, 'UDP port of encrypted multicast RTCP.'),
  rtspServerKey: key(text, 'server.key', 'TLS key file of RTSPS.'),
  rtspServerCert: key(text, 'server.crt', 'TLS certificate file of RTSPS.'),
  rtspAuthMethods: key(
    listOf(oneOf('basic', 'digest')),
    ['basic'],
    'How RTSP clients prove their password: basic, digest.',
  ),
  rtspTrustedProxies: key(ipRanges, [], 'Proxies whose PROXY protocol header is believed.'),
};
