// The load where wrk is not installed: the same arguments as load.lua, on a connection count and a time.
import { readFileSync } from 'node:fs';
import autocannon from 'autocannon';

const [url, connections, seconds, file, offset, verify] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string?,
];
const requests = readFileSync(file, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => {
    const [authorization, body] = line.split('\t') as [string, string];
    const headers = authorization === '-' ? {} : { authorization };
    if (body.startsWith('GET ')) return { method: 'GET' as const, path: body.slice(4), headers };
    return { method: 'POST' as const, body, headers };
  });

let at = Number(offset) % requests.length;
const result = await autocannon({
  url,
  connections: Number(connections),
  duration: Number(seconds),
  method: 'POST',
  headers: { 'content-type': 'application/json', accept: 'application/json' },
  requests: [
    {
      setupRequest(request) {
        const { headers, ...own } = requests[at] as (typeof requests)[number];
        at = (at + 1) % requests.length;
        return { ...request, ...own, headers: { ...request.headers, ...headers } };
      },
    },
  ],
  ...(verify === 'verify' ? { verifyBody: (body) => !String(body).includes('"errors":') } : {}),
});
const { latency, errors, timeouts, non2xx, mismatches } = result;
console.log(
  `RESULT ${JSON.stringify({
    requests: result.requests.total,
    seconds: result.duration,
    bytes: result.throughput.total,
    p50: latency.p50,
    p99: latency.p99,
    failed: errors + timeouts + non2xx + mismatches,
  })}`,
);
