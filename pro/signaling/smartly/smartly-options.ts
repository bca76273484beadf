// Settings of the Smartly dialect; the names follow config.yml.

/** Somebody who may ask for tokens. */
export interface SmartlyClient {
  /** As in `X-Client-Id`, e.g. `ha_...`. */
  readonly id: string;
  /** Key of its signatures; 32 characters or more. */
  readonly secret: string;
  /** Addresses it may come from; empty for any. */
  readonly allowedCidrs: readonly string[];
  /** Entities it may watch; `*` stands for any text. */
  readonly entities: readonly string[];
}

/** What an entity is, where the rule `camera.<name>` -> path `<name>` does not fit. */
export interface SmartlyEntity {
  /** Empty: by the rule. */
  readonly path: string;
  /** URL of the camera, the path is then registered with it; empty when there is none. */
  readonly source: string;
  /** False shuts the entity for every client. */
  readonly isAllowed: boolean;
}

/** Which part of a proxy's word about the client's address is believed. */
export type TrustProxy = 'auto' | 'always' | 'never';

/** Everything about the dialect. Times in milliseconds. */
export interface SmartlyOptions {
  /** `internal`: this server answers offers. `go2rtc`: another one does, by its HTTP API. */
  readonly engine: 'internal' | 'go2rtc';
  readonly go2rtcUrl: string;
  readonly go2rtcTimeoutMs: number;
  readonly clients: readonly SmartlyClient[];
  /** By entity id. */
  readonly entities: ReadonlyMap<string, SmartlyEntity>;
  readonly tokenTtlMs: number;
  readonly sessionIdleTimeoutMs: number;
  readonly cleanupIntervalMs: number;
  readonly timestampToleranceMs: number;
  readonly nonceTtlMs: number;
  /** Token requests of one client. */
  readonly rateLimit: { readonly requests: number; readonly windowMs: number };
  readonly trustProxy: TrustProxy;
  /** Wraps every body in `{schema_version, data, warnings, errors}`. */
  readonly hasEnvelope: boolean;
  /** Whether a session that only watches stays open. */
  readonly idleCountsMedia: boolean;
  readonly maxSessions: number;
  /** In front of the TURN servers in every token. */
  readonly stunUrls: readonly string[];
}

/** The defaults: nobody may ask. */
export const defaultSmartlyOptions: SmartlyOptions = {
  engine: 'internal',
  go2rtcUrl: 'http://localhost:1984',
  go2rtcTimeoutMs: 10_000,
  clients: [],
  entities: new Map(),
  tokenTtlMs: 300_000,
  sessionIdleTimeoutMs: 600_000,
  cleanupIntervalMs: 60_000,
  timestampToleranceMs: 30_000,
  nonceTtlMs: 300_000,
  rateLimit: { requests: 60, windowMs: 60_000 },
  trustProxy: 'auto',
  hasEnvelope: false,
  idleCountsMedia: true,
  maxSessions: 1000,
  stunUrls: [
    'stun:stun.l.google.com:19302',
    'stun:stun1.l.google.com:19302',
    'stun:stun2.l.google.com:19302',
  ],
};
