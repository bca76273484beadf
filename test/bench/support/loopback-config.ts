// The configuration of a server that only this machine sees, on ports that nobody has.

/** Keys of mediamtx.yml. */
export function loopbackConfig(): Readonly<Record<string, unknown>> {
  const anyPort = '127.0.0.1:0';
  return {
    logLevel: 'warn',
    // A camera that sends nothing is part of one bench.
    readTimeout: '10m',
    rtspTransports: ['tcp'],
    rtspAddress: anyPort,
    rtmp: false,
    hls: false,
    srt: false,
    webrtcAddress: anyPort,
    webrtcLocalUDPAddress: anyPort,
    webrtcLocalTCPAddress: '',
    webrtcIPsFromInterfaces: false,
    webrtcAdditionalHosts: ['127.0.0.1'],
    paths: { all_others: {} },
  };
}
