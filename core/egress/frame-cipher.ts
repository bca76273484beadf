// Seals and opens single packets: incoming RTP, and RTCP both ways.

/** One key working on the frame of its workspace. */
export interface FrameCipher {
  readonly tagBytes: number;
  /** Encrypts the secret and writes the tag. */
  seal(): void;
  /** Checks the tag, then decrypts the secret; false, and nothing usable, when the tag is wrong. */
  open(): boolean;
}
