// A process that records every path in the folder of its first argument, to be killed by a test.
import { RecordingSite } from './recording-site.ts';

const [, , folder] = process.argv;
if (folder === undefined) throw new Error('usage: recording-program.ts FOLDER');
const site = await RecordingSite.start({ folder, autoRecordMs: 600_000 });
process.stdout.write(`url=${site.fixture.url('cam')}\n`);
