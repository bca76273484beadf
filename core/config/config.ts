// The types of the loaded configuration: frozen, decoded, with the key names of mediamtx.yml.
import type { KeyValues } from './config-key.ts';
import type { globalKeys } from './global-keys.ts';
import type { pathKeys } from './path-keys.ts';
import type { PathPattern } from './path-pattern.ts';

/** Values of keys that an outer layer registered; read them through their `ExtensionKey`. */
export type Extensions = Readonly<Record<string, unknown>>;

/** Values of the global keys. Durations are milliseconds, sizes bytes, addresses ListenAddress. */
export type GlobalConfig = KeyValues<typeof globalKeys> & { readonly extensions: Extensions };

/** Values of the keys of one path, defaults included. Durations are milliseconds, sizes bytes. */
export type PathConfig = KeyValues<typeof pathKeys> & { readonly extensions: Extensions };

/** One entry of `authInternalUsers`. */
export type InternalUser = GlobalConfig['authInternalUsers'][number];

/** What a user may do; `path` empty = every path, `~...` = regular expression, else exact. */
export type Permission = InternalUser['permissions'][number];

/** One entry of `webrtcICEServers2`. */
export type IceServerConfig = GlobalConfig['webrtcICEServers2'][number];

/** Something that was accepted but will not do what the user may expect. */
export interface ConfigWarning {
  /** Stable kebab-case identifier. */
  readonly code: string;
  /** Dotted key path, or the name of the environment variable. */
  readonly key: string;
  /** Starts with the place: "mediamtx.yml:12:3: rtmp: ...". */
  readonly message: string;
  /** The message without place and key: it stays the same when lines move. */
  readonly text: string;
}

/** A regular-expression entry of `paths`. */
export interface PathRule {
  /** Key in `paths`, e.g. "~^cam(\\d+)$" or "all_others". */
  readonly confName: string;
  readonly pattern: PathPattern;
}

/** A whole configuration. Immutable: a reload makes a new one. */
export interface Config {
  readonly global: GlobalConfig;
  readonly pathDefaults: PathConfig;
  /** By key of `paths`, exact names and regular expressions alike. */
  readonly paths: ReadonlyMap<string, PathConfig>;
  /** The regular expressions of `paths` in match order, the catch-all last. */
  readonly pathRules: readonly PathRule[];
  readonly warnings: readonly ConfigWarning[];
  /** The file that was read; undefined when the built-in defaults or a bare text were used. */
  readonly filePath: string | undefined;
}
