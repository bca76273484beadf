// Whether Pro endpoints may be used now; asked again each minute, so that an expiry takes effect.
import type { Clock, Timer } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError } from '../../core/base/media-error.ts';
import { BUILT_IN_PUBLIC_KEY } from './built-in-key.ts';
import { parsePublicKey, readLicence, type Licence, type LicenceReading } from './licence.ts';
import { machineMacs } from './machine-macs.ts';

/** What the check asks. */
export interface LicenceCheckComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: those of this machine. */
  readonly macs?: () => readonly string[];
}

/** What is checked. */
export interface LicenceCheckOptions {
  readonly isRequired: boolean;
  /** `coreServerKey`; may be empty. */
  readonly text: string;
  /** `licence.publicKey`; may be empty. */
  readonly publicKey: string;
  /** `apiDomain`; may be empty. */
  readonly apiDomain: string;
  /** Key of the build. Default: BUILT_IN_PUBLIC_KEY. */
  readonly builtInKey?: string;
}

/** `ok` also when no licence is required; `licence` is what was read, valid or not. */
export interface LicenceState {
  readonly isOk: boolean;
  /** Why not, for people; empty when the licence itself is right. */
  readonly reason: string;
  readonly licence: Licence | undefined;
}

const CHECK_PERIOD_MS = 60_000;
// A clock that is set right after a start without network may step back a little.
const MAX_CLOCK_STEP_MS = 86_400_000;
const DAY_MS = 86_400_000;

/** Judges one licence text. */
export class LicenceCheck {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #macs: () => readonly string[];
  readonly #options: LicenceCheckOptions;
  readonly #reading: LicenceReading;
  #latestMs = 0;
  #state: LicenceState;
  #timer: Timer | undefined;

  /** @throws MediaError `invalid-argument` for a public key that is none. */
  constructor(components: LicenceCheckComponents, options: LicenceCheckOptions) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#macs = components.macs ?? machineMacs;
    this.#options = options;
    this.#reading = read(options);
    this.#state = this.#judge();
  }

  /** The state of the last check. */
  get state(): LicenceState {
    return this.#state;
  }

  /** Checks now and each minute; every change is logged. */
  start(): void {
    this.#tell();
    this.#timer ??= this.#clock.every(CHECK_PERIOD_MS, () => this.#check());
  }

  /**
   * For Pro endpoints. `host` is the Host header, which counts when `apiDomain` is empty.
   * @throws MediaError `permission-denied` `licence-required` with the reason.
   */
  require(host: string): void {
    const { isRequired, apiDomain } = this.#options;
    if (!isRequired) return;
    const { reason, licence } = this.#state;
    const fault = reason || (apiDomain === '' ? domainFault(licence, hostName(host)) : undefined);
    if (fault === undefined) return;
    throw new MediaError('permission-denied', 'licence-required', `licence: ${fault}`);
  }

  /** Idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #check(): void {
    const before = this.#state.reason;
    this.#state = this.#judge();
    if (this.#state.reason !== before) this.#tell();
  }

  #tell(): void {
    const { isRequired, text } = this.#options;
    const { reason, licence } = this.#state;
    if (reason !== '' && isRequired)
      this.#logger.error(`licence: ${reason}; Pro endpoints answer 403`);
    else if (reason !== '' && text !== '')
      this.#logger.warn(`licence: ${reason}; none is required`);
    else if (licence !== undefined) this.#logger.info(describe(licence, this.#clock.nowMs()));
  }

  #judge(): LicenceState {
    const { isRequired, text } = this.#options;
    if (text === '') return toState('there is none (coreServerKey)', undefined, isRequired);
    if (this.#reading.type === 'invalid')
      return toState(this.#reading.reason, undefined, isRequired);
    const { licence } = this.#reading;
    return toState(this.#fault(licence) ?? '', licence, isRequired);
  }

  #fault(licence: Licence): string | undefined {
    const nowMs = this.#clock.nowMs();
    // Setting the clock back while the server runs does not make an old licence young again. Over
    // a restart only the day of issue is known, which is the best that a machine alone can tell.
    this.#latestMs = Math.max(this.#latestMs, nowMs);
    if (this.#latestMs >= licence.expiresAt) return `expired on ${day(licence.expiresAt)}`;
    if (nowMs < licence.issuedAt - MAX_CLOCK_STEP_MS) {
      return `issued on ${day(licence.issuedAt)}, but the clock of this machine says ${day(nowMs)}`;
    }
    const { macs } = licence;
    if (macs.length > 0) {
      const own = new Set(this.#macs());
      if (!macs.some((mac) => own.has(mac))) return 'issued for another machine (MAC address)';
    }
    const { apiDomain } = this.#options;
    return apiDomain === '' ? undefined : domainFault(licence, hostOfUrl(apiDomain));
  }
}

function read({
  text,
  publicKey,
  builtInKey = BUILT_IN_PUBLIC_KEY,
}: LicenceCheckOptions): LicenceReading {
  const key = builtInKey === '' ? publicKey : builtInKey;
  if (key === '')
    return { type: 'invalid', reason: 'no public key to check it with (licence.publicKey)' };
  return readLicence(text, parsePublicKey(key));
}

function toState(reason: string, licence: Licence | undefined, isRequired: boolean): LicenceState {
  return Object.freeze({ isOk: !isRequired || reason === '', reason, licence });
}

/** A domain covers itself and what is below it. */
function domainFault(licence: Licence | undefined, host: string): string | undefined {
  const domain = licence?.domain;
  if (domain === undefined || host === domain || host.endsWith(`.${domain}`)) return undefined;
  return `issued for the domain ${domain}, not for '${host.slice(0, 253)}'`;
}

function hostOfUrl(url: string): string {
  return URL.canParse(url) ? hostName(new URL(url).host) : '';
}

/** Host header without port, lower case. */
function hostName(host: string): string {
  return host.replace(/:\d+$/u, '').replace(/\.$/u, '').toLowerCase();
}

function describe({ customer, expiresAt }: Licence, nowMs: number): string {
  const days = Math.floor((expiresAt - nowMs) / DAY_MS);
  const whose = customer === undefined ? '' : ` of ${customer.replace(/\p{Cc}/gu, '?')}`;
  return `licence${whose} is valid for ${days} more days, until ${day(expiresAt)}`;
}

function day(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
