// Functions of the peer that this version does not have. Building one means deleting its rows here.

/** A key that is accepted, but ignored with one warning when it would turn something on. */
export interface NotBuiltKey {
  readonly key: string;
  /** What is missing, as a user calls it. */
  readonly feature: string;
  /** The value that turns nothing on; the loaded configuration always has this one. */
  readonly off: false | '' | readonly [];
}

/** Global keys without function. */
export const notBuiltGlobalKeys: readonly NotBuiltKey[] = [
  { key: 'pprof', feature: 'the profiling server', off: false },
  { key: 'rtmp', feature: 'RTMP', off: false },
  { key: 'hls', feature: 'HLS', off: false },
  { key: 'srt', feature: 'SRT', off: false },
  { key: 'moq', feature: 'Media over QUIC', off: false },
  { key: 'dumpPackets', feature: 'dumping packets', off: false },
];

/** As `notBuiltGlobalKeys`, but the value stays as it was given: a list that nothing reads. */
export const idleGlobalKeys: readonly NotBuiltKey[] = [
  { key: 'rtspTrustedProxies', feature: 'the PROXY protocol of RTSP', off: [] },
];

/** Path keys without function. */
export const notBuiltPathKeys: readonly NotBuiltKey[] = [
  { key: 'rtspDemuxMpegts', feature: 'MPEG-TS over RTSP', off: false },
  { key: 'srtReadPassphrase', feature: 'SRT', off: '' },
  { key: 'srtPublishPassphrase', feature: 'SRT', off: '' },
];

/** URL schemes of `forward` that are known but cannot be pushed to. */
export const notBuiltForwardSchemes: ReadonlySet<string> = new Set(['rtmp', 'rtmps', 'srt']);

/** URL schemes of `source` that are known but cannot be pulled; the path stays without stream. */
export const notBuiltSourceSchemes: ReadonlySet<string> = new Set([
  'rtmp',
  'rtmps',
  'http',
  'https',
  'srt',
  'moqt',
  'udp+mpegts',
  'unix+mpegts',
  'udp+rtp',
  'unix+rtp',
  'rtsp+http',
  'rtsps+http',
  'rtsp+ws',
  'rtsps+ws',
  'rpiCamera',
]);
