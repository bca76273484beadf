// The façade of go2rtc, on a listener of its own when it is on.
import { formatListenAddress } from '../../core/config/listen-address.ts';
import { defaultGo2rtcOptions } from '../signaling/go2rtc/go2rtc-options.ts';
import { Go2rtcServer } from '../signaling/go2rtc/go2rtc-server.ts';
import { managedPaths } from '../signaling/go2rtc/managed-paths.ts';
import type { ApiAccess } from './assemble-access.ts';
import type { Pictures } from './assemble-pictures.ts';
import type { ProContext } from './pro-context.ts';

/** Starts it; undefined while it is off. */
export async function assembleGo2rtc(
  context: ProContext,
  { pictures, access }: { readonly pictures: Pictures; readonly access: ApiAccess },
): Promise<Go2rtcServer | undefined> {
  const { clock, logger, core, pro, lifetime, configNow } = context;
  const { isEnabled, ...settings } = pro.go2rtc;
  if (!isEnabled) return undefined;
  const { rtsp, rtspAddress } = configNow().global;
  const server = new Go2rtcServer(
    {
      ...{ clock, logger, paths: core.pathManager, sessions: core.sessions },
      ...{ camera: pictures.snapshots, requireLicence: access.requireLicence },
      // A reload may put another in its place.
      get manager() {
        return core.webRtcSessions;
      },
      registrar: managedPaths(core.pathManager),
      forwards: core.peers.extraForwards,
    },
    {
      ...{ ...defaultGo2rtcOptions, ...settings },
      rtspAddress: rtsp ? formatListenAddress(rtspAddress) : '',
    },
  );
  lifetime.own(server);
  await server.start();
  if (settings.username === '') {
    const where = formatListenAddress(settings.address);
    logger.warn(`anybody who reaches ${where} may watch every stream and add others (go2rtc)`);
  }
  return server;
}
