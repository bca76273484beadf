// The lines of the table that is printed at start: what runs where.
import type { ListenAddress } from './base/listen-address.ts';
import type { ApiServer } from './api/api-server.ts';
import type { Config } from './config/config.ts';
import type { WebRtcServer } from './webrtc/webrtc-server.ts';

/** A listener for the table printed at start. */
export interface ListenerInfo {
  readonly name: string;
  /** What to open or connect to, e.g. `rtsp://localhost:8554`. */
  readonly url: string;
}

/** The line of the metrics listener. */
export function metricsListener({ host, port }: ListenAddress, { global }: Config): ListenerInfo {
  const scheme = global.metricsEncryption ? 'https' : 'http';
  return { name: 'Metrics', url: `${scheme}://${hostOf(host)}:${port}/metrics` };
}

/** The line of the API. */
export function apiListener(api: Pick<ApiServer, 'address'>, config: Config): ListenerInfo {
  const { host, port } = api.address;
  const scheme = config.global.apiEncryption ? 'https' : 'http';
  return { name: 'API', url: `${scheme}://${hostOf(host)}:${port}/` };
}

/** The lines of WebRTC. */
export function webRtcListeners(
  webrtc: Pick<WebRtcServer, 'ports'>,
  config: Config,
): ListenerInfo[] {
  const { http, udpPort, tcpPort } = webrtc.ports;
  const scheme = config.global.webrtcEncryption ? 'https' : 'http';
  const listeners = [
    { name: 'Player and WHIP/WHEP', url: `${scheme}://${hostOf(http.host)}:${http.port}/` },
  ];
  if (udpPort > 0) listeners.push({ name: 'WebRTC media', url: `udp port ${udpPort}` });
  if (tcpPort > 0) listeners.push({ name: 'WebRTC media', url: `tcp port ${tcpPort}` });
  return listeners;
}

/** What to type for a listener on every interface. */
export function hostOf(host: string): string {
  if (host === '') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
