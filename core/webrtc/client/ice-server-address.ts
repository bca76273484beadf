// STUN and TURN URLs taken apart (RFC 7064, RFC 7065).

/** A server to ask. */
export interface IceServerAddress {
  readonly kind: 'stun' | 'turn';
  /** Name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp' | 'tls';
}

const URL_PATTERN =
  /^(stuns?|turns?):(?:\[([0-9a-f:.]{2,45})\]|([^\s:/?#[\]@]{1,253}))(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/iu;
const DEFAULT_PORT = 3478;
const DEFAULT_TLS_PORT = 5349;

/** Undefined for what is no such URL, and for STUN over TLS. */
export function parseIceServerUrl(url: string): IceServerAddress | undefined {
  const [whole, scheme = '', v6, name, portText, transport = ''] = URL_PATTERN.exec(url) ?? [];
  const host = v6 ?? name;
  const isSecure = scheme.toLowerCase().endsWith('s');
  const kind = scheme.toLowerCase().startsWith('turn') ? 'turn' : 'stun';
  if (whole === undefined || host === undefined || (kind === 'stun' && isSecure)) return undefined;
  const port = portText === undefined ? (isSecure ? DEFAULT_TLS_PORT : DEFAULT_PORT) : +portText;
  if (port < 1 || port > 65_535) return undefined;
  const plain = transport.toLowerCase() === 'tcp' ? 'tcp' : 'udp';
  return { kind, host, port, transport: isSecure ? 'tls' : plain };
}
