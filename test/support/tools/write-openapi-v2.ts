// Writes apidocs/openapi-v2.yaml from the endpoints. Run it after changing one: npx node test/support/tools/write-openapi-v2.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiV2File } from '../openapi-v2-file.ts';

export const OPENAPI_V2_FILE = join(import.meta.dirname, '../../../apidocs/openapi-v2.yaml');

if (import.meta.main) writeFileSync(OPENAPI_V2_FILE, openApiV2File());
