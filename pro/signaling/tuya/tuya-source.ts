// Pulls a path from a Tuya camera: tuya:// sources.
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import { settleRun } from '../../../core/path/settle-run.ts';
import type { Source, SourceContext, SourceFactory } from '../../../core/path/source.ts';
import type { WebRtcClients } from '../../../core/webrtc/client/webrtc-clients.ts';
import { CallBackOff } from './call-back-off.ts';
import type { TuyaAccount } from './tuya-account.ts';
import { TuyaCall, type TuyaCallComponents, type TuyaCallOptions } from './tuya-call.ts';
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
  #backOff: CallBackOff | undefined;

  constructor(components: TuyaSourceComponents) {
    this.#components = components;
  }

  create(): Source {
    this.#backOff ??= new CallBackOff(this.#components.clients().clock);
    return new TuyaSource(this.#components, this.#backOff);
  }
}

/** A stream pulled from a camera. */
class TuyaSource implements Source {
  readonly #components: TuyaSourceComponents;
  readonly #backOff: CallBackOff;

  constructor(components: TuyaSourceComponents, backOff: CallBackOff) {
    this.#components = components;
    this.#backOff = backOff;
  }

  run(context: SourceContext): Promise<void> {
    return settleRun(this.#pull(context), context.signal);
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
    const key = Object.values(target).join('/');
    this.#backOff.check(key);
    const { clock } = clients();
    // Time-outs of a device that never shows anything are long, too.
    let publishedMs: number | undefined;
    const publish: SourceContext['publish'] = (...stream) => {
      publishedMs = clock.monotonicMs();
      return context.publish(...stream);
    };
    try {
      const device = await account.deviceConfig(target.deviceId, signal);
      await this.#call({ account, context: { ...context, publish }, target, device });
    } catch (thrown) {
      const failure = toMediaError(thrown);
      const endMs = clock.monotonicMs();
      if (!signal.aborted) this.#backOff.note(key, failure, endMs - (publishedMs ?? endMs));
      throw failure;
    }
  }

  async #call({
    account,
    context,
    ...options
  }: Pick<TuyaCallComponents, 'account' | 'context'> & TuyaCallOptions): Promise<void> {
    const clients = this.#components.clients();
    const call = new TuyaCall({ clients, account, context }, options);
    try {
      await call.run();
    } finally {
      await call.close();
    }
  }
}
