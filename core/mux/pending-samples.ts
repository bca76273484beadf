// The samples of one track since the last part, as columns; the payload stays where it is.

/** Cleared and used again for every part. */
export class PendingSamples {
  readonly dtsTicks: number[] = [];
  readonly offsetTicks: number[] = [];
  readonly sizesBytes: number[] = [];
  readonly areKeyFrames: boolean[] = [];
  /** Payload in order: views on the caller's bytes and our framing between them. */
  readonly chunks: Uint8Array[] = [];
  /** Payload of all samples. */
  sizeBytes = 0;
  /** Whether any composition offset is not 0. */
  hasOffsets = false;

  get count(): number {
    return this.dtsTicks.length;
  }

  /** Takes the payload added to `chunks` since the last call as one sample. */
  add(sample: {
    readonly dtsTicks: number;
    readonly ptsTicks: number;
    readonly sizeBytes: number;
    readonly isKeyFrame: boolean;
  }): void {
    const offsetTicks = sample.ptsTicks - sample.dtsTicks;
    this.dtsTicks.push(sample.dtsTicks);
    this.offsetTicks.push(offsetTicks);
    this.sizesBytes.push(sample.sizeBytes);
    this.areKeyFrames.push(sample.isKeyFrame);
    this.sizeBytes += sample.sizeBytes;
    if (offsetTicks !== 0) this.hasOffsets = true;
  }

  clear(): void {
    this.dtsTicks.length = 0;
    this.offsetTicks.length = 0;
    this.sizesBytes.length = 0;
    this.areKeyFrames.length = 0;
    this.chunks.length = 0;
    this.sizeBytes = 0;
    this.hasOffsets = false;
  }
}
