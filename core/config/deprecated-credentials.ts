// publishUser, readUser and their kin of older versions -> entries of authInternalUsers.
import type { PathSegment } from './config-issue.ts';
import type { MoveOptions } from './deprecated-keys.ts';
import { pathCredentialKeys } from './deprecated-keys.ts';
import { isPatternName } from './path-name.ts';
import { isRawMap } from './yaml-document.ts';
import type { RawMap, RawValue } from './yaml-document.ts';

type Role = 'publish' | 'read';

/**
 * Converts the credentials of paths. Refuses what cannot be converted without opening a path:
 * several users of one path add up, so an entry for a regular expression would also let its
 * users into the exactly named paths that it happens to match.
 */
export function movePathCredentials(root: RawMap, options: MoveOptions): void {
  const paths = isRawMap(root['paths']) ? root['paths'] : {};
  const defaults = isRawMap(root['pathDefaults']) ? root['pathDefaults'] : {};
  const firstUse = findFirstUse(paths, defaults);
  if (firstUse === undefined) return;
  const names = Object.keys(paths);
  const refusal = refuse(root, names);
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
      ...names.flatMap((name) => {
        const section = { ...defaults, ...(isRawMap(paths[name]) ? paths[name] : {}) };
        return [user(name, section, 'publish'), user(name, section, 'read')];
      }),
    ];
  }
  for (const section of [defaults, ...Object.values(paths)]) removeCredentials(section);
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

function refuse(root: RawMap, names: readonly string[]): string | undefined {
  if (root['authInternalUsers'] !== undefined) {
    return 'credentials stand both in paths and in authInternalUsers; keep authInternalUsers';
  }
  if (names.length > 1 && names.some(isPatternName)) {
    return 'credentials in paths cannot be combined with a path for many names; write authInternalUsers';
  }
  return undefined;
}

function removeCredentials(section: RawValue): void {
  if (!isRawMap(section)) return;
  for (const name of pathCredentialKeys) Reflect.deleteProperty(section, name);
}

function user(name: string, section: RawMap, role: Role): RawMap {
  const pattern = name.startsWith('~') ? name : '';
  const path = isPatternName(name) ? pattern : name;
  const actions = role === 'publish' ? ['publish'] : ['read', 'playback'];
  const userName = section[`${role}User`] ?? '';
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
