// Limits of RTSP sources that follow the configuration.
import type { GlobalConfig } from '../config/config.ts';
import type { RtspSourceOptions } from './rtsp-source.ts';

/** Options whose values are those of the moment they are read. */
export function currentSourceOptions(current: () => GlobalConfig): RtspSourceOptions {
  return {
    get readTimeoutMs() {
      return current().readTimeout;
    },
    get udpReadBufferBytes() {
      return current().udpReadBufferSize;
    },
  };
}
