// Keys of older versions: moved to the key that replaced them, with a warning each.
import { z } from 'zod';
import type { KeyTable } from './config-key.ts';
import { key } from './config-key.ts';
import type { IssueCollector, PathSegment } from './config-issue.ts';
import { dottedPath } from './config-issue.ts';
import { globalKeys } from './global-keys.ts';
import { pathKeys } from './path-keys.ts';
import type { RawMap, RawValue } from './yaml-document.ts';

/** Where the value of an old key goes. */
interface Replacement {
  /** The new key; undefined when the function is gone and the key is only tolerated. */
  readonly to: string | undefined;
  /** Whether the new key stands in pathDefaults although the old one was global. */
  readonly inPathDefaults?: true;
  /** inverse: yes becomes no; list: one value becomes a list; ice: colon-packed texts. */
  readonly change?: 'inverse' | 'list' | 'ice';
}

const GLOBAL: ReadonlyMap<string, Replacement> = new Map<string, Replacement>([
  ['readBufferCount', { to: 'writeQueueSize' }],
  ['externalAuthenticationURL', { to: 'authHTTPAddress' }],
  ['apiAllowOrigin', { to: 'apiAllowOrigins', change: 'list' }],
  ['metricsAllowOrigin', { to: 'metricsAllowOrigins', change: 'list' }],
  ['pprofAllowOrigin', { to: 'pprofAllowOrigins', change: 'list' }],
  ['playbackAllowOrigin', { to: 'playbackAllowOrigins', change: 'list' }],
  ['hlsAllowOrigin', { to: 'hlsAllowOrigins', change: 'list' }],
  ['webrtcAllowOrigin', { to: 'webrtcAllowOrigins', change: 'list' }],
  ['rtspDisable', { to: 'rtsp', change: 'inverse' }],
  ['rtmpDisable', { to: 'rtmp', change: 'inverse' }],
  ['hlsDisable', { to: 'hls', change: 'inverse' }],
  ['webrtcDisable', { to: 'webrtc', change: 'inverse' }],
  ['protocols', { to: 'rtspTransports' }],
  ['encryption', { to: 'rtspEncryption' }],
  ['serverKey', { to: 'rtspServerKey' }],
  ['serverCert', { to: 'rtspServerCert' }],
  ['authMethods', { to: 'rtspAuthMethods' }],
  ['rtspUDPReadBufferSize', { to: 'udpReadBufferSize' }],
  ['mpegtsUDPReadBufferSize', { to: 'udpReadBufferSize' }],
  ['rtpUDPReadBufferSize', { to: 'udpReadBufferSize' }],
  ['webrtcICEUDPMuxAddress', { to: 'webrtcLocalUDPAddress' }],
  ['webrtcICETCPMuxAddress', { to: 'webrtcLocalTCPAddress' }],
  ['webrtcICEHostNAT1To1IPs', { to: 'webrtcAdditionalHosts' }],
  ['webrtcICEServers', { to: 'webrtcICEServers2', change: 'ice' }],
  ['moqHTTPS2Address', { to: 'moqHTTP2Address' }],
  ['moqHTTPS3Address', { to: 'moqHTTP3Address' }],
  ['record', { to: 'record', inPathDefaults: true }],
  ['recordPath', { to: 'recordPath', inPathDefaults: true }],
  ['recordFormat', { to: 'recordFormat', inPathDefaults: true }],
  ['recordPartDuration', { to: 'recordPartDuration', inPathDefaults: true }],
  ['recordSegmentDuration', { to: 'recordSegmentDuration', inPathDefaults: true }],
  ['recordDeleteAfter', { to: 'recordDeleteAfter', inPathDefaults: true }],
]);

const PATH: ReadonlyMap<string, Replacement> = new Map<string, Replacement>([
  ['fallback', { to: undefined }],
  ['playback', { to: undefined }],
  ['disablePublisherOverride', { to: 'overridePublisher', change: 'inverse' }],
  ['sourceProtocol', { to: 'rtspTransport' }],
  ['sourceAnyPortEnable', { to: 'rtspAnyPort' }],
  ['runOnReady', { to: 'runOnAvailable' }],
  ['runOnReadyRestart', { to: 'runOnAvailableRestart' }],
  ['runOnNotReady', { to: 'runOnUnavailable' }],
  ['rpiCameraProfile', { to: 'rpiCameraH264Profile' }],
  ['rpiCameraLevel', { to: 'rpiCameraH264Level' }],
  ['rpiCameraHardwareH264Profile', { to: 'rpiCameraH264Profile' }],
  ['rpiCameraHardwareH264Level', { to: 'rpiCameraH264Level' }],
  ['rpiCameraSoftwareH264Profile', { to: 'rpiCameraH264Profile' }],
  ['rpiCameraSoftwareH264Level', { to: 'rpiCameraH264Level' }],
  ['rpiCameraJPEGQuality', { to: 'rpiCameraMJPEGQuality' }],
]);

