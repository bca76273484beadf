// What a change of each global key does to a running server.

/**
 * `live`: counts from now on and drops nobody. `rtsp`, `webrtc`, `webrtcHttp`, `api`: that part
 * alone starts again (webrtcHttp keeps the sessions). `start`: counts from the next start of the
 * process. `unused`: does nothing in this version.
 */
export type ReloadEffect = 'live' | 'rtsp' | 'webrtc' | 'webrtcHttp' | 'api' | 'start' | 'unused';

/**
 * Global keys of the core by effect; keys of outer layers are theirs to apply. A star
 * stands for all keys that begin so.
 */
export const reloadEffects: Readonly<Record<ReloadEffect, readonly string[]>> = {
  live: [
    ...['logLevel', 'logDestinations', 'logStructured', 'logFile'],
    ...['readTimeout', 'writeTimeout', 'rtspAuthMethods', 'auth*'],
    ...['webrtcIPsFromInterfaces', 'webrtcIPsFromInterfacesList', 'webrtcAdditionalHosts'],
    ...['webrtcICEServers2', 'runOnConnect*', 'runOnDisconnect', 'webhooks'],
  ],
  rtsp: [
    ...['rtsp', 'rtspTransports', 'rtspEncryption', 'rtspAddress', 'rtspsAddress'],
    ...['rtpAddress', 'rtcpAddress', 'rtspServerKey', 'rtspServerCert'],
  ],
  webrtc: ['webrtc', 'webrtcLocalUDPAddress', 'webrtcLocalTCPAddress'],
  webrtcHttp: [
    ...['webrtcAddress', 'webrtcEncryption', 'webrtcServerKey', 'webrtcServerCert'],
    ...['webrtcAllowOrigins', 'webrtcTrustedProxies'],
  ],
  api: [
    ...['api', 'apiAddress', 'apiEncryption', 'apiServerKey', 'apiServerCert'],
    ...['apiAllowOrigins', 'apiTrustedProxies'],
  ],
  start: [
    ...['metrics*', 'playback*', 'udpReadBufferSize'],
    ...['webrtcHandshakeTimeout', 'webrtcTrackGatherTimeout', 'webrtcSTUNGatherTimeout'],
  ],
  unused: [
    ...['sysLogPrefix', 'dumpPackets', 'writeQueueSize', 'udpMaxPayloadSize', 'rtspTrustedProxies'],
    ...['pprof*', 'multicast*', 'srtpAddress', 'srtcpAddress'],
    ...['rtmp*', 'hls*', 'srt', 'srtAddress', 'moq*'],
  ],
};

/** Those of `keys` that have the effect. */
export function keysWithEffect(keys: Iterable<string>, effect: ReloadEffect): readonly string[] {
  return [...keys].filter((key) => reloadEffects[effect].some((row) => covers(row, key)));
}

function covers(row: string, key: string): boolean {
  return row.endsWith('*') ? key.startsWith(row.slice(0, -1)) : row === key;
}
