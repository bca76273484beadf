// Who may use the API: tokens, users, licence.
import type { AccessGate } from '../../core/http/route.ts';
import { LicenceCheck } from '../license/licence-check.ts';
import { AppTokens } from '../token/app-tokens.ts';
import { NamedTokens } from '../token/named-tokens.ts';
import { TokenGate } from '../token/token-gate.ts';
import type { RequireLicence } from './licensed-routes.ts';
import type { ProContext } from './pro-context.ts';

/** Guards of the API. */
export interface ApiAccess {
  readonly gate: AccessGate;
  /** Verifies tokens that do not come with a protected route; undefined when none are asked for. */
  readonly appTokens: AppTokens | undefined;
  /** For endpoints behind another gate. @throws MediaError permission-denied `licence-required`. */
  readonly requireLicence: RequireLicence;
}

/** The Control API is the core's, and goes on without a licence. */
const CORE_API = '/v3/';

/** Builds the guards and starts the licence check. */
export async function assembleAccess(context: ProContext): Promise<ApiAccess> {
  const { clock, logger, lifetime, pro, proKeys, shared, core } = context;
  const config = context.configNow();
  const { isTokenRequired, appId, appSecret, coreServerKey } = proKeys.global.read(config.global);
  const licence = new LicenceCheck(
    { clock, logger: logger.scope('licence') },
    { ...pro.licence, text: coreServerKey, apiDomain: shared.apiDomain },
  );
  licence.start();
  lifetime.defer(() => licence.close());
  const authLogger = logger.scope('auth');
  const namedTokens = new NamedTokens(
    { clock, logger: authLogger },
    { filePath: pro.tokens.filePath },
  );
  await namedTokens.start();
  lifetime.own(namedTokens);
  const appTokens = isTokenRequired ? new AppTokens({ clock }, { appId, appSecret }) : undefined;
  const { hasGrants, failureBurst, failureRefillMs } = pro.tokens;
  const gate = new TokenGate(
    {
      ...{ clock, appTokens, namedTokens, users: core.authorizer },
      namedUsers: core.authorizer.named,
    },
    { hasGrants, failureBurst, failureRefillMs },
  );
  const requireLicence: RequireLicence = (host) => licence.require(host ?? '');
  return {
    ...{ appTokens, requireLicence },
    gate: async (question) => {
      const admission = await gate.access(question);
      if (!pro.licence.isRequired || question.urlPath.startsWith(CORE_API)) return admission;
      const { host } = question.headers;
      requireLicence(host);
      const recheck = async (): Promise<void> => {
        await admission.recheck?.();
        requireLicence(host);
      };
      return { ...admission, recheck };
    },
  };
}
