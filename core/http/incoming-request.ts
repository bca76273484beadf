// A request on a socket, as its route sees it.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { MediaError } from '../base/media-error.ts';
import { readBody } from './body-reader.ts';
import type { HttpRequest } from './http-request.ts';
import { decodeText, parseJson } from './json-body.ts';
import type { RequestTarget } from './request-target.ts';
import type { AdmittedUser } from './route.ts';

/** What the pipeline found out before the route runs. */
export interface IncomingRequestFacts {
  readonly incoming: IncomingMessage;
  readonly target: RequestTarget;
  readonly parameters: ReadonlyMap<string, string>;
  readonly ip: string;
  readonly peerIp: string;
  readonly isSecure: boolean;
  readonly requestId: string;
  readonly signal: AbortSignal;
  readonly maxBodyBytes: number;
  /** Tells a client that waits with `Expect: 100-continue` to send its body. */
  readonly continueBody: () => void;
}

/** HttpRequest over node:http. */
export class IncomingRequest implements HttpRequest {
  readonly query: URLSearchParams;
  readonly #facts: IncomingRequestFacts;
  readonly #admitted: AdmittedUser;
  #isBodyTaken = false;

  constructor(facts: IncomingRequestFacts, admitted: AdmittedUser = { user: '' }) {
    this.query = new URLSearchParams(facts.target.rawQuery);
    this.#facts = facts;
    this.#admitted = admitted;
  }

  get method(): string {
    return this.#facts.incoming.method ?? 'GET';
  }

  get path(): string {
    return this.#facts.target.path;
  }

  get rawQuery(): string {
    return this.#facts.target.rawQuery;
  }

  get rawTarget(): string {
    return this.#facts.target.rawTarget;
  }

  get headers(): IncomingHttpHeaders {
    return this.#facts.incoming.headers;
  }

  get ip(): string {
    return this.#facts.ip;
  }

  get peerIp(): string {
    return this.#facts.peerIp;
  }

  get isSecure(): boolean {
    return this.#facts.isSecure;
  }

  get requestId(): string {
    return this.#facts.requestId;
  }

  get signal(): AbortSignal {
    return this.#facts.signal;
  }

  get user(): string {
    return this.#admitted.user;
  }

  get expiresAt(): number | undefined {
    return this.#admitted.expiresAt;
  }

  get recheck(): (() => Promise<void>) | undefined {
    return this.#admitted.recheck;
  }

  /** The same request after somebody was let in. */
  as(admitted: AdmittedUser): IncomingRequest {
    return new IncomingRequest(this.#facts, admitted);
  }

  parameter(name: string): string {
    const value = this.#facts.parameters.get(name);
    if (value !== undefined) return value;
    throw new MediaError('internal', 'unknown-route-parameter', `route has no parameter '${name}'`);
  }

  async readBody(): Promise<Uint8Array> {
    if (this.#isBodyTaken) {
      throw new MediaError('internal', 'body-read-twice', 'the body was read before');
    }
    this.#isBodyTaken = true;
    this.#facts.continueBody();
    return await readBody(this.#facts.incoming, this.#facts.maxBodyBytes);
  }

  async readText(): Promise<string> {
    return decodeText(await this.readBody());
  }

  async readJson(): Promise<unknown> {
    return parseJson(await this.readText());
  }
}
