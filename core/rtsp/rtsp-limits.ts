// Bounds of what one RTSP message may hold; whoever exceeds them gets an error, never memory.

/** Largest start line and headers together, in bytes. */
export const MAX_HEAD_BYTES = 16 * 1024;
/** Largest body (SDP), in bytes. */
export const MAX_BODY_BYTES = 64 * 1024;
/** Most header lines. */
export const MAX_HEADERS = 100;
/** Longest URL, in bytes. */
export const MAX_URL_BYTES = 2048;
