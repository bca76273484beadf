// Copies what the compiler leaves behind into dist/: browser pages and shipped files.
import { cpSync, globSync } from 'node:fs';

for (const folder of globSync(['core/**/pages', 'core/assets', 'pro/web'])) {
  cpSync(folder, `dist/${folder}`, { recursive: true });
}
