// Signatures of the open API against the vectors that the vendor published.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  signOpenApi,
  verifyOpenApi,
  type OpenApiCall,
} from '../../../../pro/signaling/tuya/open-api-signature.ts';

const credentials = {
  clientId: '1KAD46OrT9HafiKdsXeg',
  secret: '4OHBOnWOqaEC1mWXOpVL3yV50s0qGSRC',
};
const accessToken = '3f4eda2bdec17232f67c0b188af3eec1';
const plain: OpenApiCall = {
  method: 'GET',
  target: '/v1.0/token?grant_type=1',
  body: new Uint8Array(),
  t: '1588925778000',
  nonce: '',
  accessToken: '',
  signedHeaders: [],
};
const withHeaders: OpenApiCall = {
  ...plain,
  nonce: '5138cc3a9033d69856923fd07b491173',
  signedHeaders: [
    ['area_id', '29a33e8796834b1efa6'],
    ['call_id', '8afdb70ab2ed11eb85290242ac130003'],
  ],
};
const users = '/v2.0/apps/schema/users?page_no=1&page_size=50';

describe('signOpenApi()', () => {
  it('signs requests of tokens and others as projects since 2021 do', () => {
    assert.equal(
      signOpenApi('hmac', credentials, withHeaders),
      '9E48A3E93B302EEECC803C7241985D0A34EB944F40FB573C7B5C2A82158AF13E',
    );
    assert.equal(
      signOpenApi('hmac', credentials, { ...withHeaders, accessToken, target: users }),
      'AE4481C692AA80B25F3A7E12C3A5FD9BBF6251539DD78E565A1A72A508A88784',
    );
  });

  it('sorts parameters by name', () => {
    const target = '/v2.0/apps/schema/users?page_size=50&page_no=1';
    assert.equal(
      signOpenApi('hmac', credentials, { ...withHeaders, accessToken, target }),
      signOpenApi('hmac', credentials, { ...withHeaders, accessToken, target: users }),
    );
  });

  it('signs as older projects do', () => {
    assert.equal(
      signOpenApi('hmac-legacy', credentials, plain),
      'CEAAFB5CCDC2F723A9FD3E91D3D2238EE0DD9A6D7C3C365DEB50FC2AF277AA83',
    );
    assert.equal(
      signOpenApi('hmac-legacy', credentials, { ...plain, accessToken }),
      '36C30E300F226B68ADD014DD1EF56A81EDB7B7A817840485769B9D6C96D0FAA1',
    );
  });

  it('signs with MD5 over id, token, secret and time', () => {
    // printf '%s' "$id$token$secret$t" | md5sum
    assert.equal(
      signOpenApi('md5', credentials, { ...plain, accessToken }),
      'FE866557FE9F0C4E49997D92A0DB0935',
    );
  });
});

describe('verifyOpenApi()', () => {
  it('tells the kind of a good signature, in upper and lower case', () => {
    for (const kind of ['hmac', 'hmac-legacy', 'md5'] as const) {
      const signature = signOpenApi(kind, credentials, withHeaders);
      assert.equal(verifyOpenApi(credentials, withHeaders, signature), kind);
      assert.equal(verifyOpenApi(credentials, withHeaders, signature.toLowerCase()), kind);
    }
  });

  it('signs the bytes of the body, also those of a GET', () => {
    const body = Buffer.from('{}');
    const signature = signOpenApi('hmac', credentials, { ...plain, body });
    assert.equal(verifyOpenApi(credentials, { ...plain, body }, signature), 'hmac');
    assert.equal(verifyOpenApi(credentials, plain, signature), undefined);
  });

  it('takes a target that was signed with its escapes undone', () => {
    const sent = { ...plain, target: '/v1.0/things?name=a%20b&code=1' };
    const signed = { ...plain, target: '/v1.0/things?code=1&name=a b' };
    const signature = signOpenApi('hmac', credentials, signed);
    assert.equal(verifyOpenApi(credentials, sent, signature), 'hmac');
  });

  it('refuses another secret, id, time, method, target, nonce, header and what is no signature', () => {
    const signature = signOpenApi('hmac', credentials, withHeaders);
    const refuses = (call: Partial<OpenApiCall>, who = credentials): void =>
      assert.equal(verifyOpenApi(who, { ...withHeaders, ...call }, signature), undefined);
    refuses({}, { ...credentials, secret: 'x' });
    refuses({}, { ...credentials, clientId: 'x' });
    refuses({ t: '1588925778001' });
    refuses({ method: 'POST' });
    refuses({ target: '/v1.0/token?grant_type=2' });
    refuses({ nonce: 'x' });
    refuses({ signedHeaders: [] });
    fc.assert(
      fc.property(fc.string({ maxLength: 70 }), (text) => {
        assert.equal(verifyOpenApi(credentials, withHeaders, text), undefined);
      }),
      { numRuns: 300 },
    );
  });
});
