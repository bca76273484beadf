// The façade for Tuya viewers, on a listener of its own and on an MQTT broker, when it is on.
import type { IceServerProvider } from '../../core/webrtc/ice-server-provider.ts';
import { defaultTuyaFacadeOptions } from '../signaling/tuya/facade-options.ts';
import { TuyaFacade } from '../signaling/tuya/tuya-facade.ts';
import type { ProContext } from './pro-context.ts';

/** Starts it; undefined while it is off. */
export async function assembleTuyaFacade(
  context: ProContext,
  ice: IceServerProvider,
): Promise<TuyaFacade | undefined> {
  const { clock, logger, core, pro, lifetime } = context;
  const { isEnabled, tlsFiles, ...settings } = pro.tuya.facade;
  if (!isEnabled) return undefined;
  const facade = new TuyaFacade(
    {
      ...{ clock, logger, ice, paths: core.pathManager },
      // A reload may put another in its place.
      get manager() {
        return core.webRtcSessions;
      },
      rtspUrl: (pathName, host) => core.rtspUrl(pathName, host),
    },
    {
      ...{ ...defaultTuyaFacadeOptions, ...settings },
      tls: tlsFiles && {
        key: { path: tlsFiles.key, configKey: 'tuya.facade.serverKey' },
        cert: { path: tlsFiles.cert, configKey: 'tuya.facade.serverCert' },
      },
    },
  );
  lifetime.own(facade);
  await facade.start();
  return facade;
}
