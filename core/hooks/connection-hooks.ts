// runOnConnect and runOnDisconnect: commands for each client.
import type { GlobalConfig } from '../config/config.ts';
import type { Session } from '../path/session-registry.ts';
import type { HookLauncher } from './hook-launcher.ts';
import { StateHook } from './state-hook.ts';

/** The keys of mediamtx.yml that these hooks read. */
export type ConnectionHookKeys = Pick<
  GlobalConfig,
  'runOnConnect' | 'runOnConnectRestart' | 'runOnDisconnect'
>;

/** What the hooks work with. */
export interface ConnectionHooksComponents {
  readonly launcher: HookLauncher;
  /** Read at each connection: a reload may have changed them. */
  readonly config: () => ConnectionHookKeys;
  readonly rtspPort: () => string;
}

/** Told of connections by the servers, and of sessions of WebRTC by the registry. */
export class ConnectionHooks {
  readonly #components: ConnectionHooksComponents;
  readonly #hooks = new Map<string, StateHook>();

  constructor(components: ConnectionHooksComponents) {
    this.#components = components;
  }

  /** A client came; `type` as the peer names it, e.g. `rtspConn`. */
  connected(type: string, id: string): void {
    const { launcher, config, rtspPort } = this.#components;
    const { runOnConnect, runOnConnectRestart, runOnDisconnect } = config();
    const hook = new StateHook(launcher, { begin: 'runOnConnect', end: 'runOnDisconnect' });
    this.#hooks.set(id, hook);
    hook.begin(
      { begin: runOnConnect, isRestarted: runOnConnectRestart, end: runOnDisconnect },
      () => ({ MTX_CONN_TYPE: type, MTX_CONN_ID: id, RTSP_PORT: rtspPort() }),
    );
  }

  /** It left. */
  disconnected(id: string): void {
    this.#hooks.get(id)?.end();
    this.#hooks.delete(id);
  }

  onSessionAdded({ type, id }: Session): void {
    if (type === 'webRTCSession') this.connected(type, id);
  }

  onSessionRemoved({ id }: Session): void {
    this.disconnected(id);
  }
}
