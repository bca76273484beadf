// The one list of ICE servers: for the ICE service, for Link headers, for signalling dialects and own peers.
import type { Clock } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { toMediaError, type MediaError } from '../../core/base/media-error.ts';
import type { IceServer, IceServerProvider } from '../../core/webrtc/ice-server-provider.ts';
import { clampTtl, type IceOptions } from './ice-options.ts';
import {
  FixedTurnProvider,
  isTurnUrl,
  SharedSecretTurnProvider,
  type IssuedServers,
  type TurnProvider,
} from './turn-provider.ts';
import { isTwilioReady, TwilioTurnProvider } from './twilio-provider.ts';

/** What the service works with. */
export interface IceServiceComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Servers that mediamtx.yml names; they stand in front of ours in `iceServers()`. */
  readonly configured?: IceServerProvider;
}

/** What a client makes its peer connection from. */
export interface IceConfig {
  readonly servers: readonly IceServer[];
  readonly ttlSeconds: number;
  readonly hasTurn: boolean;
}

/** Chooses among Twilio, the own TURN server by secret or password, and none, in this order. */
export class IceService implements IceServerProvider {
  readonly #options: IceOptions;
  readonly #ttlSeconds: number;
  readonly #stunUrls: readonly string[];
  readonly #configured: IceServerProvider | undefined;
  readonly #providers: readonly TurnProvider[];

  constructor(components: IceServiceComponents, options: IceOptions) {
    this.#options = options;
    this.#ttlSeconds = clampTtl(options.ttlSeconds);
    this.#configured = components.configured;
    const ownStunUrls = options.urls.filter((url) => !isTurnUrl(url));
    this.#stunUrls = ownStunUrls.length > 0 ? ownStunUrls : options.stunUrls;
    const urls = options.urls.filter(isTurnUrl);
    this.#providers = chooseProviders(components, { ...options, urls }, this.#ttlSeconds);
  }

  /** Whether any source of TURN servers is set up. */
  get isTurnConfigured(): boolean {
    return this.#providers.length > 0;
  }

  /**
   * The list for the ICE service.
   * @throws MediaError of Twilio when the service is strict.
   */
  async iceConfig(signal?: AbortSignal): Promise<IceConfig> {
    const { issued, failure } = await this.#issue(signal);
    if (failure && this.#options.isStrict) throw failure;
    const stun = issued?.isComplete === true ? [] : this.#stunUrls.map(toStunServer);
    const servers = [...stun, ...(issued?.servers ?? [])];
    return {
      servers,
      ttlSeconds: issued?.ttlSeconds ?? this.#ttlSeconds,
      hasTurn: servers.some(({ url }) => isTurnUrl(url)),
    };
  }

  /** TURN servers alone, for dialects with STUN servers of their own; empty when there are none now. */
  async turnServers(signal?: AbortSignal): Promise<readonly IceServer[]> {
    const { issued } = await this.#issue(signal);
    return (issued?.servers ?? []).filter(({ url }) => isTurnUrl(url));
  }

  /** Configured servers, then those of the provider. A failing provider takes nothing from the rest. */
  async iceServers(signal?: AbortSignal): Promise<readonly IceServer[]> {
    const [configured, { issued }] = await Promise.all([
      this.#configured?.iceServers(signal) ?? [],
      this.#issue(signal),
    ]);
    const known = new Set(configured.map(({ url }) => url));
    return [...configured, ...(issued?.servers ?? []).filter(({ url }) => !known.has(url))];
  }

  /** What the first provider gives that works; and the failure of the first one that did not. */
  async #issue(
    signal: AbortSignal | undefined,
  ): Promise<{ readonly issued?: IssuedServers; readonly failure?: MediaError }> {
    let failure: MediaError | undefined;
    for (const provider of this.#providers) {
      try {
        return { issued: await provider.issue(signal), ...(failure ? { failure } : {}) };
      } catch (thrown) {
        signal?.throwIfAborted();
        failure ??= toMediaError(thrown);
      }
    }
    return failure ? { failure } : {};
  }
}

function chooseProviders(
  components: IceServiceComponents,
  options: IceOptions,
  ttlSeconds: number,
): TurnProvider[] {
  const { clock } = components;
  const { twilio, urls, secret, username, credential } = options;
  const logger = components.logger.scope('ice');
  const providers: TurnProvider[] = [];
  if (isTwilioReady(twilio)) {
    providers.push(new TwilioTurnProvider({ clock, logger }, { ...twilio, ttlSeconds }));
  } else if (options.provider === 'twilio') {
    logger.warn('turn.provider is twilio, but twilio.accountSid or its credentials are missing');
  }
  const isOwn = options.provider !== 'none';
  if (isOwn && urls.length > 0 && secret !== '' && options.provider !== 'static') {
    providers.push(new SharedSecretTurnProvider(clock, { urls, secret, ttlSeconds }));
  } else if (isOwn && urls.length > 0 && username !== '' && credential !== '') {
    providers.push(new FixedTurnProvider({ urls, username, credential, ttlSeconds }));
  } else if (isMeantToWork(options)) {
    logger.warn(`turn.provider is ${options.provider}, but ${missingOf(options)}: it is ignored`);
  }
  return providers;
}

/** `static` may also be there for STUN servers alone, which need no password. */
function isMeantToWork({ provider, urls }: IceOptions): boolean {
  return provider === 'coturn-secret' || (provider === 'static' && urls.length > 0);
}

function missingOf({ provider, urls }: IceOptions): string {
  if (urls.length === 0) return 'turn.urls has no turn: URL';
  return provider === 'static'
    ? 'turn.username or turn.credential is empty'
    : 'turn.secret is empty';
}

function toStunServer(url: string): IceServer {
  return { url, username: '', credential: '' };
}
