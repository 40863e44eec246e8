// Says where the time of a CPU profile went, by part and by function: node bench/profile.mjs FILE.cpuprofile
// The profiles are those that `npm run bench -- --profile FOLDER` writes.
import { readFileSync } from 'node:fs';

const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const byId = new Map(nodes.map((node) => [node.id, node]));
const parents = new Map(nodes.flatMap(({ id, children }) => (children ?? []).map((child) => [child, id])));

// What comes before the first half second of load, start-up mostly, is left out: the last 60 % of the samples count.
const own = new Map();
let busy = 0;
for (let i = Math.floor(samples.length * 0.4); i < samples.length; i++) {
  if (byId.get(samples[i]).callFrame.functionName === '(idle)') continue;
  own.set(samples[i], (own.get(samples[i]) ?? 0) + timeDeltas[i]);
  busy += timeDeltas[i];
}

function part({ callFrame: { url, functionName } }) {
  if (functionName === '(garbage collector)') return 'garbage collector';
  if (functionName === '(program)') return 'native, system calls';
  const [, library] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  if (library) return library;
  if (url.startsWith('node:')) return url;
  if (url.includes('/dist/')) return url.replace(/.*\/dist\//, '');
  return null;
}
function partOf(node) {
  for (let at = node; at; at = byId.get(parents.get(at.id))) {
    const found = part(at);
    if (found) return found;
  }
  return 'other';
}
const parts = new Map();
const functions = new Map();
for (const [id, time] of own) {
  const node = byId.get(id);
  const { functionName, url, lineNumber } = node.callFrame;
  const name = `${functionName || '(anonymous)'} ${url.replace(/.*(node_modules|dist)\//, '')}:${lineNumber + 1}`;
  parts.set(partOf(node), (parts.get(partOf(node)) ?? 0) + time);
  functions.set(name, (functions.get(name) ?? 0) + time);
}
const print = (title, times, most) => {
  console.log(title);
  for (const [name, time] of [...times].sort(([, a], [, b]) => b - a).slice(0, most))
    console.log(`${((100 * time) / busy).toFixed(1).padStart(6)} %  ${name}`);
};
print('By part', parts, 25);
print('By function, itself', functions, 40);
