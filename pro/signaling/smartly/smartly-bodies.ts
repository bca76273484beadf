// Answers of the Smartly endpoints, plain or in the envelope of newer clients, and their error codes.
import type { MediaError } from '../../../core/base/media-error.ts';
import type { ErrorFacts } from '../../../core/http/error-reply.ts';

const SCHEMA_VERSION = '2026.06';

/** Refusals whose code says everything; the rest explains itself. */
const TERSE_STATUSES: ReadonlySet<number> = new Set([401, 403, 404, 429]);

/** Body of a success. */
export function successBody(data: unknown, hasEnvelope: boolean): unknown {
  if (!hasEnvelope) return data;
  return { schema_version: SCHEMA_VERSION, data, warnings: [], errors: [] };
}

/** Body of a failure: `{"error": "<code>"}`, with a message where that helps. */
export function failureBody({ status, text, error }: ErrorFacts, hasEnvelope: boolean): unknown {
  const code = wireCode(error);
  if (hasEnvelope) {
    const errors = [{ code, message: text }];
    return { schema_version: SCHEMA_VERSION, data: null, warnings: [], errors };
  }
  return TERSE_STATUSES.has(status) ? { error: code } : { error: code, message: text };
}

/** `invalid_signature` for `invalid-signature`; a bug looks like a connection that failed. */
function wireCode({ kind, code }: MediaError): string {
  return kind === 'internal' ? 'webrtc_failed' : code.replaceAll('-', '_');
}
