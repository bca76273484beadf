// Reads the identifiers of H.265 parameter sets without reading all of them, ITU-T H.265 section 7.3.2.
import { BitReader } from './bit-reader.ts';
import { H265NalType, h265NalType } from './h265-nal-unit.ts';
import { parseH265Sps } from './h265-sps.ts';

/** Identifiers of one H.265 parameter set. */
export interface H265ParameterSetIds {
  readonly id: number;
  /** Identifier of the set it refers to: VPS for an SPS, SPS for a PPS; -1 for a VPS. */
  readonly parentId: number;
}

/** Identifiers of a VPS, SPS or PPS NAL unit without start code; undefined when it is none. */
export function parseH265ParameterSetIds(nal: Uint8Array): H265ParameterSetIds | undefined {
  if (nal.length < 3) return undefined;
  switch (h265NalType(nal[0] ?? 0)) {
    case H265NalType.vps:
      return { id: (nal[2] ?? 0) >> 4, parentId: -1 };
    case H265NalType.sps: {
      const sps = parseH265Sps(nal);
      return sps === undefined ? undefined : { id: sps.id, parentId: sps.vpsId };
    }
    case H265NalType.pps:
      return parsePps(nal);
    default:
      return undefined;
  }
}

function parsePps(nal: Uint8Array): H265ParameterSetIds | undefined {
  const reader = new BitReader({ skipsEmulationPrevention: true });
  reader.reset(nal, 2);
  const id = reader.readUe();
  const parentId = reader.readUe();
  if (reader.isOverrun || id > 63 || parentId > 15) return undefined;
  return { id, parentId };
}
