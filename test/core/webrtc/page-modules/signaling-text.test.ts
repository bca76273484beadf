// Tests of the page modules that read and edit headers and SDP.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { iceServerLinks } from '../../../../core/webrtc/ice-server-provider.ts';
import { loadBrowserModule } from './browser-module.ts';

interface IceServer {
  readonly urls: string;
  readonly username?: string;
  readonly credential?: string;
}

// The one place where the types of these modules are claimed.
const { parseIceServers } = (await loadBrowserModule('link-header.js')) as {
  parseIceServers: (header: string | null) => IceServer[];
};
const { parseSkippedTracks } = (await loadBrowserModule('skipped-tracks.js')) as {
  parseSkippedTracks: (header: string | null) => Record<string, string>[];
};
const sdpText = (await loadBrowserModule('sdp-text.js')) as {
  withOpusParameters: (
    sdp: string,
    wanted?: { isStereo?: boolean; maxBitrateBps?: number },
  ) => string;
  withStartBitrate: (sdp: string, kilobits: number) => string;
  candidateAddresses: (sdp: string) => string[];
  withAudioFormats: (sdp: string, formats: readonly { encoding: string }[]) => string;
  trickleFragment: (offer: string, candidates: readonly object[]) => string;
};
const { readPlayerFlags } = (await loadBrowserModule('query-flags.js')) as {
  readPlayerFlags: (query: string) => Record<string, boolean>;
};

const OFFER = [
  ...[
    'v=0',
    'a=ice-ufrag:abcd',
    'a=ice-pwd:0123456789012345678901',
    'm=audio 9 X 111 0',
    'a=mid:0',
  ],
  ...['a=rtpmap:111 opus/48000/2', 'a=fmtp:111 minptime=10;useinbandfec=1', 'a=rtpmap:0 PCMU/8000'],
  ...['m=video 9 X 96', 'a=mid:1', 'a=rtpmap:96 VP8/90000', ''],
].join('\r\n');

describe('parseIceServers()', () => {
  it('reads what the server writes', () => {
    const credential = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 });
    const server = fc.record({
      url: fc.constantFrom('stun:a.example:3478', 'turns:b.example:5349?transport=tcp'),
      username: credential,
      credential,
    });
    fc.assert(
      fc.property(fc.array(server, { maxLength: 4 }), (servers) => {
        const expected = servers.map(({ url, username, credential }) => {
          return { urls: url, username, credential };
        });
        assert.deepEqual(parseIceServers(iceServerLinks(servers).join(', ')), expected);
      }),
      { numRuns: 500 },
    );
  });

  it('leaves out other links and other schemes', () => {
    const header =
      '<https://a.example>; rel="next", <stun:b:1>; rel="ice-server", <x:y>; rel="ice-server"';
    assert.deepEqual(parseIceServers(header), [{ urls: 'stun:b:1' }]);
    assert.deepEqual(parseIceServers(null), []);
  });

  it('takes linear time and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert(Array.isArray(parseIceServers(text)));
        assert(Array.isArray(parseSkippedTracks(text)));
      }),
      { numRuns: 500 },
    );
    const startedAt = performance.now();
    parseIceServers('<a>;'.repeat(20_000));
    parseIceServers('<'.repeat(200_000));
    parseIceServers(`<a>; a="${'\\'.repeat(50_000)}`);
    assert(performance.now() - startedAt < 1000);
  });
});

describe('parseSkippedTracks()', () => {
  it('reads kind, codec, code and message', () => {
    const header =
      "audio;LPCM;codec-not-offered;this%20browser%20can't%20play%20a%2C%20b, video;H265;x;y";
    assert.deepEqual(parseSkippedTracks(header), [
      {
        kind: 'audio',
        codec: 'LPCM',
        code: 'codec-not-offered',
        message: "this browser can't play a, b",
      },
      { kind: 'video', codec: 'H265', code: 'x', message: 'y' },
    ]);
    assert.deepEqual(parseSkippedTracks(''), []);
    assert.deepEqual(parseSkippedTracks('a;%'), [{ kind: 'a', codec: '%', code: '', message: '' }]);
  });
});

