// config.yml: pictures from streams.
import { z } from 'zod';
import { key } from '../../core/config/config-key.ts';
import { defineSection } from './config-section.ts';
import { bytes, period, positive } from './pro-values.ts';

/** Decoding of key frames to JPEG. */
export interface SnapshotConfig {
  /** Memory for pictures that are asked for again. */
  readonly cacheBytes: number;
  /** Decoders that may run at a time. */
  readonly decoders: number;
  /** Requests that may wait for a decoder. */
  readonly queueRequests: number;
  readonly decodeTimeoutMs: number;
  /** Longest wait for a key frame of the stream. */
  readonly keyFrameTimeoutMs: number;
  /** Longest wait for the picture of a capture device. */
  readonly deviceTimeoutMs: number;
  /** JPEG quality, 1..100. */
  readonly quality: number;
  readonly thumbnailQuality: number;
}

const quality = z.int().min(1).max(100);

/** The section `snapshot`. */
export const snapshotSection = defineSection({
  keys: {
    cacheBytes: key(bytes, '64M', 'Memory for pictures that are asked for again.'),
    decoders: key(positive, 2, 'Decoders that may run at a time.'),
    queue: key(positive, 64, 'Requests that may wait for a decoder.'),
    decodeTimeout: key(period, '5s', 'Longest time to decode a picture.'),
    keyFrameTimeout: key(period, '5s', 'Longest wait for a key frame.'),
    deviceTimeout: key(period, '1.5s', 'Longest wait for the picture of a capture device.'),
    quality: key(quality, 95, 'JPEG quality, 1 to 100.'),
    thumbnailQuality: key(quality, 85, 'JPEG quality of thumbnails, 1 to 100.'),
  },
  toConfig: (values): SnapshotConfig => ({
    cacheBytes: values.cacheBytes,
    decoders: values.decoders,
    queueRequests: values.queue,
    decodeTimeoutMs: values.decodeTimeout,
    keyFrameTimeoutMs: values.keyFrameTimeout,
    deviceTimeoutMs: values.deviceTimeout,
    quality: values.quality,
    thumbnailQuality: values.thumbnailQuality,
  }),
});
