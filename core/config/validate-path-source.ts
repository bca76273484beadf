// Rules of `source`, `sourceRedirect`, `forward` and on-demand commands.
import { redactUrls } from '../base/url-redaction.ts';
import type { PathConfig } from './config.ts';
import { pathNameFault } from './path-name.ts';
import type { UrlCheck } from './url-schemes.ts';
import type { PathUnderTest, ReportPath } from './validation.ts';

const PULL_SCHEMES: ReadonlySet<string> = new Set([
  'rtsp',
  'rtsps',
  'rtsp+http',
  'rtsps+http',
  'rtsp+ws',
  'rtsps+ws',
  'rtmp',
  'rtmps',
  'http',
  'https',
  'srt',
  'moqt',
  'whep',
  'wheps',
  'udp+mpegts',
  'udp+rtp',
]);
const FILE_SCHEMES: ReadonlySet<string> = new Set(['file', 'unix+mpegts', 'unix+rtp']);
const PUSH_SCHEMES: ReadonlySet<string> = new Set([
  'rtsp',
  'rtsps',
  'rtmp',
  'rtmps',
  'srt',
  'whip',
  'whips',
]);
// $G1, $MTX_QUERY and their kin stand for text that only the request brings.
const PLACEHOLDER = /\$(?:G\d+|MTX_[A-Z]+)/gu;
// Passwords of cameras hold `@`, `#` and `?` as they are; the last `@` before a slash ends them.
const CREDENTIALS = /(?<=^[^:/]+:\/\/)[^/]*(?=@)/u;

/** The scheme of a source URL, or the word itself: "rtsp", "publisher", "file". */
export function sourceScheme(source: string): string {
  return /^([a-z][a-z0-9+.-]*):/iu.exec(source)?.[1]?.toLowerCase() ?? source;
}

/** Reports every broken rule of where the stream comes from. */
export function validatePathSource(
  { config, urlSchemes }: PathUnderTest,
  report: ReportPath,
): void {
  const { source } = config;
  if (source !== 'redirect' && config.sourceRedirect !== '') {
    report(['sourceRedirect'], "'sourceRedirect' is useless when source is not 'redirect'");
  }
  if (source === 'publisher') {
    if (config.sourceOnDemand) {
      report(['sourceOnDemand'], "'sourceOnDemand' is useless when source is 'publisher'");
    }
    return;
  }
  for (const key of ['runOnDemand', 'runOnUnDemand'] as const) {
    if (config[key] !== '') report([key], `'${key}' can be used only when source is 'publisher'`);
  }
  if (source === 'redirect') validateRedirect(config, report);
  else if (typeof source !== 'string') validateSourceList(source, { config, urlSchemes }, report);
  else if (source !== 'rpiCamera') validateUrlSource(source, { config, urlSchemes }, report);
}

function validateSourceList(
  sources: readonly string[],
  path: SourceContext,
  report: ReportPath,
): void {
  for (const [index, source] of sources.entries()) {
    const refuse = (message: string): void => report(['source', index], message);
    if (source === 'publisher' || source === 'redirect' || source === 'rpiCamera') {
      refuse(`'${source}' can't be one of several sources; only URLs can`);
    } else if (sources.indexOf(source) < index) {
      refuse(`'${redactUrls(source.slice(0, 200))}' is in the list twice`);
    } else {
      validateUrlSource(source, path, ([key, ...rest], message) =>
        report(key === 'source' ? ['source', index] : [key, ...rest], message),
      );
    }
  }
}

type SourceContext = Pick<PathUnderTest, 'config' | 'urlSchemes'>;

function validateRedirect({ sourceRedirect }: PathConfig, report: ReportPath): void {
  if (sourceRedirect === '') {
    report(['sourceRedirect'], "source 'redirect' needs a 'sourceRedirect'");
  } else if (!/^(?:\/|rtsps?:\/\/[^\s/])/u.test(sourceRedirect)) {
    report(['sourceRedirect'], `'${redactUrls(sourceRedirect)}' is neither /path nor an RTSP URL`);
  } else if (sourceRedirect.startsWith('/')) {
    const fault = pathNameFault(sourceRedirect.slice(1).replace(PLACEHOLDER, '1'));
    if (fault !== undefined)
      report(['sourceRedirect'], `invalid path '${sourceRedirect.slice(0, 255)}': ${fault}`);
  } else if (parseUrl(sourceRedirect) === undefined) {
    report(['sourceRedirect'], `'${redactUrls(sourceRedirect)}' is not a valid RTSP URL`);
  }
}

function validateUrlSource(
  source: string,
  { config: { rtpSDP }, urlSchemes }: SourceContext,
  report: ReportPath,
): void {
  const scheme = sourceScheme(source);
  const check = urlSchemes.sources.get(scheme);
  if (check) {
    checkUrl(source, check, (message) => report(['source'], message));
    return;
  }
  const shown = redactUrls(source.slice(0, 200));
  if (FILE_SCHEMES.has(scheme) ? source.length <= scheme.length + 1 : !PULL_SCHEMES.has(scheme)) {
    report(['source'], `invalid source: '${shown}'`);
    return;
  }
  if (scheme.endsWith('+rtp') && rtpSDP === '') {
    report(['rtpSDP'], `'rtpSDP' must be set when source is '${scheme}'`);
  }
  if (FILE_SCHEMES.has(scheme)) return;
  const url = parseUrl(source);
  if (url === undefined) report(['source'], `invalid source: '${shown}' is not a valid URL`);
  else validateUrl(url, (message) => report(['source'], message));
}

/** Reports targets that nothing can be pushed to. */
export function validateForward(
  { config: { forward }, urlSchemes }: Pick<PathUnderTest, 'config' | 'urlSchemes'>,
  report: ReportPath,
): void {
  for (const [index, { dest }] of forward.entries()) {
    const scheme = sourceScheme(dest);
    const refuse = (message: string): void => report(['forward', index, 'dest'], message);
    const check = urlSchemes.forwards.get(scheme);
    if (check) {
      checkUrl(dest, check, refuse);
      continue;
    }
    const url = parseUrl(dest);
    if (!PUSH_SCHEMES.has(scheme)) refuse(`unsupported scheme '${scheme.slice(0, 32)}'`);
    else if (url === undefined) refuse(`'${redactUrls(dest)}' is not a valid URL`);
    else validateUrl(url, refuse);
  }
}

/** Placeholders are filled when the path is known. */
function checkUrl(text: string, check: UrlCheck, refuse: (message: string) => void): void {
  const fault = check(text.replace(PLACEHOLDER, '1'));
  if (fault !== undefined) refuse(fault);
}

function parseUrl(text: string): URL | undefined {
  const filled = text.replace(PLACEHOLDER, '1').replace(CREDENTIALS, escapeCredentials);
  const url = /^[^:]+:\/\//u.test(filled) && URL.canParse(filled) ? new URL(filled) : undefined;
  return url === undefined || url.host === '' ? undefined : url;
}

function escapeCredentials(credentials: string): string {
  const [user = '', ...password] = credentials.split(':');
  const texts = password.length === 0 ? [user] : [user, password.join(':')];
  return texts.map((text) => encodeURIComponent(text.toWellFormed())).join(':');
}

function validateUrl(url: URL, refuse: (message: string) => void): void {
  if ((url.username === '') !== (url.password === '')) {
    refuse('username and password must be both provided');
  }
  const passphrase = url.protocol === 'srt:' ? url.searchParams.get('passphrase') : null;
  if (passphrase !== null && (passphrase.length < 10 || passphrase.length > 79)) {
    refuse('passphrase must be between 10 and 79 characters');
  }
}
