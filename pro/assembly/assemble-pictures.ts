// Pictures of paths: decoders, snapshots, periodic ones, and smart recording on top of them.
import { MediaError } from '../../core/base/media-error.ts';
import { KeyFrameDecoderPool } from '../snapshot/key-frame-decoder-pool.ts';
import { KeyFrameGrabber } from '../snapshot/key-frame-grabber.ts';
import { FolderImageStore } from '../snapshot/folder-image-store.ts';
import { PathStreams } from '../snapshot/path-streams.ts';
import { PeriodicSnapshots } from '../snapshot/periodic-snapshots.ts';
import { PictureSource } from '../snapshot/picture-source.ts';
import { SnapshotConfigStore } from '../snapshot/snapshot-config-store.ts';
import { SnapshotService, type PictureDefaults } from '../snapshot/snapshot-service.ts';
import type { StoredImage } from '../snapshot/image-store.ts';
import type { Devices } from './assemble-devices.ts';
import { settingsOf, type ProContext } from './pro-context.ts';

/** What makes pictures. */
export interface Pictures {
  readonly streams: PathStreams;
  readonly source: PictureSource;
  readonly snapshots: SnapshotService;
  readonly periodic: PeriodicSnapshots;
}

/** As for recordings. */
const LEAST_FREE_BYTES = 32 * 1024 * 1024;

/** Builds it and begins with the periodic pictures. `register` takes note of saved ones. */
export async function assemblePictures(
  context: ProContext,
  components: {
    readonly devices: Devices;
    readonly register: (image: StoredImage, pathName: string) => Promise<void>;
  },
): Promise<Pictures> {
  const { clock, logger, pro, core, events, lifetime, recordFolder, ffmpeg } = context;
  const log = logger.scope('snapshot');
  const { snapshot } = pro;
  const decoders = new KeyFrameDecoderPool(
    { clock, logger: log, ffmpeg },
    {
      maxBusy: snapshot.decoders,
      maxWaiting: snapshot.queueRequests,
      timeoutMs: snapshot.decodeTimeoutMs,
    },
  );
  lifetime.own(decoders);
  const streams = new PathStreams(core.pathManager);
  const grabber = new KeyFrameGrabber(clock);
  const source = new PictureSource({ streams, grabber, decoders });
  const { devices, register } = components;
  const snapshots = new SnapshotService(
    {
      ...{ clock, logger: log, streams, pictures: source },
      store: new FolderImageStore({
        ...{ root: recordFolder, register, minFreeBytes: LEAST_FREE_BYTES },
      }),
      device: {
        grab: (name, signal) => devices.targetOf(name) && grabFromDevice(devices, name, signal),
      },
      onSaved: (name, { fileName, filePath }) =>
        events.publish({ type: 'snapshotSaved', name, fileName, filePath }),
    },
    { ...snapshot, defaultsOf: (name) => pictureDefaults(context, name) },
  );
  const configs = new SnapshotConfigStore(log, recordFolder);
  const periodic = new PeriodicSnapshots({ clock, logger: log, configs, streams, snapshots });
  lifetime.own(periodic);
  await periodic.start();
  return { streams, source, snapshots, periodic };
}

/** @throws MediaError `unavailable`; the stream is looked at then. */
async function grabFromDevice(
  devices: Devices,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const jpeg = await devices.grab(name, signal);
  if (jpeg) return jpeg;
  const message = `the device of path '${name}' gives no picture`;
  throw new MediaError('unavailable', 'device-without-picture', message);
}

function pictureDefaults(context: ProContext, name: string): PictureDefaults {
  const settings = settingsOf(context, name);
  if (!settings) return {};
  const { cut, brightness, contrast, saturation, thumbnailWidth: thumbnailSize } = settings;
  const crop = cut && { x: cut.x, y: cut.y, w: cut.width, h: cut.height };
  return { crop, brightness, contrast, saturation, thumbnailSize };
}
