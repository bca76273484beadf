// Rules about the Pro keys of mediamtx.yml: what does not fit together, and what is doubtful.
import type { PathConfig } from '../../core/config/config.ts';
import type { PathSegment } from '../../core/config/config-issue.ts';
import type { KeyValues } from '../../core/config/config-key.ts';
import type { ConfigRule, ExtensionTable, RuleReport } from '../../core/config/config-registry.ts';
import type { proGlobalKeys } from './pro-global-keys.ts';
import { ignoredPathKeys } from './pro-path-keys.ts';
import type { proPathKeys } from './pro-path-keys.ts';

/** The tables that were registered. */
export interface ProTables {
  readonly global: ExtensionTable<typeof proGlobalKeys>;
  readonly path: ExtensionTable<typeof proPathKeys>;
}

type Draft = Parameters<ConfigRule>[0];
type PathRule = (
  config: PathConfig,
  values: KeyValues<typeof proPathKeys>,
) => readonly [key: string, message: string] | undefined;

// As they stand in documentation; everybody knows them.
const SAMPLE_SECRETS: ReadonlySet<string> = new Set([
  'your-secret-key-here',
  'your-app-secret',
  'change-me',
]);
const SHORT_SECRET_CHARS = 16;

/** The rules as one, to be registered with the tables. */
export function proKeyRules(tables: ProTables): ConfigRule {
  return (draft, report) => {
    checkTokens(tables.global.read(draft.global), report);
    for (const rule of ignoredPathKeys.map(ignoredRule)) {
      checkPaths(draft, tables, { rule, report });
    }
  };
}

function checkTokens(
  { apiAuth, appid, appsecret }: KeyValues<typeof proGlobalKeys>,
  report: RuleReport,
): void {
  if (!apiAuth) return;
  if (appid === '') report.error(['appid'], "must be set when 'apiAuth' is on");
  if (appsecret === '') {
    report.error(['appsecret'], "must be set when 'apiAuth' is on: anybody could sign a token");
  } else if (SAMPLE_SECRETS.has(appsecret)) {
    report.warn(['appsecret'], 'is the one of the documentation: anybody can sign a token');
  } else if (appsecret.length < SHORT_SECRET_CHARS) {
    const message = `has ${appsecret.length} characters and can be guessed; take 32 random ones`;
    report.warn(['appsecret'], message);
  }
}

/** A value of pathDefaults is told there, and not again for each path that has it from there. */
function checkPaths(
  { pathDefaults, paths }: Draft,
  tables: ProTables,
  { rule, report }: { readonly rule: PathRule; readonly report: RuleReport },
): void {
  const say = (config: PathConfig, place: readonly PathSegment[], known?: string): string => {
    const [key, message] = rule(config, tables.path.read(config)) ?? [];
    if (key === undefined || message === undefined) return '';
    if (message !== known) report.warn([...place, key], message);
    return message;
  };
  const inherited = say(pathDefaults, ['pathDefaults']);
  for (const [name, config] of paths) say(config, ['paths', name], inherited);
}

function ignoredRule(key: (typeof ignoredPathKeys)[number]): PathRule {
  return (_config, values) => {
    const value = values[key];
    return value === '' || value === false ? undefined : [key, 'has no function here; key ignored'];
  };
}
