// The Session header of answers.
import { SESSION_TIMEOUT_SECONDS, type ServerSession } from '../server-session.ts';
import { formatSessionHeader } from '../session-header.ts';

/** The header's value; undefined without a session. */
export function sessionHeaderOf(session: ServerSession | undefined): string | undefined {
  if (session === undefined || session.isClosed) return undefined;
  return formatSessionHeader({ id: session.secret, timeoutSeconds: SESSION_TIMEOUT_SECONDS });
}
