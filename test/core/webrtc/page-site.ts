// A listener with nothing but the pages, for their tests.
import { InternalAuthorizer } from '../../../core/auth/internal-authorizer.ts';
import { httpAccess } from '../../../core/auth/http-access.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { PathManager } from '../../../core/path/path-manager.ts';
import { pageRoutes, type PageOptions } from '../../../core/webrtc/page-routes.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { httpRequest, type TestReply } from '../../support/http-client.ts';
import { startListener, type ListenerFixture } from '../http/listener-fixture.ts';

/** Everybody may do everything. */
export const OPEN_YML = `
authInternalUsers:
  - user: any
    permissions: [{ action: read }, { action: publish }]
paths:
  cam: {}
  all_others: {}
`;

/** One open path, a guest of one path, and an owner of all. */
export const GUARDED_YML = `
authInternalUsers:
  - user: any
    permissions: [{ action: read, path: public }]
  - user: guest
    pass: long-enough
    permissions: [{ action: read, path: front_door }]
  - user: owner
    pass: long-enough
    permissions: [{ action: read }, { action: publish }]
paths:
  public: {}
  front_door: {}
  garden: {}
`;

/** A running site. */
export interface Site extends AsyncDisposable {
  readonly manager: PathManager;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<TestReply>;
}

/** Starts the pages. Wrong passwords are answered without the pause, which a fake clock would never end. */
export async function openSite(yml: string, options?: PageOptions): Promise<Site> {
  const clock = new FakeClock();
  const config = loadConfig({ text: yml, env: {} });
  const { authInternalUsers } = config.global;
  const components = { clock, logger: silentLogger };
  const authorizer = new InternalAuthorizer(authInternalUsers, components, { maxDelayMs: 0 });
  const manager = new PathManager(
    {
      ...{ ...components, authorizer, random: () => 0 },
      sourceFactories: [
        {
          ...{ schemes: ['rtsp'], type: 'rtspSource' },
          create: () => ({
            run: ({ url }) =>
              Promise.reject(new MediaError('unavailable', 'refused', `no answer from ${url}`)),
          }),
        },
      ],
    },
    config,
  );
  manager.start();
  const fixture: ListenerFixture = await startListener({
    routes: pageRoutes({ pathManager: manager, authorizer }, options),
    access: httpAccess(authorizer, 'webrtc'),
  });
  return {
    manager,
    get: (path, headers = {}) => httpRequest({ port: fixture.port, path, headers }),
    [Symbol.asyncDispose]: async () => {
      await fixture.listener.close();
      await manager.close();
    },
  };
}

/** Headers of a login. */
export function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

/** Headers of a browser that opens a page. */
export const HTML = { accept: 'text/html' };
/** Headers of who may do everything in GUARDED_YML. */
export const OWNER = basic('owner', 'long-enough');
