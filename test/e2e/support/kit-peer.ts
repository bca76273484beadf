// A peer inside a page of the kit: what tests do with every kind of them.
import type { Page } from 'playwright-core';
import { callKit, pollUntil } from './kit-call.ts';

/** Where a peer lives: the page, and its id there. */
export interface KitPlace {
  readonly page: Page;
  readonly id: string;
}

/** How a peer tells of itself. */
export interface KitReport<Report> {
  /** The kit's name for it. */
  readonly method: string;
  readonly parse: (value: unknown) => Report;
  /** How long `waitFor` waits by default. */
  readonly waitMs: number;
}

/** A peer that was started; it lives until it is stopped or until its page closes. */
export class KitPeer<Report> {
  readonly #place: KitPlace;
  readonly #report: KitReport<Report>;

  constructor(place: KitPlace, report: KitReport<Report>) {
    this.#place = place;
    this.#report = report;
  }

  async report(): Promise<Report> {
    return this.#report.parse(await this.call(this.#report.method));
  }

  /** Resolves with the first report that `isDone` accepts. */
  waitFor(isDone: (report: Report) => boolean, timeoutMs = this.#report.waitMs): Promise<Report> {
    return pollUntil(() => this.report(), isDone, timeoutMs);
  }

  protected call(method: string, ...args: readonly unknown[]): Promise<unknown> {
    const { page, id } = this.#place;
    return callKit(page, method, id, ...args);
  }
}
