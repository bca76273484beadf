// A running listener with a few routes, for the tests of this folder.
import { systemClock } from '../../../core/base/clock.ts';
import { HttpListener } from '../../../core/http/http-listener.ts';
import type { HttpListenerOptions } from '../../../core/http/listener-options.ts';
import type { AccessGate, Route, UpgradeRoute } from '../../../core/http/route.ts';
import { Router } from '../../../core/http/router.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

export interface ListenerFixture extends AsyncDisposable {
  readonly listener: HttpListener;
  readonly logger: RecordingLogger;
  readonly port: number;
}

export interface FixtureOptions extends Partial<HttpListenerOptions> {
  readonly routes: readonly Route[];
  readonly upgrades?: readonly UpgradeRoute[];
  readonly access?: AccessGate;
}

export const open = { type: 'public', reason: 'test' } as const;

/** Starts a listener on a free port of 127.0.0.1. */
export async function startListener(fixture: FixtureOptions): Promise<ListenerFixture> {
  const { routes, upgrades = [], access = () => Promise.resolve({ user: '' }), ...rest } = fixture;
  const logger = new RecordingLogger();
  const listener = new HttpListener(
    { router: new Router(routes, upgrades), access, clock: systemClock, logger },
    {
      address: { host: '127.0.0.1', port: 0 },
      addressKey: 'testAddress',
      cors: { allowOrigins: ['*'] },
      ...rest,
    },
  );
  await listener.start();
  const { port } = listener.address;
  return { listener, logger, port, [Symbol.asyncDispose]: () => listener.close() };
}
