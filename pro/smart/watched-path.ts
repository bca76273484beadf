// What smart recording knows about one path, and the rules by which it changes.
import { scoreColor, type ColorRule, type RgbPicture } from './color-score.ts';
import { ScoreWindow } from './score-window.ts';

/** How a path is watched. */
export interface SmartPath {
  readonly name: string;
  /** `recordMinThreshold`: the sum of the window has to exceed it. */
  readonly threshold: number;
  readonly rule: ColorRule;
}

/** idle: nothing seen; window: checks add up; recording: an automatic recording runs. */
export type SmartState = 'idle' | 'window' | 'recording';

/** State of the checks of a path, for the API. Scores are percent. */
export interface SmartFacts {
  readonly name: string;
  /** Of the last check; undefined when it failed or there was none. */
  readonly score: number | undefined;
  readonly window: readonly number[];
  readonly sum: number;
  readonly threshold: number;
  readonly state: SmartState;
  /** Why it is as it is. */
  readonly reason: string;
  /** Date ms. */
  readonly lastCheckAt: number | undefined;
}

/** One check that gave a score. */
export interface ScoredCheck {
  /** Date ms. */
  readonly at: number;
  readonly score: number;
  readonly sum: number;
}

/** Bounds of what is kept. */
export interface WatchedPathOptions {
  readonly checks: number;
  readonly historyScores: number;
}

/** Knows no time, no network and no recorder. */
export class WatchedPath {
  path: SmartPath;
  isRecording = false;
  /** Off while the health checks say that the device is gone. */
  isArmed = true;
  /** A client stopped the recording: none by itself until the stream or the device was lost. */
  isLeftAlone = false;
  /** How often it began anew: a check that was going on meanwhile says nothing any more. */
  beginnings = 0;
  readonly #options: WatchedPathOptions;
  /** Of the file that grows, once it is known. */
  #recordingId: string | undefined;
  readonly #window: ScoreWindow;
  #history: ScoredCheck[] = [];
  #score: number | undefined;
  #reason = 'not checked yet';
  #lastCheckAt: number | undefined;
  #lastFrame:
    | {
        readonly id: string;
        readonly rule: ColorRule;
        readonly score: number;
        readonly remark: string | undefined;
      }
    | undefined;

  constructor(path: SmartPath, options: WatchedPathOptions) {
    this.path = path;
    this.#options = options;
    this.#window = new ScoreWindow(options.checks);
  }

  get facts(): SmartFacts {
    const { scores: window, sum } = this.#window;
    const isCounting = window.length > 0;
    return {
      ...{ name: this.path.name, score: this.#score, window, sum, threshold: this.path.threshold },
      state: this.isRecording ? 'recording' : isCounting ? 'window' : 'idle',
      ...{ reason: this.#reason, lastCheckAt: this.#lastCheckAt },
    };
  }

  /** Oldest first. */
  get history(): readonly ScoredCheck[] {
    return this.#history;
  }

  /** Whether the key frame `id` was judged already by the same rule: then `noteSameFrame` will do. */
  knows(id: string): boolean {
    return this.#lastFrame?.id === id && this.#lastFrame.rule === this.path.rule;
  }

  /** Judges the picture of a key frame; returns the check. */
  notePicture(id: string, picture: RgbPicture, at: number): ScoredCheck {
    const { score, isFlat } = scoreColor(picture, this.path.rule);
    const remark = isFlat ? 'the picture is a single plain color' : undefined;
    this.#lastFrame = { id, rule: this.path.rule, score, remark };
    return this.#note(score, at, remark);
  }

  /** The newest key frame is still the one of the check before. */
  noteSameFrame(at: number): ScoredCheck {
    return this.#note(this.#lastFrame?.score ?? 0, at, this.#lastFrame?.remark);
  }

  /** A check failed: whatever adds up has to be in a row. */
  noteFailure(reason: string, at: number): void {
    this.#lastCheckAt = at;
    this.#score = undefined;
    this.#reason = reason;
    this.#window.clear();
  }

  /** Whether it is time to record. */
  get wantsRecording(): boolean {
    const isFree = !this.isRecording && this.isArmed && !this.isLeftAlone;
    return isFree && this.#window.isOver(this.path.threshold);
  }

  noteRecording(id?: string): void {
    this.isRecording = true;
    this.#recordingId = id ?? this.#recordingId;
    this.#reason = 'recording';
  }

  /** Whether the recording goes on after file `id` ended: in the file that was begun before. */
  goesOnAfter(id: string): boolean {
    return this.#recordingId !== undefined && this.#recordingId !== id;
  }

  /** Begins anew. */
  noteStopped(reason: string): void {
    this.isRecording = false;
    this.#recordingId = undefined;
    this.beginnings++;
    this.#reason = reason;
    this.#window.clear();
  }

  #note(score: number, at: number, remark?: string): ScoredCheck {
    this.#window.push(score);
    this.#score = score;
    this.#lastCheckAt = at;
    const { sum } = this.#window;
    const sumText = `sum ${sum} of more than ${this.path.threshold}`;
    this.#reason = this.isRecording ? 'recording' : (remark ?? sumText);
    const check = { at, score, sum };
    this.#history = [...this.#history, check].slice(-this.#options.historyScores);
    return check;
  }
}
