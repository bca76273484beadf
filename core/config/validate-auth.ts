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
  if (global.authMethod === 'http') validateService(global, HTTP_KEYS, report);
  if (global.authMethod === 'jwt') {
    validateService(global, JWT_KEYS, report);
    if (global.authJWTClaimKey === '') report(['authJWTClaimKey'], "'authJWTClaimKey' is empty");
  }
  if (global.rtspAuthMethods.includes('digest')) validateDigest(global, report);
}

interface ServiceKeys {
  readonly url: 'authHTTPAddress' | 'authJWTJWKS';
  readonly fingerprint: 'authHTTPFingerprint' | 'authJWTJWKSFingerprint';
}

const HTTP_KEYS: ServiceKeys = { url: 'authHTTPAddress', fingerprint: 'authHTTPFingerprint' };
const JWT_KEYS: ServiceKeys = { url: 'authJWTJWKS', fingerprint: 'authJWTJWKSFingerprint' };
/** SHA-256 in hex, as openssl prints it or without colons. */
const FINGERPRINT = /^(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$/iu;

/** The URL itself is not shown: it may hold a password. */
function validateService(
  global: GlobalConfig,
  { url: urlKey, fingerprint: fingerprintKey }: ServiceKeys,
  report: ReportGlobal,
): void {
  const url = global[urlKey];
  if (url === '') report([urlKey], `'${urlKey}' is empty`);
  else if (!/^https?:\/\//iu.test(url) || !URL.canParse(url)) {
    report([urlKey], `'${urlKey}' must be a HTTP URL`);
  }
  const fingerprint = global[fingerprintKey];
  if (fingerprint === '') return;
  if (!FINGERPRINT.test(fingerprint)) {
    report([fingerprintKey], 'a fingerprint is a SHA-256 in hex, 64 digits');
  } else if (!/^https:/iu.test(url)) {
    report([fingerprintKey], `'${fingerprintKey}' is useless when '${urlKey}' is not https`);
  }
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
