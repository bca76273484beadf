// Our candidates on their way to a server: held back until the session exists, several in one request.
import type { IceCandidate } from '../../sdp/ice-candidate.ts';

type Send = (candidates: readonly (IceCandidate | undefined)[]) => Promise<void>;

/** One request at a time; what comes meanwhile goes with the next one. */
export class TrickleQueue {
  #send: Send | undefined;
  #waiting: (IceCandidate | undefined)[] = [];
  #isSending = false;

  /** A candidate, or undefined when there are no more. */
  push(candidate: IceCandidate | undefined): void {
    this.#waiting.push(candidate);
    void this.#flush();
  }

  /** The session exists. Failures are left alone: what was sent before may do. */
  open(send: Send): void {
    this.#send = send;
    void this.#flush();
  }

  /** Nothing is sent any more. Idempotent. */
  close(): void {
    this.#send = undefined;
    this.#waiting = [];
  }

  async #flush(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    while (this.#send && this.#waiting.length > 0) {
      await this.#send(this.#waiting.splice(0)).catch(() => undefined);
    }
    this.#isSending = false;
  }
}