/** Credentials that older versions kept in each path. */
export const pathCredentialKeys: readonly string[] = [
  'publishUser',
  'publishPass',
  'publishIPs',
  'readUser',
  'readPass',
  'readIPs',
];

/** Old global keys with the schema of what replaced them, for environment variables. */
export const deprecatedGlobalKeys: KeyTable = tableOf(GLOBAL, { ...pathKeys, ...globalKeys });

/** Old path keys with the schema of what replaced them, for environment variables. */
export const deprecatedPathKeys: KeyTable = {
  ...tableOf(PATH, pathKeys),
  ...Object.fromEntries(
    pathCredentialKeys.map((name) => [
      name,
      name.endsWith('IPs') ? key(z.array(z.string()), [], '') : key(z.string(), '', ''),
    ]),
  ),
};

/** Where warnings and traces of moved keys go. */
export interface MoveOptions {
  readonly issues: IssueCollector;
  /** Receives the old dotted path by the new one, so that errors point at what was written. */
  readonly moved: Map<string, readonly PathSegment[]>;
}

/** Moves the old global keys of `root`; `pathDefaults` is created when one belongs there. */
export function moveGlobalKeys(root: RawMap, pathDefaults: RawMap, options: MoveOptions): void {
  const hasExternalAuth = isSet(root['externalAuthenticationURL']);
  for (const [name, replacement] of GLOBAL) {
    const isPathKey = replacement.inPathDefaults === true;
    const target = isPathKey ? pathDefaults : root;
    moveKey({ name, replacement, source: root, target }, options, {
      from: [],
      to: isPathKey ? ['pathDefaults'] : [],
    });
  }
  if (hasExternalAuth) root['authMethod'] ??= 'http';
}

/** Moves the old keys of one path section and modernises its source. */
export function movePathKeys(
  section: RawMap,
  path: readonly PathSegment[],
  options: MoveOptions,
): void {
  for (const [name, replacement] of PATH) {
    const move = { name, replacement, source: section, target: section };
    moveKey(move, options, { from: path, to: path });
  }
  const { source } = section;
  if (typeof source !== 'string' || !source.startsWith('udp://')) return;
  section['source'] = `udp+mpegts${source.slice('udp'.length)}`;
  options.issues.warn({
    code: 'config-deprecated-key',
    path: [...path, 'source'],
    message: "'udp://' is deprecated; write 'udp+mpegts://'",
  });
}

interface Move {
  readonly name: string;
  readonly replacement: Replacement;
  readonly source: RawMap;
  readonly target: RawMap;
}

interface MovePaths {
  readonly from: readonly PathSegment[];
  readonly to: readonly PathSegment[];
}

function moveKey(
  { name, replacement, source, target }: Move,
  { issues, moved }: MoveOptions,
  { from, to }: MovePaths,
): void {
  const value = source[name];
  if (value === undefined) return;
  Reflect.deleteProperty(source, name);
  if (value === null) return;
  const path = [...from, name];
  if (replacement.to === undefined) {
    const message = 'the key has no function any more; ignored';
    issues.warn({ code: 'config-deprecated-key', path, message });
    return;
  }
  const newPath = [...to, replacement.to];
  const isOverruled = isSet(target[replacement.to]);
  const outcome = isOverruled ? `ignored, '${dottedPath(newPath)}' is set` : 'still accepted';
  const message = `the key is deprecated (${outcome}); write '${dottedPath(newPath)}'`;
  issues.warn({ code: 'config-deprecated-key', path, message });
  if (isOverruled) return;
  moved.set(dottedPath(newPath), path);
  target[replacement.to] = changed(value, replacement.change);
}

function changed(value: RawValue, change: Replacement['change']): RawValue {
  switch (change) {
    case 'inverse':
      return typeof value === 'boolean' ? !value : value;
    case 'list':
      return typeof value === 'string' ? [value] : value;
    case 'ice':
      return Array.isArray(value) ? value.map(iceServer) : value;
    case undefined:
      return value;
  }
}

/** "turn:user:pass:host:3478" or "stun:host:19302". */
function iceServer(packed: RawValue): RawValue {
  if (typeof packed !== 'string') return packed;
  const words = packed.split(':');
  if (words.length !== 5) return { url: packed };
  const [scheme = '', username = '', password = '', host = '', portText = ''] = words;
  return { url: `${scheme}:${host}:${portText}`, username, password };
}

function isSet(value: RawValue | undefined): boolean {
  return value !== undefined && value !== null;
}

function tableOf(replacements: ReadonlyMap<string, Replacement>, table: KeyTable): KeyTable {
  return Object.fromEntries(
    [...replacements].map(([name, { to, change }]) => {
      const definition = to === undefined ? undefined : table[to];
      const isText = change === 'list' || definition === undefined;
      if (change === 'ice') return [name, key(z.array(z.string()), [], '')];
      return [name, isText ? key(z.string(), '', '') : definition];
    }),
  );
}
