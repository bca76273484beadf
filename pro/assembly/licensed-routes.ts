// Routes of the Pro layer that carry their own authentication, behind the licence.
import type { Route } from '../../core/http/route.ts';

/**
 * Lets Pro endpoints pass; `host` is the Host header.
 * @throws MediaError permission-denied `licence-required` with the reason.
 */
export type RequireLicence = (host: string | undefined) => void;

/** The same routes, refused without a licence where one is required. */
export function licensedRoutes(
  routes: readonly Route[],
  requireLicence: RequireLicence,
): readonly Route[] {
  return routes.map((route) => ({
    ...route,
    action: (request) => {
      requireLicence(request.headers.host);
      return route.action(request);
    },
  }));
}
