// Kinesis Video Streams as sources and targets of paths: kvs:// in `source` and `forward`.
import type { Clock } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { MetricGroup } from '../../core/base/metric-family.ts';
import type { SourceFactory } from '../../core/path/source.ts';
import type { WebRtcClients } from '../../core/webrtc/client/webrtc-clients.ts';
import type { KvsConfig } from '../config/kvs-section.ts';
import type { FfmpegProvider } from '../ffmpeg/ffmpeg-program.ts';
import { FragmentSource } from '../put-media/fragment-source.ts';
import { putMediaMetrics } from '../put-media/put-media-metrics.ts';
import { PutMediaForwardFactory } from '../put-media/put-media-target.ts';
import { KvsSourceFactory } from '../signaling/kvs/kvs-source.ts';
import type { KvsServices } from './kvs-services.ts';

/** What they are made of. */
export interface KvsPeersComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly services: KvsServices;
  /** Of the running core; asked for each run. */
  readonly clients: () => WebRtcClients;
  readonly ffmpeg: FfmpegProvider;
}

/** For MediaServer. */
export interface KvsPeers {
  readonly sourceFactories: readonly SourceFactory[];
  readonly forwardFactories: readonly PutMediaForwardFactory[];
  readonly metricGroups: readonly MetricGroup[];
}

/** Nothing of AWS is loaded before a path needs it. */
export function createKvsPeers(components: KvsPeersComponents, kvs: KvsConfig): KvsPeers {
  const { clock, logger, services, clients, ffmpeg } = components;
  const { channels, streams } = services;
  const { stun, connectionTimeMs } = kvs;
  const forwards = new PutMediaForwardFactory(
    {
      ...{ clock, services: streams, random: Math.random },
      openSource: ({ pathName, stream, audio, listener, logger: log }) => {
        const source = new FragmentSource(
          { clock, stream, listener, ffmpeg, logger: log },
          { pathName, audio },
        );
        source.start();
        return source;
      },
    },
    { rotateAfterMs: connectionTimeMs },
  );
  return {
    sourceFactories: [
      new KvsSourceFactory(
        { clock, logger: logger.scope('KVS'), clients, channels },
        stun === 'auto' ? {} : { stun: stun === 'none' ? '' : stun },
      ),
    ],
    forwardFactories: [forwards],
    metricGroups: [putMediaMetrics(() => forwards.list())],
  };
}
