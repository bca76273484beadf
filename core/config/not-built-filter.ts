// Turns off what this version cannot do, with one warning per key.
import type { ExplicitValues, MergedValues } from './explicit-values.ts';
import type { IssueCollector, PathSegment } from './config-issue.ts';
import type { DecodedValues } from './decode-keys.ts';
import {
  idleGlobalKeys,
  notBuiltForwardSchemes,
  notBuiltGlobalKeys,
  notBuiltPathKeys,
  notBuiltSourceSchemes,
} from './not-built-keys.ts';
import type { NotBuiltKey } from './not-built-keys.ts';
import { sourceScheme } from './validate-path-source.ts';

/** Looks at one configuration. */
export class NotBuiltFilter {
  readonly #explicit: ExplicitValues;
  readonly #issues: IssueCollector;

  /** `explicit` is what the user wrote: only that is worth a warning. */
  constructor(explicit: ExplicitValues, issues: IssueCollector) {
    this.#explicit = explicit;
    this.#issues = issues;
  }

  /** Sets keys of missing functions to "off" in all sections. */
  apply({ global, pathDefaults, paths }: MergedValues): void {
    for (const row of notBuiltGlobalKeys) {
      this.#warn(row, isOn(this.#explicit.global, row) ? [[row.key]] : []);
      turnOff(global, row);
    }
    for (const row of idleGlobalKeys) {
      this.#warn(row, isOn(this.#explicit.global, row) ? [[row.key]] : []);
    }
    for (const row of notBuiltPathKeys) {
      this.#warn(row, this.#pathUses(row));
      for (const section of [pathDefaults, ...paths.values()]) turnOff(section, row);
    }
    for (const [path, values] of this.#pathSections()) {
      this.#warnSources(path, values);
      this.#warnForwards(path, values);
    }
    this.#replaceSyslog(global);
  }

  #pathUses(row: NotBuiltKey): PathSegment[][] {
    const inDefaults = isOn(this.#explicit.pathDefaults, row) ? [['pathDefaults', row.key]] : [];
    const inPaths = [...this.#explicit.paths]
      .filter(([, values]) => isOn(values, row))
      .map(([name]) => ['paths', name, row.key]);
    return [...inDefaults, ...inPaths];
  }

  #warn({ feature }: NotBuiltKey, uses: readonly PathSegment[][]): void {
    const [first] = uses;
    if (first === undefined) return;
    const more = uses.length > 1 ? ` (here and in ${uses.length - 1} other places)` : '';
    const message = `${feature} is not available in this version; key ignored${more}`;
    this.#issues.warn({ code: 'config-not-available', path: first, message });
  }

  /** Lines that go nowhere would hide every failure, so stdout takes them. */
  #replaceSyslog(global: DecodedValues): void {
    const value = global.get('logDestinations');
    const destinations: readonly unknown[] = Array.isArray(value) ? value : [];
    if (!destinations.includes('syslog')) return;
    const others = destinations.filter((name) => name !== 'syslog' && name !== 'stdout');
    global.set('logDestinations', Object.freeze(['stdout', ...others]));
    const message = "'syslog' is not available in this version; 'stdout' is used instead";
    this.#issues.warn({ code: 'config-not-available', path: ['logDestinations'], message });
  }

  /** What the user wrote for paths, with where it stands. */
  #pathSections(): [PathSegment[], DecodedValues][] {
    return [
      [['pathDefaults'], this.#explicit.pathDefaults],
      ...[...this.#explicit.paths].map(([name, values]): [PathSegment[], DecodedValues] => [
        ['paths', name],
        values,
      ]),
    ];
  }

  /** A source that cannot be pulled would look like a dead camera: each path is named. */
  #warnSources(path: readonly PathSegment[], values: DecodedValues): void {
    const source = values.get('source');
    const list: readonly unknown[] = Array.isArray(source) ? source : [source];
    const schemes = list.map((each) => (typeof each === 'string' ? sourceScheme(each) : ''));
    const missing = schemes.filter((scheme) => notBuiltSourceSchemes.has(scheme));
    const effect =
      missing.length < schemes.length ? 'it is left out' : 'the path stays without stream';
    for (const scheme of new Set(missing)) {
      this.#issues.warn({
        code: 'config-not-available',
        path: [...path, 'source'],
        message: `sources of kind '${scheme}' are not available in this version; ${effect}`,
      });
    }
  }

  /** A target that gets nothing would look like one that is down. */
  #warnForwards(path: readonly PathSegment[], values: DecodedValues): void {
    const targets: unknown = values.get('forward');
    const list: readonly unknown[] = Array.isArray(targets) ? targets : [];
    for (const [index, target] of list.entries()) {
      if (typeof target !== 'object' || target === null || !('dest' in target)) continue;
      const scheme = typeof target.dest === 'string' ? sourceScheme(target.dest) : '';
      if (!notBuiltForwardSchemes.has(scheme)) continue;
      this.#issues.warn({
        code: 'config-not-available',
        path: [...path, 'forward', index, 'dest'],
        message: `forward to '${scheme}:' is not available in this version; nothing is sent there`,
      });
    }
  }
}

function isOn(values: DecodedValues, { key, off }: NotBuiltKey): boolean {
  const value = values.get(key);
  return value !== undefined && (Array.isArray(value) ? value.length > 0 : value !== off);
}

function turnOff(values: DecodedValues, { key, off }: NotBuiltKey): void {
  values.set(key, typeof off === 'object' ? Object.freeze([...off]) : off);
}
