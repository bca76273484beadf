// Rules of Raspberry Pi cameras: a camera has one primary and one secondary stream.
import type { PathConfig } from './config.ts';

/** Takes a fault at a key of the path `confName`. */
export type ReportCamera = (confName: string, key: string, message: string) => void;

/** Reports cameras used twice and pictures that the JPEG encoder cannot make. */
export function validateRpiCameras(
  paths: ReadonlyMap<string, PathConfig>,
  report: ReportCamera,
): void {
  const users = new Map<string, string>();
  for (const [confName, config] of paths) {
    if (config.source !== 'rpiCamera') continue;
    const stream = `${config.rpiCameraCamID} ${config.rpiCameraSecondary}`;
    const other = users.get(stream);
    if (other !== undefined) {
      const message = `'rpiCamera' with same camera ID ${config.rpiCameraCamID} is used as source in two paths, '${other}' and '${confName}'`;
      report(confName, 'source', message);
    }
    users.set(stream, confName);
    validatePicture(config, (key, message) => report(confName, key, message));
  }
}

function validatePicture(config: PathConfig, report: (key: string, message: string) => void): void {
  const isJpeg =
    config.rpiCameraCodec === 'mjpeg' ||
    (config.rpiCameraCodec === 'auto' && config.rpiCameraSecondary);
  if (!isJpeg) return;
  for (const key of ['rpiCameraWidth', 'rpiCameraHeight'] as const) {
    // RFC 2435 section 3.1.5: sizes travel in units of 8 pixels, in one byte.
    if (config[key] >= 2048) report(key, `'${key}' must be less than 2048 with MJPEG`);
    if (config[key] % 8 !== 0) report(key, `'${key}' must be a multiple of 8 with MJPEG`);
  }
}
