// Rules of authInternalUsers and of what depends on it.
import { toMediaError } from '../base/media-error.ts';
import type { GlobalConfig, InternalUser, Permission } from './config.ts';
import { credentialFault, isHashed } from './credential.ts';
import { PathPattern } from './path-pattern.ts';
import type { ReportGlobal } from './validation.ts';
import type { PathSegment } from './config-issue.ts';

/** Reports every broken rule of the users and their permissions. */
export function validateAuth(global: GlobalConfig, report: ReportGlobal): void {
  for (const [index, user] of global.authInternalUsers.entries()) {
    validateUser(user, ['authInternalUsers', index], report);
  }
  for (const key of ['authHTTPExclude', 'authJWTExclude'] as const) {
    for (const [index, permission] of global[key].entries()) {
      validatePermission(permission, [key, index], report);
    }
  }
  if (global.rtspAuthMethods.includes('digest')) validateDigest(global, report);
}

function validateUser(
  user: InternalUser,
  path: readonly PathSegment[],
  report: ReportGlobal,
): void {
  if (user.user === '') report([...path, 'user'], 'empty usernames are not supported');
  if (user.user === 'any' && user.pass !== '') {
    report([...path, 'pass'], "using a password with 'any' user is not supported");
  }
  for (const field of ['user', 'pass'] as const) {
    const fault = credentialFault(user[field]);
    if (fault !== undefined) report([...path, field], fault);
  }
  for (const [index, permission] of user.permissions.entries()) {
    validatePermission(permission, [...path, 'permissions', index], report);
  }
}

function validatePermission(
  { path: allowed }: Permission,
  path: readonly PathSegment[],
  report: ReportGlobal,
): void {
  if (!allowed.startsWith('~')) return;
  try {
    new PathPattern(allowed.slice(1));
  } catch (failure) {
    report([...path, 'path'], toMediaError(failure).message);
  }
}

/** RFC 7616: the server must know the password itself to check a digest. */
function validateDigest(global: GlobalConfig, report: ReportGlobal): void {
  if (global.authMethod !== 'internal') {
    report(['rtspAuthMethods'], "RTSP digest can be used only when 'authMethod' is 'internal'");
  }
  for (const [index, { user, pass }] of global.authInternalUsers.entries()) {
    if (isHashed(user) || isHashed(pass)) {
      const message = 'RTSP digest needs credentials in plain text, not hashed ones';
      report(['authInternalUsers', index], message);
    }
  }
}
