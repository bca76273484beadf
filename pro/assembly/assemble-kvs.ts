// Paths that are offered to viewers of signalling channels.
import { KvsMaster } from '../signaling/kvs/kvs-master.ts';
import type { KvsServices } from './kvs-services.ts';
import type { ProContext } from './pro-context.ts';

/** Starts a master for each channel of the configuration. */
export function assembleKvsMasters(context: ProContext, services: KvsServices): void {
  const { clock, logger, core, pro, lifetime } = context;
  for (const [channel, { path: pathName, region }] of pro.kvs.masters) {
    const master = new KvsMaster(
      {
        ...{ clock, logger, paths: core.pathManager, channels: services.channels(region) },
        // A reload may put another in its place.
        get manager() {
          return core.webRtcSessions;
        },
      },
      {
        ...{ channel, pathName, principal: { user: '' } },
        createIfMissing: pro.kvs.isCreating,
      },
    );
    lifetime.own(master);
    master.start();
  }
}
