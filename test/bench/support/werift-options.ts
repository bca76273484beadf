// How both ends of the werift bench are set up: one H264 codec, one loopback address, no server asked.
import { RTCRtpCodecParameters, type PeerConfig } from 'werift';

/** Without feedback or header extensions: the cheapest that werift can do. */
export function weriftOptions(): Partial<PeerConfig> {
  const h264 = new RTCRtpCodecParameters({
    mimeType: 'video/H264',
    clockRate: 90_000,
    payloadType: 96,
    parameters: 'packetization-mode=1',
    rtcpFeedback: [],
  });
  return {
    codecs: { video: [h264], audio: [] },
    iceUseIpv4: false,
    iceUseIpv6: false,
    iceAdditionalHostAddresses: ['127.0.0.1'],
    // Without any, werift asks a public server.
    iceServers: [{ urls: 'stun:127.0.0.1:9' }],
  };
}
