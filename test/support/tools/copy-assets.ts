// Copies what the compiler leaves behind into dist/: browser pages, shipped files, the version.
import { cpSync, globSync } from 'node:fs';

for (const entry of globSync([
  'core/**/pages',
  'pro/**/pages',
  'core/assets',
  'pro/web',
  'package.json',
])) {
  cpSync(entry, `dist/${entry}`, { recursive: true });
}
