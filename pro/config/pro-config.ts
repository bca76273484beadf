// The types of the loaded config.yml: frozen, every default filled in, units in the names.
import type { ConfigWarning } from '../../core/config/config.ts';
import type { YmlSection } from '../../core/config/encode-config.ts';
import type { CleanerConfig } from './cleaner-section.ts';
import type { ExportConfig } from './export-section.ts';
import type { GeneralConfig } from './general-section.ts';
import type { Go2rtcConfig } from './go2rtc-section.ts';
import type { HealthConfig } from './health-section.ts';
import type { KvsConfig } from './kvs-section.ts';
import type { LicenceConfig } from './licence-section.ts';
import type { RvideoConfig } from './rvideo-section.ts';
import type { SmartConfig } from './smart-section.ts';
import type { SmartlyConfig } from './smartly-section.ts';
import type { SnapshotConfig } from './snapshot-section.ts';
import type { TokensConfig } from './tokens-section.ts';
import type { TurnConfig } from './turn-section.ts';
import type { TuyaConfig } from './tuya-section.ts';
import type { TwilioConfig } from './twilio-section.ts';
import type { WebhooksConfig } from './webhooks-section.ts';
import type { WebsocketConfig } from './websocket-section.ts';

/** The decoded config.yml. It holds secrets: to show it use `listing`. */
export interface ProConfig extends GeneralConfig {
  readonly webhooks: WebhooksConfig;
  readonly websocket: WebsocketConfig;
  readonly health: HealthConfig;
  readonly cleaner: CleanerConfig;
  readonly snapshot: SnapshotConfig;
  readonly smart: SmartConfig;
  readonly export: ExportConfig;
  readonly rvideo: RvideoConfig;
  readonly licence: LicenceConfig;
  readonly tokens: TokensConfig;
  readonly turn: TurnConfig;
  readonly twilio: TwilioConfig;
  readonly smartly: SmartlyConfig;
  readonly go2rtc: Go2rtcConfig;
  readonly tuya: TuyaConfig;
  readonly kvs: KvsConfig;
  /** Every key in yml form with secrets as ***; fit for logs and API answers. */
  readonly listing: YmlSection;
  /** Accepted values that will not do what the user may expect. */
  readonly warnings: readonly ConfigWarning[];
  /** Absolute path of the file; undefined when there was none. */
  readonly filePath: string | undefined;
}