describe('sdp-text', () => {
  it('asks for stereo Opus once', () => {
    const edited = sdpText.withOpusParameters(OFFER);
    assert.match(edited, /^a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1\r$/mu);
    assert.equal(sdpText.withOpusParameters(edited), edited);
    const mono = sdpText.withOpusParameters(edited, { isStereo: false, maxBitrateBps: 9000 });
    assert.match(mono, /useinbandfec=1;stereo=0;sprop-stereo=0;maxaveragebitrate=9000\r$/mu);
    const bare = OFFER.replace(/a=fmtp:111.*\r\n/u, '');
    assert.match(
      sdpText.withOpusParameters(bare),
      /opus\/48000\/2\r\na=fmtp:111 stereo=1;sprop-stereo=1\r\na=rtpmap:0/u,
    );
    assert.equal(sdpText.withOpusParameters('v=0\r\n'), 'v=0\r\n');
  });

  it('sets the bitrate that a video begins with', () => {
    const edited = sdpText.withStartBitrate(OFFER, 2000);
    assert.match(edited, /VP8\/90000\r\na=fmtp:96 x-google-start-bitrate=2000\r\n$/u);
    assert.equal(edited.replace('a=fmtp:96 x-google-start-bitrate=2000\r\n', ''), OFFER);
  });

  it('lists the addresses of an answer', () => {
    const answer = [
      'a=candidate:1 1 UDP 2130706431 192.168.1.5 8189 typ host',
      'a=candidate:2 1 tcp 1671430143 192.168.1.5 8189 typ host tcptype passive',
      'a=candidate:3 1 udp 1 fd00::5 8189 typ host',
      'a=candidate:1 1 UDP 2130706431 192.168.1.5 8189 typ host',
    ].join('\r\n');
    assert.deepEqual(sdpText.candidateAddresses(answer), [
      ...['192.168.1.5:8189/udp', '192.168.1.5:8189/tcp', '[fd00::5]:8189/udp'],
    ]);
  });

  it('adds audio formats with payload types that are free', () => {
    const edited = sdpText.withAudioFormats(OFFER, [
      { encoding: 'L16/8000' },
      { encoding: 'L16/16000' },
    ]);
    assert.match(edited, /^m=audio 9 X 111 0 127 126\r$/mu);
    assert.match(
      edited,
      /PCMU\/8000\r\na=rtpmap:127 L16\/8000\r\na=rtpmap:126 L16\/16000\r\nm=video/u,
    );
    assert.equal(sdpText.withAudioFormats(OFFER, []), OFFER);
  });

  it('writes candidates below their section', () => {
    const candidate = {
      candidate: 'candidate:1 1 udp 1 10.0.0.1 5 typ host',
      sdpMid: '1',
      sdpMLineIndex: 1,
    };
    assert.equal(
      sdpText.trickleFragment(OFFER, [candidate]),
      'a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=video 9 X 96\r\na=mid:1\r\n' +
        'a=candidate:1 1 udp 1 10.0.0.1 5 typ host\r\n',
    );
  });
});

describe('readPlayerFlags()', () => {
  it('knows yes and no in three ways and keeps its defaults otherwise', () => {
    const defaults = {
      ...{ controls: true, muted: true, autoplay: true, playsInline: true },
      disablePictureInPicture: false,
    };
    assert.deepEqual(readPlayerFlags(''), defaults);
    assert.deepEqual(readPlayerFlags('?muted=maybe&controls='), defaults);
    for (const [yes, no] of [
      ['1', '0'],
      ['yes', 'no'],
      ['TRUE', 'False'],
    ]) {
      assert.deepEqual(
        readPlayerFlags(
          `?controls=${no}&muted=${no}&autoplay=${no}&playsinline=${no}&disablepictureinpicture=${yes}`,
        ),
        {
          ...{ controls: false, muted: false, autoplay: false, playsInline: false },
          disablePictureInPicture: true,
        },
      );
    }
  });
});
