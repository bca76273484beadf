// Writes apidocs/openapi-v3.yaml from the endpoints. Run it after changing one: node test/support/tools/write-openapi-v3.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiV3File } from '../openapi-v3-file.ts';

writeFileSync(join(import.meta.dirname, '../../../apidocs/openapi-v3.yaml'), openApiV3File());
