// What anybody may do without proving who they are, as the server says at start.
import { MethodAuthorizer } from '../../../core/auth/method-authorizer.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import { toMediaError } from '../../../core/base/media-error.ts';
import type { DoctorContext } from './doctor-context.ts';
import type { Finding } from './finding.ts';

const CHECK = 'access';

/** A warning for each open door. */
export function checkAccess(context: DoctorContext): Finding[] {
  const { system, configuration, places } = context;
  const { global } = configuration.core;
  try {
    const authorizer = new MethodAuthorizer(global, { clock: system.clock, logger: silentLogger });
    const { warnings } = authorizer;
    authorizer.close();
    if (warnings.length === 0) {
      return [{ status: 'ok', check: CHECK, message: 'nobody from outside gets in without proof' }];
    }
    return warnings.map((message) => {
      const index = /\(authInternalUsers\[(\d+)\]\)$/u.exec(message)?.[1];
      const exclusion = /\((auth\w+Exclude)\)$/u.exec(message)?.[1];
      const key =
        index === undefined ? [exclusion ?? 'authMethod'] : ['authInternalUsers', Number(index)];
      return { status: 'warning', check: CHECK, message, place: places.of(key) };
    });
  } catch (failure) {
    const { message } = toMediaError(failure);
    return [{ status: 'problem', check: CHECK, message, place: places.of(['authMethod']) }];
  }
}
