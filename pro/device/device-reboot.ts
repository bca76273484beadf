// Restarts a device that failed. Only for operators who wrote down how: there is no default login.
import { MediaError } from '../../core/base/media-error.ts';
import type { PinnedHttpClient } from '../../core/http/pinned-http-client.ts';
import { parseDeviceAddress } from './device-target.ts';

/** `health.reboot` of config.yml; `{host}` in the URL stands for the address of the device. */
export interface DeviceRebootOptions {
  readonly url: string;
  readonly user: string;
  readonly pass: string;
}

/** Calls the restart URL with GET and Basic authentication. */
export class DeviceReboot {
  readonly #client: Pick<PinnedHttpClient, 'request'>;
  readonly #options: DeviceRebootOptions;

  /** @throws MediaError invalid-argument `reboot-login-missing`. */
  constructor(client: Pick<PinnedHttpClient, 'request'>, options: DeviceRebootOptions) {
    if (options.user === '' || options.pass === '') {
      const message = 'a restart URL needs a user and a password; health.reboot';
      throw new MediaError('invalid-argument', 'reboot-login-missing', message);
    }
    this.#client = client;
    this.#options = options;
  }

  /** @throws MediaError as PinnedHttpClient.request(), or unavailable `reboot-refused`. */
  async reboot(address: string, signal?: AbortSignal): Promise<void> {
    const { url, user, pass } = this.#options;
    const { authority } = parseDeviceAddress(address);
    const login = Buffer.from(`${user}:${pass}`).toString('base64');
    const { status } = await this.#client.request({
      url: url.replaceAll('{host}', authority),
      headers: { Authorization: `Basic ${login}` },
      ...(signal ? { signal } : {}),
    });
    if (status < 400) return;
    const message = `the device answers ${status} to the restart; ${authority}`;
    throw new MediaError('unavailable', 'reboot-refused', message);
  }
}
