// Reads config.yml, the file of the Pro layer: where mediamtx.yml is, and everything above the core.
import { dirname, resolve } from 'node:path';
import { readConfigText } from '../../core/config/config-file.ts';
import { dottedPath, IssueCollector, issuesToError } from '../../core/config/config-issue.ts';
import type { PathSegment, Place } from '../../core/config/config-issue.ts';
import type { Environment } from '../../core/config/environment.ts';
import { YamlDocument } from '../../core/config/yaml-document.ts';
import { cleanerSection } from './cleaner-section.ts';
import { exportSection } from './export-section.ts';
import { generalSection } from './general-section.ts';
import { go2rtcSection } from './go2rtc-section.ts';
import { healthSection } from './health-section.ts';
import { kvsSection } from './kvs-section.ts';
import { licenceSection } from './licence-section.ts';
import type { ProConfig } from './pro-config.ts';
import { rvideoSection } from './rvideo-section.ts';
import { SectionReader } from './section-reader.ts';
import { smartSection } from './smart-section.ts';
import { smartlySection } from './smartly-section.ts';
import { snapshotSection } from './snapshot-section.ts';
import { tokensSection } from './tokens-section.ts';
import { turnSection } from './turn-section.ts';
import { tuyaSection } from './tuya-section.ts';
import { applyTwilioEnvironment } from './twilio-environment.ts';
import { twilioSection } from './twilio-section.ts';
import { webhooksSection } from './webhooks-section.ts';
import { websocketSection } from './websocket-section.ts';

/** What goes with the file. */
export interface LoadProConfigOptions {
  /** The environment of the process: TWILIO_* override the file. Default: none. */
  readonly env?: Environment;
  /** Relative names count from here when there is no file. Default: the working folder. */
  readonly folder?: string;
}

/**
 * Loads config.yml; relative paths in it are relative to its folder. Without a file every key has
 * its default.
 * @throws MediaError `not-found` or `unavailable` when the file can't be read, `invalid-argument`
 * with every error, each with file, line and column.
 */
export function loadProConfig(
  filePath: string | undefined,
  options: LoadProConfigOptions = {},
): ProConfig {
  const { env = {} } = options;
  const text = filePath === undefined ? '' : readConfigText({ filePath, env: {} });
  const document = new YamlDocument(text, filePath ?? 'configuration');
  if (document.issues.length > 0) throw issuesToError(document.issues);
  let variables: ReadonlyMap<string, string> = new Map();
  const locate = (path: readonly PathSegment[]): Place => {
    const variable = variables.get(dottedPath(path));
    if (variable !== undefined) return { text: `environment variable ${variable}` };
    return document.locate(path);
  };
  const issues = new IssueCollector(locate);
  variables = applyTwilioEnvironment(document.root, env, (name, message) =>
    issues.warnAbout(name, 'config-doubtful-value', message),
  );
  const folder =
    filePath === undefined ? resolve(options.folder ?? '.') : dirname(resolve(filePath));
  const config = readSections(new SectionReader(document.root, issues, { folder }));
  issues.throwIfAny();
  return Object.freeze({
    ...config,
    warnings: Object.freeze([...issues.warnings]),
    filePath: filePath === undefined ? undefined : resolve(filePath),
  });
}

function readSections(reader: SectionReader): Omit<ProConfig, 'warnings' | 'filePath'> {
  const sections = {
    webhooks: reader.read('webhooks', webhooksSection),
    websocket: reader.read('websocket', websocketSection),
    health: reader.read('health', healthSection),
    cleaner: reader.read('cleaner', cleanerSection),
    snapshot: reader.read('snapshot', snapshotSection),
    smart: reader.read('smart', smartSection),
    export: reader.read('export', exportSection),
    rvideo: reader.read('rvideo', rvideoSection),
    licence: reader.read('licence', licenceSection),
    tokens: reader.read('tokens', tokensSection),
    turn: reader.read('turn', turnSection),
    twilio: reader.read('twilio', twilioSection),
    smartly: reader.read('smartly', smartlySection),
    go2rtc: reader.read('go2rtc', go2rtcSection),
    tuya: reader.read('tuya', tuyaSection),
    kvs: reader.read('kvs', kvsSection),
  };
  return { ...reader.readTop(generalSection), ...sections, listing: reader.listing };
}
