// Decoding, wrapping and documenting of endpoints.
import assert from 'node:assert/strict';
import { z } from 'zod';
import { MediaError } from '../../../core/base/media-error.ts';
import { jsonEndpoint, mediaEndpoint } from '../../../core/api/define-endpoint.ts';
import { openApiDocument } from '../../../core/api/openapi-document.ts';
import { flagText, numberText } from '../../../core/api/parameters.ts';
import { serveEndpoints } from '../../pro/api/endpoints-fixture.ts';

const shared = z.object({ id: z.string() }).meta({ id: 'Shared' });

const endpoints = [
  jsonEndpoint({
    ...{ method: 'POST', path: '/e/*name', tag: 'Test', summary: 'Everything at once' },
    failures: ['not-found'],
    params: z.object({ name: z.string().describe('a name') }),
    query: z.object({ flag: flagText.optional(), size: numberText(1, 10).optional() }),
    body: z.object({ list: z.array(z.object({ at: z.number() })) }),
    result: z.object({ echo: z.unknown() }),
    handle: ({ params, query, body }) => ({ echo: { params, query, body } }),
  }),
  jsonEndpoint({
    ...{ method: 'GET', path: '/flat', tag: 'Test', summary: 'Flat', shape: 'flat' },
    result: shared,
    handle: () => ({ id: 'x' }),
  }),
  jsonEndpoint({
    ...{ method: 'GET', path: '/fails', tag: 'Other', summary: 'Fails', shape: 'bare' },
    publicReason: 'test',
    result: shared,
    handle: () => {
      throw new MediaError('not-found', 'thing-missing', "thing 'x' is missing");
    },
  }),
  mediaEndpoint({
    ...{ method: 'GET', path: '/picture', tag: 'Other', summary: 'Picture' },
    answer: { type: 'media', contentTypes: ['image/jpeg'], jsonSchema: shared },
    handle: () => ({ status: 200, headers: { 'Content-Type': 'image/jpeg' }, body: 'JPEG' }),
  }),
];

describe('jsonEndpoint()', () => {
  it('decodes path, query and body, and wraps the result', async () => {
    await using api = await serveEndpoints(endpoints);
    const { json, status } = await api.ask('POST /e/a/b?flag=yes&size=2.5', { list: [{ at: 1 }] });
    assert.equal(status, 200);
    const echo = {
      params: { name: 'a/b' },
      query: { flag: true, size: 2.5 },
      body: { list: [{ at: 1 }] },
    };
    assert.deepEqual(json, { success: true, result: { echo } });
  });

  it('puts the result of a flat one at the top level too', async () => {
    await using api = await serveEndpoints(endpoints);
    const { json } = await api.ask('GET /flat');
    assert.deepEqual(json, { id: 'x', success: true, result: { id: 'x' } });
  });

  for (const [target, body, text] of [
    ['POST /e/a?size=11', { list: [] }, /query field 'size': must be a number from 1 to 10, got/u],
    ['POST /e/a?size=1e1', { list: [] }, /query field 'size'.*got "1e1"/u],
    ['POST /e/a?size=NaN', { list: [] }, /query field 'size'/u],
    ['POST /e/a?flag=maybe', { list: [] }, /query field 'flag'.*got "maybe"/u],
    ['POST /e/a', { list: [{ at: 'x' }] }, /body field 'list.0.at': .*got "x"/u],
    ['POST /e/a', {}, /body field 'list': .*\(missing\)/u],
    ['POST /e/a', [], /^body: /u],
    ['POST /e/a', '{', /JSON/u],
    ['POST /e/a', '', /JSON|body/u],
    ['POST /e/a', '{"__proto__":{"list":[]}}', /body field 'list'/u],
  ] as const) {
    it(`answers 400 naming the place to ${target} ${JSON.stringify(body)}`, async () => {
      await using api = await serveEndpoints(endpoints);
      const { json, status } = await api.ask(target, body);
      assert.equal(status, 400);
      const failure = z.object({ success: z.literal(false), error: z.string(), code: z.string() });
      assert.match(failure.parse(json).error, text);
    });
  }

  it('shortens a value before it shows it', async () => {
    await using api = await serveEndpoints(endpoints);
    const { body } = await api.ask('POST /e/a', { list: 'x'.repeat(5000) });
    assert.ok(body.length < 400, body);
  });

  it('answers failures of handlers in the envelope of API v2', async () => {
    await using api = await serveEndpoints(endpoints);
    const { json, status } = await api.ask('GET /fails');
    assert.equal(status, 404);
    const expected = { success: false, error: "thing 'x' is missing", code: 'thing-missing' };
    assert.deepEqual(json, expected);
  });

  it('asks the gate for protected endpoints only', async () => {
    const refuse = (): Promise<never> =>
      Promise.reject(new MediaError('permission-denied', 'denied', 'not you'));
    await using api = await serveEndpoints(endpoints, refuse);
    assert.equal((await api.ask('GET /flat')).status, 403);
    assert.equal((await api.ask('GET /fails')).status, 404);
  });
});

describe('mediaEndpoint()', () => {
  it('answers what its handler gives', async () => {
    await using api = await serveEndpoints(endpoints);
    const { headers, body } = await api.ask('GET /picture');
    assert.deepEqual([headers['content-type'], body], ['image/jpeg', 'JPEG']);
  });
});

describe('openApiDocument()', () => {
  const info = { title: 'Test', version: '1', description: '', errorSchema: {} };
  const document = z
    .looseObject({ paths: z.record(z.string(), z.record(z.string(), z.looseObject({}))) })
    .parse(openApiDocument(endpoints, info));

  it('lists every endpoint with its parameters', () => {
    assert.deepEqual(Object.keys(document.paths), ['/e/{name}', '/flat', '/fails', '/picture']);
    const post = document.paths['/e/{name}']?.['post'];
    assert.deepEqual(post?.['parameters'], [
      {
        name: 'name',
        in: 'path',
        required: true,
        description: 'a name',
        schema: { type: 'string' },
      },
      {
        name: 'flag',
        in: 'query',
        required: false,
        schema: { type: 'string', enum: ['0', '1', 'true', 'yes', 'false', 'no'] },
      },
      {
        name: 'size',
        in: 'query',
        required: false,
        schema: { type: 'string', pattern: '^[+-]?\\d{1,12}(?:\\.\\d{1,12})?$' },
      },
    ]);
  });

  it('refers to shared schemas and has them', () => {
    const text = JSON.stringify(document);
    assert.match(text, /"\$ref":"#\/components\/schemas\/Shared"/u);
    assert.match(text, /"schemas":\{.*"Shared":\{"type":"object","properties":\{"id"/u);
  });

  it('says which failures an endpoint has, and which endpoints are public', () => {
    const statuses = (path: string, method: string): string[] =>
      Object.keys(z.looseObject({}).parse(document.paths[path]?.[method]?.['responses']));
    assert.deepEqual(statuses('/e/{name}', 'post'), [
      '200',
      '400',
      '401',
      '403',
      '404',
      '429',
      '500',
    ]);
    assert.deepEqual(statuses('/fails', 'get'), ['200']);
    assert.deepEqual(document.paths['/fails']?.['get']?.['security'], []);
  });
});
