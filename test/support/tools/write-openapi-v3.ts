// Writes apidocs/openapi-v3.yaml from the endpoints. Run it after changing one: npx node test/support/tools/write-openapi-v3.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiV3File } from '../openapi-v3-file.ts';

export const OPENAPI_V3_FILE = join(import.meta.dirname, '../../../apidocs/openapi-v3.yaml');

if (import.meta.main) writeFileSync(OPENAPI_V3_FILE, openApiV3File());
