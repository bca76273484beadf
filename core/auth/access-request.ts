// The question that every protocol asks before it lets anybody publish or read.

/** Actions of the permission system, spelled as in `authInternalUsers`. */
export type AuthAction = 'publish' | 'read' | 'playback' | 'api' | 'metrics' | 'pprof';

/** What the client showed to prove who it is. */
export type Credentials =
  | { readonly type: 'none' }
  | { readonly type: 'password'; readonly user: string; readonly password: string }
  | {
      readonly type: 'digest';
      readonly user: string;
      /** Whether the client's response was made with `password` (RFC 7616 section 3.4). */
      readonly matches: (password: string) => boolean;
    }
  | { readonly type: 'bearer'; readonly token: string };

/** Who wants to do what, where, from where. */
export interface AccessRequest {
  readonly action: AuthAction;
  /** Path name; empty for actions without a path (api, metrics, pprof). */
  readonly path: string;
  readonly credentials: Credentials;
  /** IP address of the client, after trusted proxies; IPv4-mapped IPv6 is written as IPv4. */
  readonly ip: string;
  readonly protocol: 'rtsp' | 'webrtc' | 'http';
  /** Session or connection id, for the log and for external authentication. */
  readonly id: string;
  /** Raw query of the URL, without `?`. */
  readonly query: string;
  readonly userAgent: string;
}

/** Who was let in. */
export interface Principal {
  /** Empty for anonymous access. */
  readonly user: string;
  /** When the proof ends (Date ms), and with it every session that it opened; undefined = never. */
  readonly expiresAt?: number | undefined;
}

/** Decides; one implementation per `authMethod`. */
export interface Authorizer {
  /**
   * Resolves when access is granted.
   * @throws MediaError `unauthenticated` (nobody, or wrong credentials; `context.hadCredentials`
   * tells which) or `permission-denied`.
   */
  authorize(request: AccessRequest, signal?: AbortSignal): Promise<Principal>;
}
