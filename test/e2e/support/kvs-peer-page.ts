// AWS's SDK inside Chromium, as either side of a signalling channel.
import { KitPeer, type KitPlace } from './kit-peer.ts';

const DEFAULT_WAIT_MS = 15_000;

/** A side that was started. */
export class KvsPeerPage<Report> extends KitPeer<Report> {
  /** How its WebSocket began: `open`, `error` or `close`. */
  readonly opened: string;

  constructor(place: KitPlace, parse: (value: unknown) => Report, opened: string) {
    super(place, { method: 'report', parse, waitMs: DEFAULT_WAIT_MS });
    this.opened = opened;
  }

  /** Opens the signalling anew; media stays. */
  async reopen(): Promise<string> {
    return String(await this.call('reopen'));
  }

  /** Sends a candidate above the limit; a master sends it to nobody. */
  async sendTooMuch(correlationId: string): Promise<void> {
    await this.call('sendTooMuch', correlationId);
  }

  /** Closes the signalling, all peer connections and the camera. */
  async stop(): Promise<void> {
    await this.call('stop');
  }
}
