// The recording keys of a path, as the recorder of patterns needs them.
import type { PathConfig } from '../config/config.ts';
import { isRecordPattern } from '../config/record-path.ts';
import { recorderDefaults } from './recorder-options.ts';
import { recordingFormats } from './recording-formats.ts';
import type { RecordingFormat } from './recording-format.ts';
import { RecordTemplate } from './record-template.ts';

/** How a path is recorded. */
export interface RecordSettings {
  /** Differs when anything differs. */
  readonly key: string;
  /** `record`. */
  readonly isRecorded: boolean;
  readonly template: RecordTemplate;
  readonly format: RecordingFormat;
  readonly partDurationMs: number;
  readonly maxPartBytes: number;
  readonly segmentDurationMs: number;
  /** 0 keeps files for ever. */
  readonly deleteAfterMs: number;
}

/** Remembers templates: each path asks at every start of a stream. */
export class RecordSettingsReader {
  readonly #baseFolder: string;
  readonly #templates = new Map<string, RecordTemplate>();

  /** Relative paths count from `baseFolder`. */
  constructor(baseFolder: string) {
    this.#baseFolder = baseFolder;
  }

  /** Undefined when `recordPath` is a folder: such paths are recorded by somebody else. */
  read(config: PathConfig): RecordSettings | undefined {
    if (!isRecordPattern(config.recordPath)) return undefined;
    const { recordPath, recordFormat, recordPartDuration, recordMaxPartSize } = config;
    const { record, recordSegmentDuration, recordDeleteAfter } = config;
    return {
      key: [recordPath, recordFormat, recordPartDuration, recordMaxPartSize, recordSegmentDuration]
        .map(String)
        .join('\n'),
      isRecorded: record,
      template: this.#template(recordPath),
      format: recordingFormats[recordFormat === 'mpegts' ? 'ts' : 'mp4'],
      partDurationMs: recordPartDuration,
      // Larger parts would only fill memory: a part that ends early costs a hundred bytes.
      maxPartBytes: Math.min(recordMaxPartSize, recorderDefaults.maxPartBytes),
      segmentDurationMs: recordSegmentDuration,
      deleteAfterMs: recordDeleteAfter,
    };
  }

  /** The templates of all entries, each once. */
  templatesOf(configs: Iterable<PathConfig>): readonly RecordTemplate[] {
    const templates = new Set<RecordTemplate>();
    for (const { recordPath } of configs) {
      if (isRecordPattern(recordPath)) templates.add(this.#template(recordPath));
    }
    return [...templates];
  }

  #template(recordPath: string): RecordTemplate {
    let template = this.#templates.get(recordPath);
    if (template === undefined) {
      template = new RecordTemplate(recordPath, this.#baseFolder);
      this.#templates.set(recordPath, template);
    }
    return template;
  }
}
