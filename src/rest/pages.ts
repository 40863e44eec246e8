import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Face } from './face.ts';

/** What is served under /openapi: the faces' documents, and a page to read them. */
export interface Pages {
  /** What is at that path; null when it is none of these. */
  find(path: string): Promise<Page | null>;
}

type Page = { type: string; body: Buffer | string; headers?: Record<string, string> };

// Everything comes from here. The page sets styles of its own, in scripts that come from here.
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const assets: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

/** The documents are made by `npm run openapi`, not when they are asked for. */
export const documentFile = (name: Face['name']) => new URL(`../../docs/openapi/${name}.json`, import.meta.url);

export function createPages(faces: readonly Face[]): Pages {
  const require = createRequire(import.meta.url);
  const known = new Map<string, () => Promise<Page>>();
  for (const { name } of faces)
    known.set(`/openapi/${name}.json`, async () => ({
      type: 'application/json; charset=utf-8',
      body: await readFile(documentFile(name)),
    }));
  for (const [name, type] of Object.entries(assets))
    known.set(`/openapi/assets/${name}`, async () => ({
      type,
      body: await readFile(require.resolve(`swagger-ui-dist/${name}`)),
      headers: { 'cache-control': 'max-age=3600' },
    }));
  known.set('/openapi/assets/start.js', async () => ({
    type: 'text/javascript; charset=utf-8',
    body: start(faces),
  }));
  known.set('/openapi', async () => ({
    type: 'text/html; charset=utf-8',
    body: html,
    headers: {
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
  }));
  return { find: (path) => known.get(path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path)?.() ?? none };
}

const none = Promise.resolve(null);

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rollcall: the REST faces</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/openapi/assets/swagger-ui.css">
</head>
<body>
<main id="page"></main>
<script src="/openapi/assets/swagger-ui-bundle.js"></script>
<script src="/openapi/assets/start.js"></script>
</body>
</html>
`;

/** Shows the document of the face that the page's address names, the first one unless it names one. */
const start = (
  faces: readonly Face[],
) => `const faces = ${JSON.stringify(faces.map(({ name, title }) => ({ name, title })))};
const asked = new URLSearchParams(location.search).get('face');
const { name } = faces.find((face) => face.name === asked) ?? faces[0];
const nav = document.createElement('nav');
for (const face of faces) {
  const link = document.createElement('a');
  link.href = '/openapi?face=' + face.name;
  link.textContent = face.title;
  if (face.name === name) link.setAttribute('aria-current', 'page');
  nav.append(link, ' ');
}
document.body.prepend(nav);
SwaggerUIBundle({ url: '/openapi/' + name + '.json', dom_id: '#page', validatorUrl: null, deepLinking: true });
`;
