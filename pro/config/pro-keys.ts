// The Pro keys of mediamtx.yml: registered with the loader of the core, read in typed form.
import type { GlobalConfig, PathConfig } from '../../core/config/config.ts';
import { ConfigRegistry } from '../../core/config/config-registry.ts';
import { deepFreeze } from '../../core/config/decode-keys.ts';
import type { ProbeKind } from './health-section.ts';
import { proGlobalKeys } from './pro-global-keys.ts';
import { proKeyRules, type ProTables } from './pro-key-rules.ts';
import { proPathKeys } from './pro-path-keys.ts';
import { addProUrlSchemes } from './pro-url-schemes.ts';
import { preferredSource } from '../../core/config/source-list.ts';
import { recordFolder } from '../../core/config/record-path.ts';
import type { ColorMetric } from './smart-section.ts';

/** Global Pro settings of mediamtx.yml. */
export interface ProGlobalSettings {
  /** Whether the API asks for tokens. */
  readonly isTokenRequired: boolean;
  readonly appId: string;
  readonly appSecret: string;
  /** The licence; may be empty. */
  readonly coreServerKey: string;
  readonly isHealthPublic: boolean;
  readonly hasAdminPage: boolean;
  /** As in config.yml, which wins: see sharedSettings(). */
  readonly apiDomain: string;
  readonly proxyAllowedDevices: readonly string[];
  readonly recordCreateWebhook: string;
  readonly recordDelWebhook: string;
}

/** Lowest and highest level of a colour, 0..255. */
export type ColorRange = readonly [number, number];

/** Part of a picture in pixels. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Pro settings of one path. */
export interface ProPathSettings {
  /** `record: yes`: recorded whenever the stream is there. */
  readonly isRecorded: boolean;
  /** Folder as written; resolve it with resolveRecordFolder(). */
  readonly recordFolder: string;
  /** Length of an automatic recording. */
  readonly autoRecordMs: number;
  /** 0 = kept for ever. */
  readonly recordClearDays: number;
  readonly isNetworkCapture: boolean;
  /** Host or host:port of the device: the key, else the host of the source; may be empty. */
  readonly deviceAddress: string;
  /** Undefined: health.probe of config.yml. */
  readonly deviceProbe: ProbeKind | undefined;
  readonly recordMinThreshold: number;
  /** Undefined: smart.metric of config.yml. */
  readonly colorMetric: ColorMetric | undefined;
  readonly colorBox: {
    readonly red: ColorRange;
    readonly green: ColorRange;
    readonly blue: ColorRange;
  };
  readonly isFlatIgnored: boolean;
  readonly sourceName: string;
  readonly groupName: string;
  readonly order: number;
  readonly isListed: boolean;
  /** Width in pixels; 0 = no thumbnails. */
  readonly thumbnailWidth: number;
  /** Undefined: the whole picture. */
  readonly cut: Rectangle | undefined;
  /** -100..100, as the next two. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  readonly sourceUrl: string;
}

/** Registers the keys and reads them; one per process. */
export class ProKeys {
  /** Give it to every loadConfig(), and to redactConfig() and encodeConfig(). */
  readonly registry: ConfigRegistry;
  readonly #tables: ProTables;
  readonly #paths = new WeakMap<PathConfig, ProPathSettings>();

  constructor(registry = new ConfigRegistry()) {
    this.registry = registry;
    this.#tables = {
      global: registry.addGlobalKeys(proGlobalKeys),
      path: registry.addPathKeys(proPathKeys),
    };
    registry.addRule(proKeyRules(this.#tables));
    addProUrlSchemes(registry);
  }

  /** Settings of the global section. */
  readonly global = {
    read: (config: GlobalConfig): ProGlobalSettings => this.#readGlobal(config),
  };

  /** Settings of a path, or of pathDefaults; the same object for the same configuration. */
  readonly path = {
    read: (config: PathConfig): ProPathSettings => {
      const known = this.#paths.get(config);
      if (known !== undefined) return known;
      const settings = deepFreeze(this.#readPath(config));
      this.#paths.set(config, settings);
      return settings;
    },
  };

  #readGlobal(config: GlobalConfig): ProGlobalSettings {
    const values = this.#tables.global.read(config);
    return Object.freeze({
      isTokenRequired: values.apiAuth,
      appId: values.appid,
      appSecret: values.appsecret,
      coreServerKey: values.coreServerKey,
      isHealthPublic: values.apiPublicHealth,
      hasAdminPage: values.apiAdminPage,
      apiDomain: values.apiDomain,
      proxyAllowedDevices: values.proxyAllowedDevices,
      recordCreateWebhook: values.recordCreateWebhook,
      recordDelWebhook: values.recordDelWebhook,
    });
  }

  #readPath(config: PathConfig): ProPathSettings {
    const values = this.#tables.path.read(config);
    return {
      isRecorded: config.record,
      recordFolder: recordFolder(config.recordPath),
      autoRecordMs: values.autoRecordTaskOutDuration,
      recordClearDays: values.recordClearDaysAgo,
      isNetworkCapture: values.deviceType === 'network_capture',
      deviceAddress:
        values.deviceAddress === '' ? hostOf(preferredSource(config)) : values.deviceAddress,
      deviceProbe: values.deviceProbe === '' ? undefined : values.deviceProbe,
      recordMinThreshold: values.recordMinThreshold,
      colorMetric: values.colorMetric === '' ? undefined : values.colorMetric,
      colorBox: values.colorBox,
      isFlatIgnored: values.ignoreFlat,
      sourceName: values.sourceName,
      groupName: values.groupName,
      order: values.order,
      isListed: values.showList,
      thumbnailWidth: values.thumbnailSize,
      cut: toRectangle(values.cut),
      brightness: values.brightness,
      contrast: values.contrast,
      saturation: values.saturation,
      sourceUrl: values.sourceUrl,
    };
  }
}

/** The host of a source URL, without port: the API of a device is not on its RTSP port. */
function hostOf(source: string): string {
  // Cut by hand: passwords of cameras hold characters that no URL parser takes.
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/]*)/iu.exec(source)?.[1] ?? '';
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return /^(\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+)(?::\d+)?$/iu.exec(host)?.[1] ?? '';
}

function toRectangle([x, y, width, height]: readonly number[]): Rectangle | undefined {
  if (x === undefined || y === undefined || width === undefined || height === undefined) {
    return undefined;
  }
  return { x, y, width, height };
}
