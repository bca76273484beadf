// The OpenAPI document as a page, as JSON and as YAML.
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { createPageFile, pageFileReply, type PageFile } from '../../core/http/page-file.ts';
import type { AccessRule, Route } from '../../core/http/route.ts';

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HEADERS = {
  'Content-Security-Policy': CSP,
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'no-cache',
};

/** The document as it is written to apidocs/openapi-v2.yaml. */
export function toYaml(document: object): string {
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 100 });
}

const ACCESS: AccessRule = { type: 'public', reason: 'documentation, the same for everybody' };

/** GET /docs and what it loads; the root leads there, since its URL is what the log shows. */
export function docsRoutes(document: object): readonly Route[] {
  const get = (pattern: string, action: Route['action']): Route => ({
    methods: ['GET'],
    ...{ pattern, access: ACCESS, action },
  });
  const file = (pattern: string, page: PageFile): Route =>
    get(pattern, (request) => pageFileReply(request, page, HEADERS));
  const json = createPageFile('application/json', Buffer.from(JSON.stringify(document)));
  const yaml = createPageFile('application/yaml', Buffer.from(toYaml(document)));
  return [
    // Relative: a proxy may add a prefix.
    get('/', () => ({ status: 302, headers: { Location: 'docs', 'Cache-Control': 'no-cache' } })),
    file('/docs', asset('docs.html', 'text/html; charset=utf-8')),
    file('/docs/docs.css', asset('docs.css', 'text/css; charset=utf-8')),
    file('/docs/favicon.svg', asset('favicon.svg', 'image/svg+xml')),
    file('/docs/docs.js', asset('docs.js', 'text/javascript; charset=utf-8')),
    file('/docs/openapi-v2.json', json),
    file('/docs/openapi-v2.yaml', yaml),
  ];
}

function asset(name: string, contentType: string): PageFile {
  return createPageFile(contentType, readFileSync(new URL(`../web/docs/${name}`, import.meta.url)));
}
