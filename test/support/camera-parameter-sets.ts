// Parameter sets as real cameras announce them in their SDP, base64, with what they mean.

/** One camera's `sprop-parameter-sets` and what a decoder makes of it. */
export interface H264CameraSample {
  readonly camera: string;
  readonly sprop: string;
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly profileIdc: number;
  readonly levelIdc: number;
  readonly frameRate?: number;
}

/** Checked against FFmpeg's reading of the same bytes. */
export const H264_CAMERAS: readonly H264CameraSample[] = [
  {
    camera: 'Dahua',
    sprop: 'Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA,aO4xshsA',
    widthPixels: 704,
    heightPixels: 480,
    profileIdc: 100,
    levelIdc: 30,
    frameRate: 15,
  },
  {
    camera: 'Hikvision',
    sprop: 'Z00AKZpkA8ARPyzUBAQFAAADA+gAAOpgBA==,aO48gA==',
    widthPixels: 1920,
    heightPixels: 1080,
    profileIdc: 77,
    levelIdc: 41,
    frameRate: 30,
  },
  {
    camera: 'Reolink',
    sprop: 'Z2QAM6zoAoALWQ==,aO48MA==',
    widthPixels: 2560,
    heightPixels: 1440,
    profileIdc: 100,
    levelIdc: 51,
  },
  {
    camera: 'Ubiquiti',
    sprop: 'Z01AKo2NQDwBE/LgLcBAQFAAAD6AABX5CdoIhGo=,aO44gA==',
    widthPixels: 1920,
    heightPixels: 1080,
    profileIdc: 77,
    levelIdc: 42,
    frameRate: 45,
  },
  {
    // Start codes are left at the end of both sets.
    camera: 'GW Security',
    sprop: 'Z00AKpWoHgCJ+WbgICAgQAAAAAE=,aO48gAAAAAE=',
    widthPixels: 1920,
    heightPixels: 1080,
    profileIdc: 77,
    levelIdc: 42,
  },
  {
    // nal_ref_idc is 1, so the sets start with 0x27 and 0x28.
    camera: 'MacroVideo',
    sprop: 'J03gKI1oBQBboQAAAwABAAADACgPFCKg,KO4BNJI=',
    widthPixels: 1280,
    heightPixels: 720,
    profileIdc: 77,
    levelIdc: 40,
    frameRate: 20,
  },
];

/** `sprop-vps`, `sprop-sps` and `sprop-pps` of a Dahua camera, 704x480. */
export const DAHUA_H265 = {
  vps: 'QAEMAf//AWAAAAMAsAAAAwAAAwBarAwAAAMABAAAAwAyqA==',
  sps: 'QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE=',
  pps: 'RAHA8saNA7NA',
} as const;

/** `sprop-vps`, `sprop-sps` and `sprop-pps` of a TP-Link camera, 2560x1440. */
export const TP_LINK_H265 = {
  vps: 'QAEMAf//AWAAAAMAAAMAAAMAAAMAlqwJ',
  sps: 'QgEBAWAAAAMAAAMAAAMAAAMAlqABQCAFof4qtO6JLuaAgA27oADN/mAE',
  pps: 'RAHAcvAbJA==',
} as const;

/** Bytes of a base64 text. */
export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
