// The command of a hook: appends what it was given to a file, one JSON line for each run.
import { appendFileSync } from 'node:fs';

const [file = '', hook = '', ...args] = process.argv.slice(2);
const given = Object.entries(process.env).filter(([name]) => /^(?:MTX_|RTSP_|G\d)/u.test(name));
appendFileSync(file, `${JSON.stringify({ hook, args, env: Object.fromEntries(given) })}\n`);
