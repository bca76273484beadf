// Which STUN and TURN servers clients are told; an outer layer may bring another provider.

/** One ICE server as `Link` headers and RTCConfiguration carry it. */
export interface IceServer {
  /** `stun:`, `turn:` or `turns:` URL. */
  readonly url: string;
  readonly username: string;
  readonly credential: string;
}

/** Tells which ICE servers a client should use. */
export interface IceServerProvider {
  /** The servers for one client; credentials may be made for it alone. @throws MediaError `unavailable`. */
  iceServers(signal?: AbortSignal): Promise<readonly IceServer[]>;
}

/** One `Link` header value per server (RFC 9725 section 4.6). */
export function iceServerLinks(servers: readonly IceServer[]): string[] {
  return servers.map(({ url, username, credential }) => {
    const link = `<${url}>; rel="ice-server"`;
    if (username === '' && credential === '') return link;
    return (
      `${link}; username=${quote(username)}; credential=${quote(credential)}; ` +
      'credential-type="password"'
    );
  });
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/gu, (character) => `\\${character}`)}"`;
}
