// Every port that the server would open with this configuration.
import type { ListenAddress } from '../../../core/base/listen-address.ts';
import type { PathSegment } from '../../../core/config/config-issue.ts';
import type { GlobalConfig } from '../../../core/config/config.ts';
import type { Configuration } from '../../config/load-configuration.ts';

/** One port. */
export interface ConfiguredListener {
  /** The key of its address. */
  readonly key: readonly PathSegment[];
  readonly protocol: 'tcp' | 'udp';
  readonly address: ListenAddress;
  /** Whether the key stands in config.yml. */
  readonly isPro: boolean;
}

type Row = readonly [isOn: boolean, key: string, protocol: 'tcp' | 'udp'];

/** In the order of starting; what is off or has port 0 is left out. */
export function configuredListeners({ core, pro }: Configuration): ConfiguredListener[] {
  const { global } = core;
  const addresses = addressesOf(global);
  const listeners = rowsOf(global).flatMap(([isOn, key, protocol]): ConfiguredListener[] => {
    const address = addresses.get(key);
    return isOn && address ? [{ key: [key], protocol, address, isPro: false }] : [];
  });
  if (pro.go2rtc.isEnabled) {
    const { address } = pro.go2rtc;
    listeners.push({ key: ['go2rtc', 'address'], protocol: 'tcp', address, isPro: true });
  }
  if (pro.tuya.facade.isEnabled) {
    const { address } = pro.tuya.facade;
    listeners.push({ key: ['tuya', 'facade', 'address'], protocol: 'tcp', address, isPro: true });
  }
  return listeners.filter(({ address }) => address.port > 0);
}

function rowsOf(global: GlobalConfig): readonly Row[] {
  const isPlain = global.rtsp && global.rtspEncryption !== 'strict';
  const isUdp = isPlain && global.rtspTransports.includes('udp');
  return [
    [global.metrics, 'metricsAddress', 'tcp'],
    [isPlain, 'rtspAddress', 'tcp'],
    [global.rtsp && global.rtspEncryption !== 'no', 'rtspsAddress', 'tcp'],
    [isUdp, 'rtpAddress', 'udp'],
    [isUdp, 'rtcpAddress', 'udp'],
    [global.webrtc, 'webrtcLocalUDPAddress', 'udp'],
    [global.webrtc, 'webrtcLocalTCPAddress', 'tcp'],
    [global.webrtc, 'webrtcAddress', 'tcp'],
    [global.api, 'apiAddress', 'tcp'],
    [global.playback, 'playbackAddress', 'tcp'],
  ];
}

function addressesOf(global: GlobalConfig): ReadonlyMap<string, ListenAddress | undefined> {
  const { metricsAddress, rtspAddress, rtspsAddress, rtpAddress, rtcpAddress } = global;
  const { webrtcLocalUDPAddress, webrtcLocalTCPAddress, webrtcAddress } = global;
  const { apiAddress, playbackAddress } = global;
  return new Map(
    Object.entries({
      ...{ metricsAddress, rtspAddress, rtspsAddress, rtpAddress, rtcpAddress },
      ...{ webrtcLocalUDPAddress, webrtcLocalTCPAddress, webrtcAddress },
      ...{ apiAddress, playbackAddress },
    }),
  );
}
