// Global keys of mediamtx.yml: who may do what.
import { z } from 'zod';
import { key } from './config-key.ts';
import { flag, ipRanges, listOf, oneOf, permission, secretText, text } from './value-schemas.ts';

const user = z
  .strictObject({
    /** User name; "any" matches everybody, also clients without credentials. */
    user: text.default(''),
    /** Plain text, sha256:<base64> or argon2:<encoded>; empty accepts any password. */
    pass: secretText.default(''),
    /** Where this entry counts; an empty list means everywhere. */
    ips: ipRanges.prefault([]),
    permissions: listOf(permission).prefault([]),
  })
  .readonly();

// Safer than the peer on purpose: a server on a public address must not be an open relay.
const LOOPBACK = ['127.0.0.0/8', '::1'];
const LOCAL_NETWORKS = [
  ...LOOPBACK,
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
];

/** Keys about who may do what. */
export const authKeys = {
  authMethod: key(
    oneOf('internal', 'http', 'jwt'),
    'internal',
    'Who decides: internal, http, jwt.',
  ),
  authInternalUsers: key(
    listOf(user),
    [
      {
        user: 'any',
        pass: '',
        ips: LOCAL_NETWORKS,
        permissions: [{ action: 'publish' }, { action: 'read' }, { action: 'playback' }],
      },
      {
        user: 'any',
        pass: '',
        ips: LOOPBACK,
        permissions: [{ action: 'api' }, { action: 'metrics' }, { action: 'pprof' }],
      },
    ],
    'Users of the internal method: user, pass, ips and permissions of each; tried in order.',
  ),
  authHTTPAddress: key(text, '', 'URL that is asked when authMethod is http.'),
  authHTTPFingerprint: key(text, '', 'SHA-256 fingerprint of the certificate of authHTTPAddress.'),
  authHTTPExclude: key(listOf(permission), [], 'Actions that are not asked for over HTTP.'),
  authJWTJWKS: key(text, '', 'URL of the key set when authMethod is jwt.'),
  authJWTJWKSFingerprint: key(text, '', 'SHA-256 fingerprint of the certificate of authJWTJWKS.'),
  authJWTClaimKey: key(text, 'mediamtx_permissions', 'Claim of the token that holds permissions.'),
  authJWTExclude: key(listOf(permission), [], 'Actions that need no token.'),
  authJWTIssuer: key(text, '', 'Required issuer of tokens; empty accepts any.'),
  authJWTAudience: key(text, '', 'Required audience of tokens; empty accepts any.'),
  authJWTInHTTPQuery: key(flag, false, 'Accepts ?jwt= in HTTP requests (deprecated).'),
};
