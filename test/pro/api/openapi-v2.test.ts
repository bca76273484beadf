// The document in apidocs is that of the endpoints, and names what the specification names.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { documentedEndpoints, openApiV2File } from '../../support/openapi-v2-file.ts';
import { OPENAPI_V2_FILE } from '../../support/tools/write-openapi-v2.ts';

/** Method and path of each line of the specification's tables. */
const PROMISED = [
  'GET /api/v2/info',
  'GET /api/v2/health',
  'GET /api/v2/stats',
  'GET /api/v2/paths/list',
  'GET /api/v2/paths/get/*name',
  'GET /api/v2/paths/query',
  'POST /api/v2/paths/message',
  'POST /api/v2/record/start',
  'POST /api/v2/record/stop',
  'GET /api/v2/record/task/*name',
  'GET /api/v2/record/tasks',
  'GET /api/v2/dashboard',
  'GET /api/v2/record/date/files',
  'GET /api/v2/record/favorite/files',
  'POST /api/v2/file/rename',
  'POST /api/v2/file/del',
  'POST /api/v2/file/favorite',
  'POST /api/v2/file/export/mp4',
  'GET /api/v2/snapshot',
  'GET /api/v2/publish/snapshot',
  'GET /api/v2/snapshot/config/*name',
  'POST /api/v2/snapshot/config/*name',
  'GET /api/v2/proxy/device/*path',
  'POST /api/v2/proxy/device/*path',
  'DELETE /api/v2/proxy/device/*path',
];

describe('API v2', () => {
  it('has every endpoint of the specification', () => {
    const built = documentedEndpoints().flatMap(({ method, moreMethods = [], path }) =>
      [method, ...moreMethods].map((each) => `${each} ${path}`),
    );
    assert.deepEqual(
      PROMISED.filter((line) => !built.includes(line)),
      [],
    );
  });

  it('is what apidocs/openapi-v2.yaml says; test/support/tools/write-openapi-v2.ts writes it', () => {
    assert.equal(readFileSync(OPENAPI_V2_FILE, 'utf8'), openApiV2File());
  });
});
