// A machine and a configuration for one check of the doctor, in a folder of its own.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyPlaces } from '../../../../pro/command/doctor/key-places.ts';
import type { DoctorContext, DoctorSystem } from '../../../../pro/command/doctor/doctor-context.ts';
import { loadConfiguration } from '../../../../pro/config/load-configuration.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

/** Whoever makes it disposes of it. */
export class DoctorFixture implements AsyncDisposable {
  readonly folder: string;
  readonly clock = new FakeClock();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<DoctorFixture> {
    return new DoctorFixture(await mkdtemp(join(tmpdir(), 'doctor-')));
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  /** A context for the texts of both files; what `system` has wins. */
  async context(
    core: string,
    { pro = '', ...system }: Partial<DoctorSystem> & { readonly pro?: string } = {},
  ): Promise<DoctorContext> {
    await writeFile(this.file('mediamtx.yml'), core);
    await writeFile(this.file('config.yml'), `mediamtx: ./mediamtx.yml\n${pro}`);
    const configuration = loadConfiguration(
      { folder: this.folder, proConfigFile: this.file('config.yml') },
      {},
    );
    return {
      system: {
        clock: this.clock,
        procFolder: this.file('proc'),
        runFolder: this.file('run'),
        nodeVersion: '26.10.0',
        searchPath: '',
        isContainer: false,
        networkInterfaces: () => ({}),
        ...system,
      },
      configuration,
      places: new KeyPlaces({ filePath: this.file('mediamtx.yml'), usualName: '', env: {} }),
      proPlaces: new KeyPlaces({ filePath: this.file('config.yml'), usualName: '', env: {} }),
      isOnline: true,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
