// Sessions of WebRTC as metrics, with the names and labels of the peer.
import type { MetricGroup } from '../base/metric-family.ts';
import { sessionMetrics, type SessionSeries } from '../path/session-metrics.ts';
import type { Session } from '../path/session-registry.ts';

const SERIES: readonly SessionSeries[] = [
  { suffix: 'inbound_bytes', stat: 'inboundBytes', help: 'Bytes received.' },
  { suffix: 'inbound_rtp_packets', stat: 'inboundRTPPackets', help: 'RTP packets received.' },
  {
    ...{ suffix: 'inbound_rtp_packets_lost', stat: 'inboundRTPPacketsLost' },
    help: 'RTP packets of the publisher that never came.',
  },
  {
    ...{ suffix: 'inbound_rtp_packets_jitter', stat: 'inboundRTPPacketsJitter', type: 'gauge' },
    help: 'Mean jitter of the RTP packets received.',
  },
  { suffix: 'inbound_rtcp_packets', stat: 'inboundRTCPPackets', help: 'RTCP packets received.' },
  { suffix: 'outbound_bytes', stat: 'outboundBytes', help: 'Bytes sent.' },
  { suffix: 'outbound_rtp_packets', stat: 'outboundRTPPackets', help: 'RTP packets sent.' },
  { suffix: 'outbound_rtcp_packets', stat: 'outboundRTCPPackets', help: 'RTCP packets sent.' },
  {
    ...{ suffix: 'outbound_frames_discarded', stat: 'outboundFramesDiscarded' },
    help: 'Jumps of a viewer to a newer key frame because it was too slow.',
  },
  old('bytes_received', 'inboundBytes', 'inbound_bytes'),
  old('bytes_sent', 'outboundBytes', 'outbound_bytes'),
  old('rtp_packets_received', 'inboundRTPPackets', 'inbound_rtp_packets'),
  old('rtp_packets_sent', 'outboundRTPPackets', 'outbound_rtp_packets'),
  old('rtp_packets_lost', 'inboundRTPPacketsLost', 'inbound_rtp_packets_lost'),
  {
    ...old('rtp_packets_jitter', 'inboundRTPPacketsJitter', 'inbound_rtp_packets_jitter'),
    type: 'gauge',
  },
  old('rtcp_packets_received', 'inboundRTCPPackets', 'inbound_rtcp_packets'),
  old('rtcp_packets_sent', 'outboundRTCPPackets', 'outbound_rtcp_packets'),
];

/** The group `webrtc_sessions`. */
export function webRtcMetrics(sessions: () => readonly Session[]): MetricGroup {
  return sessionMetrics({
    ...{ prefix: 'webrtc_sessions', filter: 'webrtc_session', series: SERIES, sessions },
  });
}

function old(suffix: string, stat: string, successor: string): SessionSeries {
  return { suffix, stat, help: `Deprecated: ${successor}.` };
}
