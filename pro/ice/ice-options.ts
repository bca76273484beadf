// Settings of the ICE server list; the names follow config.yml.

/** Twilio's Network Traversal Service; ready when an account and one kind of credentials are there. */
export interface TwilioOptions {
  /** `AC` and 32 hexadecimal digits. */
  readonly accountSid: string;
  /** Password of the account; unused when an API key is given. */
  readonly authToken: string;
  /** `SK...` and its secret; both or neither. */
  readonly apiKey?: string;
  readonly apiSecret?: string;
  /** Without a slash at the end; another one in tests. */
  readonly baseUrl: string;
  readonly timeoutMs: number;
}

/** Where TURN comes from when Twilio is not set up. */
export type TurnProviderName = 'none' | 'static' | 'coturn-secret' | 'twilio';

/** Everything about ICE servers. */
export interface IceOptions {
  readonly provider: TurnProviderName;
  /** `turn:` and `turns:` URLs of the own TURN server; `stun:` URLs stand in for the public ones. */
  readonly urls: readonly string[];
  /** For `static`. */
  readonly username: string;
  readonly credential: string;
  /** coturn's `static-auth-secret`, for `coturn-secret`. */
  readonly secret: string;
  /** How long issued credentials work, in seconds; kept within 60..86400. */
  readonly ttlSeconds: number;
  /** Whether a failure of Twilio is told to the client instead of a list without TURN. */
  readonly isStrict: boolean;
  readonly twilio: TwilioOptions;
  /** Public STUN servers, for clients of the ICE service when `urls` has none and Twilio is not there. */
  readonly stunUrls: readonly string[];
}

/** Shortest life of credentials, in seconds. */
export const MIN_TTL_SECONDS = 60;
/** Longest life of credentials, in seconds; Twilio's own limit. */
const MAX_TTL_SECONDS = 86_400;

/** The defaults: no TURN, two public STUN servers. */
export const defaultIceOptions: IceOptions = {
  provider: 'none',
  urls: [],
  username: '',
  credential: '',
  secret: '',
  ttlSeconds: 3600,
  isStrict: false,
  twilio: {
    accountSid: '',
    authToken: '',
    baseUrl: 'https://api.twilio.com',
    timeoutMs: 10_000,
  },
  stunUrls: ['stun:stun.l.google.com:19302', 'stun:stun1.l.google.com:19302'],
};

/** `ttlSeconds` as a whole number within its limits. */
export function clampTtl(ttlSeconds: number): number {
  return Math.min(MAX_TTL_SECONDS, Math.max(MIN_TTL_SECONDS, Math.trunc(ttlSeconds)));
}
