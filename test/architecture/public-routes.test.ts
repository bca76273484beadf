// Every door without a guard, with the reason: one more fails here until somebody looked at it.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** Routes need an access rule to compile; these are the files with routes whose rule is `public`. */
function publicRoutes(): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const file of globSync('{core,pro}/**/*.ts', { cwd: ROOT }).sort()) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const rules =
      text.match(/type: 'public',\s*reason: (?!string)|publicReason: (?!string)/gu) ?? [];
    if (rules.length > 0) found[file] = rules.length;
  }
  return found;
}

/** Number of such rules by file. Playback, recordings and whatever changes something have none. */
const REVIEWED: Readonly<Record<string, number>> = {
  // Takes the reason from its endpoint.
  'core/api/endpoint-routes.ts': 1,
  // /health and /ready, for probes that have no credentials.
  'core/metrics/health-routes.ts': 1,
  // The same files for everybody, redirects, 405; and pages that ask the authorizer themselves.
  'core/webrtc/page-routes.ts': 4,
  // PATCH and DELETE: the secret in the URL is the capability (RFC 9725 section 4.3).
  'core/webrtc/signaling-routes.ts': 1,
  // The page that shows the API, without data.
  'pro/api/docs-routes.ts': 1,
  // Health, when the configuration makes it public.
  'pro/api/endpoints/server-endpoints.ts': 1,
  // Checked by tokens of their own.
  'pro/ice/ice-config-routes.ts': 2,
  'pro/signaling/smartly/smartly-routes.ts': 1,
  // A page without data, which asks for a token.
  'pro/signaling/smartly/try-page-routes.ts': 1,
  // Every request is signed, its body included; the rest is one answer: no such path.
  'pro/signaling/tuya/facade-routes.ts': 1,
};

describe('routes without authentication', () => {
  it('are these', () => {
    assert.deepEqual(publicRoutes(), REVIEWED);
  });
});
