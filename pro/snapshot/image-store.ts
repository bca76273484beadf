// Where pictures are kept, and as whose.

/** Begins the names of small pictures; what else has such a name would be taken for one. */
export const thumbnailPrefix = 'thumbnail-';

/** A picture to be kept. */
export interface ImageToStore {
  readonly pathName: string;
  /** Name without folder, ending in `.jpg`; a number is added when it is taken. */
  readonly fileName: string;
  readonly jpeg: Buffer;
  /** Kept beside it as `thumbnail-<file name>`. */
  readonly thumbnail?: Buffer;
  /** Date ms. */
  readonly takenAt: number;
}

/** A picture that is kept. */
export interface StoredImage {
  readonly fileName: string;
  /** Begins with a slash, relative to the recordings folder. */
  readonly filePath: string;
  /** Absolute. */
  readonly fullPath: string;
  /** File name of the thumbnail; empty without. */
  readonly thumbnail: string;
}

/** Keeps pictures whole or not at all. */
export interface ImageStore {
  /** @throws MediaError. */
  save(image: ImageToStore): Promise<StoredImage>;
}
