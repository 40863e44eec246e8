/** Runs a command of src/commands by its name, with the arguments after it. */
import { runEntry } from './entry.mjs';

const [name] = process.argv.splice(2, 1);
await runEntry(`commands/${name}`);
