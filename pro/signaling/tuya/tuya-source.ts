// Pulls a path from a Tuya camera: tuya:// sources.
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import type { Source, SourceContext, SourceFactory } from '../../../core/path/source.ts';
import type { WebRtcClients } from '../../../core/webrtc/client/webrtc-clients.ts';
import type { TuyaAccount } from './tuya-account.ts';
import { TuyaCall } from './tuya-call.ts';
import { parseTuyaUrl } from './tuya-url.ts';

/** What sources work with. */
export interface TuyaSourceComponents {
  readonly clients: () => WebRtcClients;
  /** By name; the owner of the accounts closes them after the sources. */
  readonly accounts: ReadonlyMap<string, Pick<TuyaAccount, 'deviceConfig' | 'converse' | 'wake'>>;
}

/** Makes sources for tuya:// URLs. */
export class TuyaSourceFactory implements SourceFactory {
  readonly schemes = ['tuya'] as const;
  readonly type = 'tuyaSource';
  readonly #components: TuyaSourceComponents;

  constructor(components: TuyaSourceComponents) {
    this.#components = components;
  }

  create(): Source {
    return new TuyaSource(this.#components);
  }
}

/** A stream pulled from a camera. */
class TuyaSource implements Source {
  readonly #components: TuyaSourceComponents;

  constructor(components: TuyaSourceComponents) {
    this.#components = components;
  }

  async run(context: SourceContext): Promise<void> {
    try {
      await this.#pull(context);
    } catch (thrown) {
      if (!context.signal.aborted) throw toMediaError(thrown);
    }
  }

  async #pull(context: SourceContext): Promise<void> {
    const { clients, accounts } = this.#components;
    const { signal } = context;
    const target = parseTuyaUrl(context.url);
    const account = accounts.get(target.account);
    if (!account) {
      const message = `no Tuya account has the name '${target.account}'; see tuya.accounts in config.yml`;
      throw new MediaError('not-found', 'tuya-account-unknown', message);
    }
    const device = await account.deviceConfig(target.deviceId, signal);
    const call = new TuyaCall({ clients: clients(), account, context }, { target, device });
    try {
      await call.run();
    } finally {
      await call.close();
    }
  }
}
