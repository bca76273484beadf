// profile-level-id of H.264, RFC 6184 section 8.1.

/**
 * Six lower-case hex digits: profile_idc, constraint flags and level_idc of a sequence parameter
 * set NAL unit without start code. Undefined when it is too short.
 */
export function profileLevelIdOf(sps: Uint8Array): string | undefined {
  if (sps.length < 4) return undefined;
  let text = '';
  for (const byte of sps.subarray(1, 4)) text += byte.toString(16).padStart(2, '0');
  return text;
}
