// publishUser, readUser and their kin of older versions -> entries of authInternalUsers.
import { allNamesBut } from './all-names-but.ts';
import type { PathSegment } from './config-issue.ts';
import type { MoveOptions } from './deprecated-keys.ts';
import { pathCredentialKeys } from './deprecated-keys.ts';
import { isCatchAll, isPatternName, pathNameFault } from './path-name.ts';
import { PathPattern } from './path-pattern.ts';
import { isRawMap } from './yaml-document.ts';
import type { RawMap, RawValue } from './yaml-document.ts';

type Role = 'publish' | 'read';

/** One path with the credentials that count for it. */
interface Entry {
  readonly name: string;
  readonly section: RawMap;
}

const ROLES: readonly Role[] = ['publish', 'read'];

/**
 * Converts the credentials of paths as MediaMTX does: users add up, so one of an expression may
 * use the exactly named paths that it matches too. Only the catch-all without a user does not open
 * paths that ask for one; where that can't be said in an expression the file is refused.
 */
export function movePathCredentials(root: RawMap, options: MoveOptions): void {
  const paths = isRawMap(root['paths']) ? root['paths'] : {};
  const defaults = isRawMap(root['pathDefaults']) ? root['pathDefaults'] : {};
  const firstUse = findFirstUse(paths, defaults);
  if (firstUse === undefined) return;
  const entries = Object.entries(paths).map(([name, section]) => ({
    name,
    section: { ...defaults, ...(isRawMap(section) ? withoutNulls(section) : {}) },
  }));
  const refusal = refuse(root, entries);
  if (refusal !== undefined) {
    options.issues.error({ code: 'config-invalid-value', path: firstUse, message: refusal });
  } else {
    options.issues.warn({
      code: 'config-deprecated-key',
      path: firstUse,
      message: 'credentials in paths are deprecated (still accepted); write authInternalUsers',
    });
    options.moved.set('authInternalUsers', firstUse);
    root['authInternalUsers'] = [
      localAdministrator(),
      ...entries.flatMap((entry) => ROLES.map((role) => user(entry, role, entries))),
    ];
  }
  for (const section of [defaults, ...Object.values(paths)]) removeCredentials(section);
}

/** An empty `readUser:` is not set: the one of pathDefaults counts. */
function withoutNulls(section: RawMap): RawMap {
  return Object.fromEntries(Object.entries(section).filter(([, value]) => value !== null));
}

function findFirstUse(paths: RawMap, defaults: RawMap): PathSegment[] | undefined {
  const sections: [PathSegment[], RawValue][] = [
    [['pathDefaults'], defaults],
    ...Object.entries(paths).map(([name, value]): [PathSegment[], RawValue] => [
      ['paths', name],
      value,
    ]),
  ];
  for (const [path, section] of sections) {
    const used = pathCredentialKeys.find(
      (name) => isRawMap(section) && section[name] !== undefined && section[name] !== null,
    );
    if (used !== undefined) return [...path, used];
  }
  return undefined;
}

function refuse(root: RawMap, entries: readonly Entry[]): string | undefined {
  if (root['authInternalUsers'] !== undefined) {
    return 'credentials stand both in paths and in authInternalUsers; keep authInternalUsers';
  }
  for (const role of ROLES) {
    const guarded = entries.filter((entry) => isGuarded(entry, role));
    const openOnes = entries.filter((entry) => isPatternName(entry.name) && isOpen(entry, role));
    for (const open of openOnes) {
      const opened = guarded.find(opens(open));
      if (opened) {
        return `path '${open.name}' has no ${role}User, so it would open path '${opened.name}', which has one; give it one too, or write authInternalUsers`;
      }
    }
    const isForAll = openOnes.some(({ name }) => isCatchAll(name));
    if (isForAll && !compiled(otherPaths(role, entries).slice(1))) {
      return `more paths have a ${role}User than can be left out of the path for all others; write authInternalUsers`;
    }
  }
  return undefined;
}

/** Whether anybody may, as far as this entry goes. */
function isOpen({ section }: Entry, role: Role): boolean {
  const name = section[`${role}User`] ?? '';
  return name === '' || name === 'any';
}

function isGuarded(entry: Entry, role: Role): boolean {
  const ips = entry.section[`${role}IPs`];
  const hasPass = (entry.section[`${role}Pass`] ?? '') !== '';
  return !isOpen(entry, role) || hasPass || (Array.isArray(ips) && ips.length > 0);
}

/** Whether users of `open` get into another entry; exact names are left out of the catch-all. */
function opens(open: Entry): (entry: Entry) => boolean {
  const pattern = isCatchAll(open.name) ? undefined : compiled(open.name.slice(1));
  return ({ name }) => {
    if (name === open.name || isCatchAll(name)) return false;
    return isPatternName(name) || pattern?.match(name) !== undefined;
  };
}

/** Undefined for what is no expression, which is told where the names of paths are checked. */
function compiled(expression: string): PathPattern | undefined {
  try {
    return new PathPattern(expression);
  } catch {
    return undefined;
  }
}

/** The paths of a catch-all without a user: those that ask for nobody. Empty for all. */
function otherPaths(role: Role, entries: readonly Entry[]): string {
  const guarded = entries.filter((entry) => !isPatternName(entry.name) && isGuarded(entry, role));
  const names = guarded.map(({ name }) => name).filter((name) => pathNameFault(name) === undefined);
  return names.length === 0 ? '' : `~${allNamesBut(names)}`;
}

function removeCredentials(section: RawValue): void {
  if (!isRawMap(section)) return;
  for (const name of pathCredentialKeys) Reflect.deleteProperty(section, name);
}

function user(entry: Entry, role: Role, entries: readonly Entry[]): RawMap {
  const { name, section } = entry;
  const actions = role === 'publish' ? ['publish'] : ['read', 'playback'];
  const userName = section[`${role}User`] ?? '';
  const isForAll = isCatchAll(name);
  const all = isForAll && isOpen(entry, role) ? otherPaths(role, entries) : '';
  const path = isForAll ? all : name;
  return {
    user: userName === '' ? 'any' : userName,
    pass: section[`${role}Pass`] ?? '',
    ips: section[`${role}IPs`] ?? [],
    permissions: actions.map((action) => ({ action, path })),
  };
}

function localAdministrator(): RawMap {
  return {
    user: 'any',
    pass: '',
    ips: ['127.0.0.1', '::1'],
    permissions: ['api', 'metrics', 'pprof'].map((action) => ({ action })),
  };
}
