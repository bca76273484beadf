// Tests of trickle fragments.
import assert from 'node:assert/strict';
import { formatTrickleFragment, parseTrickleFragment } from '../../../core/sdp/trickle-fragment.ts';

const CANDIDATE = 'candidate:1 1 udp 2130706431 127.0.0.1 5000 typ host';

describe('parseTrickleFragment()', () => {
  it('reads the fragment that a browser page sends', () => {
    const fragment = parseTrickleFragment(
      [
        'a=ice-ufrag:EsAw',
        'a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1',
        'm=audio 9 UDP/TLS/RTP/SAVPF 0',
        'a=mid:0',
        `a=${CANDIDATE}`,
        'a=candidate:broken',
        'm=video 9 UDP/TLS/RTP/SAVPF 0',
        'a=mid:1',
        'a=end-of-candidates',
        '',
      ].join('\r\n'),
    );
    assert.equal(fragment.iceUfrag, 'EsAw');
    assert.equal(fragment.icePwd, 'P2uYro0UCOQ4zxjKXaWCBui1');
    assert.deepEqual(
      fragment.medias.map(({ mid, candidates, hasEndOfCandidates }) => [
        mid,
        candidates.map(({ port }) => port),
        hasEndOfCandidates,
      ]),
      [
        ['0', [5000], false],
        ['1', [], true],
      ],
    );
  });

  it('takes candidates without a section', () => {
    const { medias } = parseTrickleFragment(`a=mid:v\na=${CANDIDATE}\n`);
    assert.deepEqual(
      medias.map(({ mid, candidates }) => [mid, candidates.length]),
      [['v', 1]],
    );
  });

  it('refuses an empty body by name', () => {
    assert.throws(() => parseTrickleFragment(''), { code: 'sdp-empty' });
  });
});

describe('formatTrickleFragment()', () => {
  it('writes the answer to an ICE restart without session lines', () => {
    const text = formatTrickleFragment({
      iceUfrag: 'u',
      icePwd: 'p',
      bundleGroups: [['0', '1']],
      medias: [{ mid: '0', candidates: [], hasEndOfCandidates: true }],
    });
    const expected = [
      'a=group:BUNDLE 0 1',
      'a=ice-ufrag:u',
      'a=ice-pwd:p',
      'm=audio 9 RTP/AVP 0',
      'a=mid:0',
      'a=end-of-candidates',
      '',
    ];
    assert.equal(text, expected.join('\r\n'));
  });

  it('writes what reads back as the same', () => {
    const lines = [
      'a=group:BUNDLE 0',
      'a=ice-ufrag:a',
      'a=ice-pwd:b',
      'm=audio 9 RTP/AVP 0',
      'a=mid:0',
      'a=ice-ufrag:c',
      'a=ice-pwd:d',
      `a=${CANDIDATE}`,
    ];
    const fragment = parseTrickleFragment(lines.join('\n'));
    assert.deepEqual(parseTrickleFragment(formatTrickleFragment(fragment)), fragment);
    assert.equal(fragment.medias[0]?.iceUfrag, 'c');
  });
});
