// Authenticates binding requests and says how to answer them (RFC 8445 §7.3 for an ICE-lite agent).
import type { IceGeneration } from './ice-lite-agent.ts';
import { bindingError } from './stun-response.ts';
import { STUN_BINDING_REQUEST, StunMessage } from './stun-message.ts';
import type { TransportCounters } from './transport-counters.ts';

/** What became of a message: answer it, refuse it (perhaps with a response), or take the check. */
export type CheckVerdict<Owner> =
  | { readonly kind: 'ignored' }
  | { readonly kind: 'refused'; readonly response: Uint8Array | undefined }
  | {
      readonly kind: 'valid';
      readonly owner: Owner;
      readonly generation: IceGeneration;
      /** Valid until the next message is judged. */
      readonly request: StunMessage;
    };

/** Whoever owns an agent, found by user name fragment. */
export interface AgentOwner {
  readonly agent: { generationOf(localUfrag: string): IceGeneration | undefined };
}

const IGNORED = { kind: 'ignored' } as const;

/** Judges one message at a time; keeps one StunMessage for all. */
export class StunResponder<Owner extends AgentOwner> {
  readonly #findOwner: (ufrag: string) => Owner | undefined;
  readonly #counters: TransportCounters;
  readonly #message = new StunMessage();

  constructor(findOwner: (ufrag: string) => Owner | undefined, counters: TransportCounters) {
    this.#findOwner = findOwner;
    this.#counters = counters;
  }

  /** Never throws, keeps nothing of an unauthenticated sender. */
  judge(bytes: Uint8Array): CheckVerdict<Owner> {
    const message = this.#message;
    if (!message.parse(bytes)) {
      this.#counters.stunMalformed++;
      return IGNORED;
    }
    if (message.type !== STUN_BINDING_REQUEST) {
      this.#counters.stunIgnored++;
      return IGNORED;
    }
    const ufragLength = message.localUfragLength();
    // RFC 8489 §9.1.3: without USERNAME or MESSAGE-INTEGRITY it is a bad request.
    if (ufragLength < 0 || message.integrityOffset < 0) return this.#refuse(400);
    const ufrag = message.text(message.usernameOffset, ufragLength);
    const owner = this.#findOwner(ufrag);
    const generation = owner?.agent.generationOf(ufrag);
    if (owner === undefined || generation === undefined) {
      this.#counters.stunUnknownUfrag++;
      return IGNORED;
    }
    if (!this.#isAuthentic(generation, ufragLength)) return this.#refuse(401);
    return this.#judgeAuthentic(owner, generation);
  }

  #judgeAuthentic(owner: Owner, generation: IceGeneration): CheckVerdict<Owner> {
    const request = this.#message;
    const { password } = generation.local;
    if (request.unknownRequired !== 0) {
      return { kind: 'refused', response: bindingError(request, 420, password) };
    }
    // A lite agent is always controlled (RFC 8445 §6.1.1), so a peer that thinks it is controlled,
    // too, has to give way, whatever its tie-breaker.
    if (request.isFromControlled) {
      this.#counters.stunRoleConflicts++;
      return { kind: 'refused', response: bindingError(request, 487, password) };
    }
    this.#counters.stunAnswered++;
    return { kind: 'valid', owner, generation, request };
  }

  #isAuthentic(generation: IceGeneration, ufragLength: number): boolean {
    const message = this.#message;
    if (!message.isIntegrityValid(generation.local.password)) return false;
    if (generation.remoteUfrag === undefined) return true;
    const offset = message.usernameOffset + ufragLength + 1;
    const remoteLength = message.usernameLength - ufragLength - 1;
    return message.text(offset, remoteLength) === generation.remoteUfrag;
  }

  #refuse(code: 400 | 401): CheckVerdict<Owner> {
    this.#counters.stunUnauthenticated++;
    return { kind: 'refused', response: bindingError(this.#message, code) };
  }
}
