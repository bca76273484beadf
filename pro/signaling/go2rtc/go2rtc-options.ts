// Settings of the go2rtc façade; the names follow config.yml.
import type { ListenAddress } from '../../../core/base/listen-address.ts';

/** Everything about the façade. Times in milliseconds. */
export interface Go2rtcOptions {
  readonly address: ListenAddress;
  /** Basic authentication when not empty. */
  readonly username: string;
  readonly password: string;
  /** Whether clients of this machine have to log in as well. */
  readonly asksLocalClients: boolean;
  /** Web sites that may call: `*`, an origin, or empty for none. */
  readonly origin: string;
  /** Told to clients; Home Assistant wants 1.9.13 or newer, below 2. */
  readonly version: string;
  /** Where this server's RTSP listens, e.g. `:8554`; empty when it is off. */
  readonly rtspAddress: string;
  /** URL schemes that streams may be pulled from. Files of this machine are never among them. */
  readonly schemes: readonly string[];
  /** Streams that clients may add. */
  readonly maxStreams: number;
  readonly maxSockets: number;
  readonly maxSessions: number;
  /** A peer without media and messages ends after so long. */
  readonly idleTimeoutMs: number;
  readonly sweepPeriodMs: number;
  /** Live MP4s at once; each may hold some MiB for a slow reader. */
  readonly maxMovies: number;
  /** How long a picture waits for the source of its stream; shorter than clients wait for an answer. */
  readonly frameTimeoutMs: number;
}

/** The defaults. */
export const defaultGo2rtcOptions: Go2rtcOptions = {
  address: { host: '', port: 1984 },
  username: '',
  password: '',
  asksLocalClients: false,
  origin: '',
  version: '1.9.14',
  rtspAddress: '',
  schemes: ['rtsp', 'rtsps'],
  maxStreams: 1000,
  maxSockets: 500,
  maxSessions: 1000,
  idleTimeoutMs: 600_000,
  sweepPeriodMs: 30_000,
  maxMovies: 64,
  frameTimeoutMs: 5000,
};
