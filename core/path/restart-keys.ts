// Which path keys a running source or publisher has used already, so that a change needs a new run.
import { isDeepStrictEqual } from 'node:util';
import type { PathConfig } from '../config/config.ts';

/** Keys that a source reads when it connects. */
const SOURCE_KEYS: ReadonlySet<string> = new Set([
  'sourceFingerprint',
  'sourceRedirect',
  'useAbsoluteTimestamp',
  'rtspTransport',
  'rtspAnyPort',
  'rtspRangeType',
  'rtspRangeStart',
  'rtspScale',
  'rtspUDPSourcePortRange',
  'rtpSDP',
  'moqTransport',
  'whepBearerToken',
  'whepSTUNGatherTimeout',
  'whepHandshakeTimeout',
  'whepTrackGatherTimeout',
]);
/** Keys that count from the first packet of a publisher on. */
const PUBLISHER_KEYS: ReadonlySet<string> = new Set(['useAbsoluteTimestamp', 'rtspDemuxMpegts']);
const SLATE_KEYS = ['alwaysAvailable', 'alwaysAvailableFile', 'alwaysAvailableTracks'] as const;
const CAMERA_PREFIX = 'rpiCamera';

/** Whether a pulled path must connect anew. Every other key takes effect without it. */
export function needsNewSource(changedKeys: Iterable<string>): boolean {
  return [...changedKeys].some((key) => SOURCE_KEYS.has(key) || key.startsWith(CAMERA_PREFIX));
}

/** Whether the publisher of a path must come anew. */
export function needsNewPublisher(changedKeys: Iterable<string>): boolean {
  return [...changedKeys].some((key) => PUBLISHER_KEYS.has(key));
}

/** Whether an always-available path shows something else from now on. */
export function hasOtherSlate(before: PathConfig, after: PathConfig): boolean {
  return SLATE_KEYS.some((key) => !isDeepStrictEqual(before[key], after[key]));
}

/** How long a reader waits for the stream of a path on demand, in milliseconds. */
export function startTimeoutMs(config: PathConfig): number {
  const { source, runOnDemandStartTimeout, sourceOnDemandStartTimeout } = config;
  return source === 'publisher' ? runOnDemandStartTimeout : sourceOnDemandStartTimeout;
}
