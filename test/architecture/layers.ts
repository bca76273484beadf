// The dependency table of the project as data: which room may import which, and why the room exists.

/** One row of the table. A room is a folder below core/ or pro/, or a composition root file. */
export interface Layer {
  /** Path from the project root, e.g. `core/rtp` or `core/server.ts`. */
  readonly room: string;
  /** Rooms it may import besides itself and core/base. `core/*` and `pro/*` mean every row above. */
  readonly mayImport: readonly string[];
  readonly purpose: string;
}

/** The room that everybody may import. */
export const OPEN_ROOM = 'core/base';

/** Rows stand in building order: a room may only import rows above its own. */
export const LAYERS: readonly Layer[] = [
  {
    room: 'core/base',
    mayImport: [],
    purpose: 'errors, lifetime, clock, logger, bytes: what every room needs and no room owns',
  },
  {
    room: 'core/assets',
    mayImport: [],
    purpose:
      'files shipped with the server: the clip of the demo path, those of always-available paths',
  },
  {
    room: 'core/config',
    mayImport: [],
    purpose: 'mediamtx.yml and MTX_ variables to one typed, frozen `Config`; durations and sizes',
  },
  {
    room: 'core/codec',
    mayImport: [],
    purpose: 'what the bits mean: Codec union, NAL units, parameter sets, AudioSpecificConfig',
  },
  {
    room: 'core/http',
    mayImport: [],
    purpose: 'listener, TLS, CORS, trusted proxies, body limit; requests of our own, pinned',
  },
  {
    room: 'core/metrics',
    mayImport: ['core/config', 'core/http'],
    purpose: 'writes and serves Prometheus text, health and readiness; knows no room of media',
  },
  {
    room: 'core/sdp',
    mayImport: ['core/codec'],
    purpose: 'SDP text to SessionDescription and back',
  },
  {
    room: 'core/rtp',
    mayImport: ['core/codec'],
    purpose: 'packets, RTCP, sequence and clock arithmetic, one normaliser per codec',
  },
  {
    room: 'core/mux',
    mayImport: ['core/codec'],
    purpose: 'fMP4, MPEG-TS and Matroska writers without file I/O',
  },
  {
    room: 'core/auth',
    mayImport: ['core/config'],
    purpose: 'who may do which action on which path',
  },
  {
    room: 'core/stream',
    mayImport: ['core/codec', 'core/rtp'],
    purpose: 'the hub: Stream, Track, TrackRing, readers, key frame requests',
  },
  {
    room: 'core/transcode',
    mayImport: ['core/config', 'core/codec', 'core/rtp', 'core/stream'],
    purpose: 'audio that browsers cannot play to Opus, one ffmpeg for each stream',
  },
  {
    room: 'core/path',
    mayImport: ['core/config', 'core/codec', 'core/auth', 'core/stream'],
    purpose: 'names to streams: sources, publishers, on-demand, session registry',
  },
  {
    room: 'core/forward',
    mayImport: ['core/config', 'core/path'],
    purpose: 'streams pushed to other servers: who, where, again with back-off',
  },
  {
    room: 'core/file',
    mayImport: ['core/config', 'core/codec', 'core/rtp', 'core/stream', 'core/path'],
    purpose: 'sources that are files: an MP4 in a loop',
  },
  {
    room: 'core/offline',
    mayImport: ['core/config', 'core/codec', 'core/rtp', 'core/stream', 'core/path', 'core/file'],
    purpose: 'what always-available paths show while nobody feeds them',
  },
  {
    room: 'core/egress',
    mayImport: ['core/rtp', 'core/stream'],
    purpose: "viewers' outgoing packets: rewrite, protect, send, retransmit, behind one interface",
  },
  {
    room: 'core/rtsp',
    mayImport: [
      'core/config',
      'core/codec',
      'core/sdp',
      'core/rtp',
      'core/auth',
      'core/stream',
      'core/path',
    ],
    purpose: 'RTSP server, client and pull source',
  },
  {
    room: 'core/webrtc',
    mayImport: [
      'core/config',
      'core/codec',
      'core/sdp',
      'core/rtp',
      'core/auth',
      'core/stream',
      'core/path',
      'core/egress',
      'core/http',
    ],
    purpose: 'WHIP, WHEP, one media socket, ICE-lite, DTLS, RTCP, the pages',
  },
  {
    room: 'core/record',
    mayImport: ['core/config', 'core/codec', 'core/rtp', 'core/mux', 'core/stream', 'core/path'],
    purpose: 'a reader that writes segments',
  },
  {
    room: 'core/library',
    mayImport: ['core/mux', 'core/record'],
    purpose: 'what was recorded: index of files and gaps, retention, safe file operations',
  },
  {
    room: 'core/playback',
    mayImport: ['core/config', 'core/auth', 'core/http', 'core/mux', 'core/library'],
    purpose: 'the playback server: what was recorded of a path, and any span of it as one file',
  },
  {
    room: 'core/hooks',
    mayImport: ['core/config', 'core/http', 'core/path'],
    purpose: 'the runOn commands and webhooks',
  },
  {
    room: 'core/api',
    mayImport: ['core/config', 'core/codec', 'core/http', 'core/path', 'core/library'],
    purpose: 'the API listener and Control API v3',
  },
  {
    room: 'core/server-observers.ts',
    mayImport: [
      'core/config',
      'core/metrics',
      'core/http',
      'core/auth',
      'core/path',
      'core/rtsp',
      'core/webrtc',
      'core/hooks',
    ],
    purpose: 'hooks, metrics, health and readiness joined with the rooms they watch',
  },
  {
    room: 'core/server-listeners.ts',
    mayImport: ['core/config', 'core/webrtc', 'core/api'],
    purpose: 'what runs where, for the table printed at start',
  },
  {
    room: 'core/server-peers.ts',
    mayImport: ['core/config', 'core/path', 'core/forward', 'core/rtsp', 'core/webrtc'],
    purpose: 'other servers: WHEP sources and forward targets joined with their rooms',
  },
  {
    room: 'core/server.ts',
    mayImport: ['core/*'],
    purpose: '`MediaServer`: builds the rooms, starts them, stops them in reverse',
  },
  {
    room: 'pro/config',
    mayImport: ['core/config'],
    purpose: 'config.yml, and the Pro keys of mediamtx.yml',
  },
  {
    room: 'pro/events',
    mayImport: [],
    purpose: 'typed event bus, one discriminated union `ProEvent`',
  },
  { room: 'pro/ffmpeg', mayImport: [], purpose: 'one wrapper around the ffmpeg process' },
  {
    room: 'pro/token',
    mayImport: ['core/auth'],
    purpose: 'application tokens: made, verified, named, revoked',
  },
  { room: 'pro/license', mayImport: [], purpose: 'licence check' },
  {
    room: 'pro/ice',
    mayImport: ['core/http', 'core/webrtc'],
    purpose: 'ICE server list and TURN credentials',
  },
  {
    room: 'pro/device',
    mayImport: ['core/http'],
    purpose: 'device proxy and probe',
  },
  {
    room: 'pro/library',
    mayImport: ['core/library', 'pro/events'],
    purpose: 'date folders: list, rename, favourite, delete, clean, dashboard',
  },
  {
    room: 'pro/export',
    mayImport: ['pro/events', 'pro/ffmpeg'],
    purpose: 'MP4 export queue',
  },
  {
    room: 'pro/aws',
    mayImport: ['core/http', 'core/webrtc'],
    purpose:
      'Amazon Web Services: credentials, signatures, the control plane of Kinesis Video Streams',
  },
  {
    room: 'pro/put-media',
    mayImport: [
      'core/codec',
      'core/rtp',
      'core/mux',
      'core/stream',
      'core/transcode',
      'core/path',
      'core/record',
      'pro/ffmpeg',
      'pro/aws',
    ],
    purpose: 'a path forwarded into a Kinesis video stream: Matroska fragments over PutMedia',
  },
  {
    room: 'pro/snapshot',
    mayImport: ['core/codec', 'core/rtp', 'core/stream', 'core/path', 'core/library', 'pro/ffmpeg'],
    purpose: 'key frame to JPEG',
  },
  {
    room: 'pro/health',
    mayImport: ['pro/events', 'pro/device'],
    purpose: 'periodic checks: pathReady and pathNotReady',
  },
  {
    room: 'pro/record',
    mayImport: ['core/path', 'core/record', 'core/library', 'pro/events'],
    purpose: 'RecordManager and RecordTask',
  },
  {
    room: 'pro/smart',
    mayImport: ['pro/events', 'pro/ffmpeg', 'pro/snapshot'],
    purpose: 'smart recording',
  },
  {
    room: 'pro/websocket',
    mayImport: ['core/http', 'pro/events'],
    purpose: 'hub of WebSocket clients',
  },
  {
    room: 'pro/signaling',
    mayImport: [
      'core/codec',
      'core/sdp',
      'core/http',
      'core/auth',
      'core/stream',
      'core/path',
      'core/webrtc',
      'core/record',
      'pro/ice',
      'pro/aws',
    ],
    purpose: 'Smartly, go2rtc, Tuya and KVS dialects',
  },
  {
    room: 'pro/api',
    mayImport: ['core/http', 'core/path', 'core/api', 'pro/*'],
    purpose: 'API v2 routes',
  },
  { room: 'pro/web', mayImport: [], purpose: 'browser code; talks to the API only' },
  {
    room: 'pro/assembly',
    mayImport: ['core/*', 'pro/*'],
    purpose: 'builds the Pro rooms out of the configuration and joins them',
  },
  {
    room: 'pro/pro-server.ts',
    mayImport: ['core/*', 'pro/*'],
    purpose: 'second composition root: MediaServer plus the Pro rooms',
  },
  {
    room: 'pro/command',
    mayImport: [
      'core/config',
      'core/auth',
      'core/webrtc',
      'pro/config',
      'pro/ffmpeg',
      'pro/token',
      'pro/license',
    ],
    purpose: 'the subcommands: tokens, licences, the doctor',
  },
  {
    room: 'pro/kvs-agent.ts',
    mayImport: ['core/*', 'pro/*'],
    purpose: 'third composition root: a core between a signalling channel and a video stream',
  },
  {
    room: 'pro/command-line.ts',
    mayImport: ['pro/command'],
    purpose: 'what the arguments ask for',
  },
  {
    room: 'pro/main.ts',
    mayImport: ['core/*', 'pro/*'],
    purpose: 'the process: arguments, signals, exit code',
  },
  {
    room: 'pro/launch.js',
    mayImport: [],
    purpose: 'plain JavaScript in front of main.ts that tells an old Node.js what is needed',
  },
];
