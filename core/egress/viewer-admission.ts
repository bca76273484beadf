// Turns the description of a new viewer into a row of the table: keys, numbers to begin with.
import { randomInt } from 'node:crypto';
import { readUint16 } from '../base/bytes.ts';
import { MediaError } from '../base/media-error.ts';
import type { EgressViewer, TrackHandle } from './egress-engine.ts';
import { SrtcpProtector } from './srtcp-protector.ts';
import { deriveSrtpKeys } from './srtp-key-derivation.ts';
import { createSrtpProtector } from './create-srtp-protector.ts';
import { SrtpWorkspace } from './srtp-workspace.ts';
import { NO_RTX, type ViewerTable } from './viewer-table.ts';

/** First sequence numbers lie below this, so that a loss at the start can't hide a rollover. */
const FIRST_INDEX_END = 0x8000;
/** Longest header extension block, its 4-byte header included. */
const MAX_EXTENSION_BYTES = 128;

/** Fills rows of one table. */
export class ViewerAdmission<Address> {
  readonly #table: ViewerTable<Address>;
  readonly #mediaWorkspace = new SrtpWorkspace();
  /** Reports may be sent by what a socket calls while a batch of media waits in the other one. */
  readonly #rtcpWorkspace = new SrtpWorkspace();

  constructor(table: ViewerTable<Address>) {
    this.#table = table;
  }

  /**
   * The row of a new viewer of `track`, waiting.
   * @throws MediaError invalid-argument for wrong key lengths, a malformed or too long header
   * extension, or an RTX stream that would use the media's key stream a second time.
   */
  admit(viewer: EgressViewer<Address>, track: TrackHandle, nowMs: number): number {
    requireSendable(viewer);
    const { profile, masterKey, masterSalt } = viewer;
    const keys = deriveSrtpKeys({ profile, masterKey, masterSalt });
    const table = this.#table;
    const row = table.allocate(
      {
        address: viewer.address,
        protector: createSrtpProtector(keys, this.#mediaWorkspace),
        rtcp: new SrtcpProtector(keys, this.#rtcpWorkspace),
        headerExtension: viewer.headerExtension?.length ? viewer.headerExtension : undefined,
        onKeyFrameNeeded: viewer.onKeyFrameNeeded,
      },
      nowMs,
    );
    table.track[row] = track;
    table.ssrc[row] = viewer.ssrc;
    table.payloadType[row] = viewer.payloadType;
    table.rtxSsrc[row] = viewer.rtx?.ssrc ?? 0;
    table.rtxPayloadType[row] = viewer.rtx?.payloadType ?? NO_RTX;
    table.firstIndex[row] = randomInt(FIRST_INDEX_END);
    table.rtxIndex[row] = randomInt(FIRST_INDEX_END);
    table.timestampOffset[row] = randomInt(0x100000000);
    return row;
  }
}

function requireSendable(viewer: EgressViewer<unknown>): void {
  const { ssrc, rtx, headerExtension } = viewer;
  if (rtx?.ssrc === ssrc) {
    const message = `RTX has the SSRC of its media: ${ssrc}`;
    throw new MediaError('invalid-argument', 'egress-viewer', message);
  }
  const extensionBytes = headerExtension?.length ?? 0;
  if (headerExtension === undefined || extensionBytes === 0) return;
  const saidBytes = 4 + readUint16(headerExtension, 2) * 4;
  if (extensionBytes === saidBytes && extensionBytes <= MAX_EXTENSION_BYTES) return;
  const message = `header extension of ${extensionBytes} bytes says ${saidBytes}, limit ${MAX_EXTENSION_BYTES}`;
  throw new MediaError('invalid-argument', 'egress-viewer', message);
}
