// The dialects of other products on the API's port, and the ICE service.
import type { ApiParts } from '../../core/api/api-server.ts';
import type { Clock } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError } from '../../core/base/media-error.ts';
import type { IceServerProvider } from '../../core/webrtc/ice-server-provider.ts';
import type { ProConfig } from '../config/pro-config.ts';
import { iceConfigRoutes } from '../ice/ice-config-routes.ts';
import { defaultIceOptions } from '../ice/ice-options.ts';
import { IceService } from '../ice/ice-service.ts';
import { SmartlyBridge, type SmartlyStats } from '../signaling/smartly/smartly-bridge.ts';
import { defaultSmartlyOptions } from '../signaling/smartly/smartly-options.ts';
import { SMARTLY_HEADERS, smartlyRoutes } from '../signaling/smartly/smartly-routes.ts';
import { tryPageRoutes } from '../signaling/smartly/try-page-routes.ts';
import type { ApiAccess } from './assemble-access.ts';
import { licensedRoutes } from './licensed-routes.ts';
import type { ProContext } from './pro-context.ts';

/** The one list of ICE servers; the core tells it to WHIP and WHEP clients. */
export function createIceService(
  components: {
    readonly clock: Clock;
    readonly logger: Logger;
    /** Those of mediamtx.yml. */
    readonly configured: IceServerProvider;
  },
  pro: ProConfig,
): IceService {
  const { clock, logger, configured } = components;
  return new IceService(
    { clock, logger: logger.scope('ICE'), configured },
    { ...defaultIceOptions, ...pro.turn, twilio: pro.twilio },
  );
}

/** What the dialects serve and tell. */
export interface Signaling {
  readonly parts: readonly ApiParts[];
  /** Undefined while Smartly is off. */
  readonly smartlyStats: () => SmartlyStats | undefined;
}

/** Builds the dialects that are on. */
export function assembleSignaling(
  context: ProContext,
  components: { readonly ice: IceService; readonly access: ApiAccess },
): Signaling {
  const { ice, access } = components;
  const { appTokens, requireLicence } = access;
  const iceRoutes = iceConfigRoutes({
    service: ice,
    ...(appTokens
      ? {
          verifyToken: (token) => {
            const verdict = appTokens.verify(token);
            if (verdict.type === 'valid') return;
            throw new MediaError('unauthenticated', 'authentication-failed', verdict.text);
          },
        }
      : {}),
  });
  const { isEnabled } = context.pro.smartly;
  const bridge = isEnabled ? createSmartly(context, ice) : undefined;
  const smartly = bridge ? [...smartlyRoutes(bridge), ...tryPageRoutes()] : [];
  const routes = licensedRoutes([...iceRoutes, ...smartly], requireLicence);
  return { parts: [{ routes, allowHeaders: SMARTLY_HEADERS }], smartlyStats: () => bridge?.stats };
}

function createSmartly(context: ProContext, ice: IceService): SmartlyBridge {
  const { clock, logger, core, pro, lifetime } = context;
  const bridge = new SmartlyBridge(
    {
      ...{ clock, logger, paths: core.pathManager },
      // A reload may put another in its place.
      get manager() {
        return core.webRtcSessions;
      },
      turnServers: (signal) => ice.turnServers(signal),
      registrar: core.pathManager,
      pathUrl: (name) => core.rtspUrl(name),
    },
    { ...defaultSmartlyOptions, ...pro.smartly },
  );
  bridge.start();
  lifetime.defer(() => bridge.close());
  return bridge;
}
