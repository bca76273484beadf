// Flags that all writers of audio packets share.
import { PacketFlag } from './packet-sink.ts';

/** Flags of a packet that holds whole audio frames: decoding can start with any of them. */
export const WHOLE_ACCESS_UNIT =
  PacketFlag.keyFrameStart | PacketFlag.accessUnitStart | PacketFlag.accessUnitEnd;
