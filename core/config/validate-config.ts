// Runs every rule over a decoded configuration and places each fault where its key was written.
import { toMediaError } from '../base/media-error.ts';
import type { GlobalConfig, PathConfig } from './config.ts';
import type { ExplicitValues } from './explicit-values.ts';
import type { IssueCollector, PathSegment } from './config-issue.ts';
import { isCatchAll, isPatternName, pathNameFault } from './path-name.ts';
import { PathPattern } from './path-pattern.ts';
import { validateAuth } from './validate-auth.ts';
import { validateGlobal } from './validate-global.ts';
import { validatePath, validateValues } from './validate-path.ts';
import { validateRedirects } from './validate-redirects.ts';
import { validateRpiCameras } from './validate-rpi-camera.ts';
import { validateWebhooks } from './validate-webhooks.ts';
import { validateWebrtc } from './validate-webrtc.ts';
import type { PathUnderTest } from './validation.ts';

/** The values to validate. */
export interface ConfigDraft {
  readonly global: GlobalConfig;
  readonly pathDefaults: PathConfig;
  readonly paths: ReadonlyMap<string, PathConfig>;
}

/** What the rules need beside the values. */
export interface ValidatorOptions extends Pick<PathUnderTest, 'urlSchemes' | 'slateFileFault'> {
  readonly issues: IssueCollector;
}

/** Validates one draft. */
export class ConfigValidator {
  readonly #draft: ConfigDraft;
  readonly #explicit: ExplicitValues;
  readonly #issues: IssueCollector;
  readonly #options: ValidatorOptions;

  constructor(draft: ConfigDraft, explicit: ExplicitValues, options: ValidatorOptions) {
    this.#options = options;
    this.#draft = draft;
    this.#explicit = explicit;
    this.#issues = options.issues;
  }

  validate(): void {
    const { global, pathDefaults, paths } = this.#draft;
    const report = (path: readonly PathSegment[], message: string): void =>
      this.#issues.error({ code: 'config-invalid-value', path, message });
    validateGlobal(global, report);
    validateAuth(global, report);
    validateWebrtc(global, report);
    validateWebhooks(global, report);
    const { urlSchemes, slateFileFault } = this.#options;
    validateValues(
      { confName: undefined, config: pathDefaults, global, urlSchemes },
      (keyPath, message) => report(['pathDefaults', ...keyPath], message),
    );
    const areNamesRight = this.#validateNames([...paths.keys()]);
    for (const [confName, config] of paths) {
      const path = { confName, config, global, urlSchemes, slateFileFault };
      validatePath(path, ([key, ...rest], message) =>
        report(this.#placeOf(confName, key, rest), message),
      );
    }
    const reportKey = (confName: string, key: string, message: string): void =>
      report(this.#placeOf(confName, key, []), message);
    validateRpiCameras(paths, reportKey);
    // A regular expression that does not compile has been reported already.
    if (areNamesRight) validateRedirects(paths, reportKey);
  }

  /** A key that the path inherits is faulty in pathDefaults; one that nobody set, in the path. */
  #placeOf(confName: string, key: string, rest: readonly PathSegment[]): PathSegment[] {
    const isOwn = this.#explicit.paths.get(confName)?.has(key) === true;
    const isInherited = this.#explicit.pathDefaults.has(key);
    if (!isOwn && isInherited) return ['pathDefaults', key, ...rest];
    return ['paths', confName, key, ...rest];
  }

  /** Whether all are right. */
  #validateNames(names: readonly string[]): boolean {
    let areRight = true;
    const catchAll = names.filter(isCatchAll);
    if (catchAll[1] !== undefined) {
      this.#report(catchAll[1], "all_others, all and '~^.*$' are aliases");
    }
    for (const name of names) {
      if (isCatchAll(name)) continue;
      const fault = isPatternName(name) ? patternFault(name) : nameFault(name);
      if (fault === undefined) continue;
      this.#report(name, fault);
      areRight = false;
    }
    return areRight;
  }

  #report(confName: string, message: string): void {
    const path = ['paths', confName];
    this.#issues.error({ code: 'config-invalid-path-name', path, message });
  }
}

function nameFault(name: string): string | undefined {
  const fault = pathNameFault(name);
  return fault === undefined ? undefined : `invalid path name '${name.slice(0, 255)}': ${fault}`;
}

function patternFault(name: string): string | undefined {
  try {
    new PathPattern(name.slice(1));
    return undefined;
  } catch (failure) {
    return toMediaError(failure).message;
  }
}
