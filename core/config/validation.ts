// What the validation rules have in common: the values they look at and where faults go.
import type { GlobalConfig, PathConfig } from './config.ts';
import type { PathSegment } from './config-issue.ts';
import type { UrlSchemes } from './url-schemes.ts';

/** Takes a fault at a global key, e.g. ('readTimeout') or ('authInternalUsers', 0, 'user'). */
export type ReportGlobal = (path: readonly PathSegment[], message: string) => void;

/** Takes a fault at a key of the path that is being looked at. */
export type ReportPath = (keyPath: readonly [string, ...PathSegment[]], message: string) => void;

/** One entry of `paths` under validation. */
export interface PathUnderTest {
  /** Key in `paths`; undefined for `pathDefaults`. */
  readonly confName: string | undefined;
  readonly config: PathConfig;
  readonly global: GlobalConfig;
  /** What outer layers can pull from and push to. */
  readonly urlSchemes: UrlSchemes;
  /** Whether a file that a key names can be used; absent where files are not looked at. */
  readonly slateFileFault?: ((name: string) => string | undefined) | undefined;
}
