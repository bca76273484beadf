// `/health` and `/ready` for load balancers and container platforms.
import { jsonReply } from '../http/http-reply.ts';
import type { AccessRule, Route } from '../http/route.ts';
import type { Readiness, ReloadState } from './readiness.ts';

/** What the probes look at. */
export interface HealthComponents {
  readonly readiness: Readiness;
  readonly reload: () => ReloadState;
}

const PROBE: AccessRule = {
  type: 'public',
  reason: 'probes carry no credentials, and the answer names nothing but the state of the start',
};

/**
 * `/health` answers as long as the process does. `/ready` is 503 until every listener is open and
 * from the moment the server stops. A configuration that could not be used is a warning there, no
 * reason: the server goes on with the one before, and taking it out of service would help nobody.
 */
export function healthRoutes({ readiness, reload }: HealthComponents): readonly Route[] {
  return [
    {
      ...{ methods: ['GET'], pattern: '/health', access: PROBE },
      action: () => jsonReply({ status: 'ok' }),
    },
    {
      ...{ methods: ['GET'], pattern: '/ready', access: PROBE },
      action: () => {
        const { reasons } = readiness;
        const isReady = reasons.length === 0;
        const warnings = reload().isCurrent ? [] : ['the newest configuration could not be used'];
        const status = isReady ? 'ready' : 'notReady';
        return jsonReply({ status, reasons, warnings }, isReady ? 200 : 503);
      },
    },
  ];
}
