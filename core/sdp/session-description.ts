// A session description as its lines say it (RFC 8866), before any meaning is given to attributes.

/** An `a=` line: `name` alone, or `name:value`. */
export interface SdpAttribute {
  readonly name: string;
  readonly value?: string;
}

/** A `c=` line, RFC 8866 section 5.7. */
export interface SdpConnection {
  /** `IN`. */
  readonly networkType: string;
  /** `IP4` or `IP6`. */
  readonly addressType: string;
  /** Address, for multicast with `/ttl` and `/count` as written. */
  readonly address: string;
}

/** A `b=` line, RFC 8866 section 5.8. */
export interface SdpBandwidth {
  /** `AS` (kbit/s), `TIAS` (bit/s) or another modifier. */
  readonly type: string;
  readonly value: number;
}

/** An `m=` section, RFC 8866 section 5.14. */
export interface MediaDescription {
  /** `video`, `audio`, `application` or what else the source wrote. */
  readonly kind: string;
  readonly port: number;
  /** Number of ports when the m= line gives one. */
  readonly portCount?: number;
  readonly protocol: string;
  /** For RTP the payload types, as written. */
  readonly formats: readonly string[];
  readonly information?: string;
  readonly connection?: SdpConnection;
  readonly bandwidths: readonly SdpBandwidth[];
  readonly attributes: readonly SdpAttribute[];
}

/** A whole session description; only `medias` and `attributes` carry facts that the server uses. */
export interface SessionDescription {
  readonly version: number;
  /** The value of `o=`: cameras write it in too many ways to split it. */
  readonly origin?: string;
  /** Empty when the source gave none. */
  readonly name: string;
  readonly information?: string;
  readonly connection?: SdpConnection;
  readonly bandwidths: readonly SdpBandwidth[];
  /** The values of the `t=` lines. */
  readonly times: readonly string[];
  readonly attributes: readonly SdpAttribute[];
  readonly medias: readonly MediaDescription[];
}

/** The part of a description that has attributes. */
export interface AttributeHolder {
  readonly attributes: readonly SdpAttribute[];
}

/**
 * Value of the first attribute called `name` (lower case; the source's spelling may differ): empty
 * for an attribute without value, undefined when there is none.
 */
export function attributeValue(holder: AttributeHolder, name: string): string | undefined {
  for (const attribute of holder.attributes) {
    if (attribute.name.toLowerCase() === name) return attribute.value ?? '';
  }
  return undefined;
}

/** Values of all attributes called `name` (lower case), in order; empty text for those without value. */
export function attributeValues(holder: AttributeHolder, name: string): string[] {
  return holder.attributes
    .filter((attribute) => attribute.name.toLowerCase() === name)
    .map((attribute) => attribute.value ?? '');
}

/** Whether an attribute called `name` (lower case) is there. */
export function hasAttribute(holder: AttributeHolder, name: string): boolean {
  return attributeValue(holder, name) !== undefined;
}
