// The browser files beside this module, read once when the server starts.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createPageFile, type PageFile } from '../http/page-file.ts';
import { joinScript } from './page-script.ts';

/** All files of the pages. */
export interface PageAssets {
  /** By file name, e.g. `player.css`. */
  readonly files: ReadonlyMap<string, PageFile>;
  readonly templates: Readonly<Record<PageTemplate, string>>;
  /** Changes with any file; goes into URLs so that no browser mixes two versions. */
  readonly version: string;
}

/** Pages with values in them. */
export type PageTemplate = 'read' | 'publish' | 'index' | 'error';

const SCRIPTS: readonly string[] = [
  'reader.js',
  'publisher.js',
  'player.js',
  'publish-page.js',
  'index-page.js',
];
const OTHERS: Readonly<Record<string, string>> = {
  'common.css': 'text/css; charset=utf-8',
  'player.css': 'text/css; charset=utf-8',
  'publish.css': 'text/css; charset=utf-8',
  'index.css': 'text/css; charset=utf-8',
  'favicon.svg': 'image/svg+xml',
};

/** Reads the files. @throws what node:fs throws when the installation is incomplete. */
export function readPageAssets(): PageAssets {
  const folder = new URL('./pages/', import.meta.url);
  const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
  const files = new Map<string, PageFile>();
  const hash = createHash('sha256');
  for (const [name, contentType] of Object.entries(OTHERS)) {
    files.set(name, createPageFile(contentType, Buffer.from(read(name))));
  }
  for (const name of SCRIPTS) {
    const text = joinScript(name, read);
    files.set(name, createPageFile('text/javascript; charset=utf-8', Buffer.from(text)));
  }
  for (const { etag } of files.values()) hash.update(etag);
  return {
    files,
    templates: {
      read: read('read.html'),
      publish: read('publish.html'),
      index: read('index.html'),
      error: read('error.html'),
    },
    version: hash.digest('base64url').slice(0, 12),
  };
}
