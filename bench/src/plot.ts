import type { ContenderName } from './contenders/contender.ts';
import { baseline, contenderNamed } from './contenders.ts';
import type { Operation } from './operations.ts';
import { capitalised, type Finding } from './report.ts';

const width = 860;
const left = 290;
const right = 90;
const bar = 15;
const gap = 3;
const head = 30;
const between = 12;

const colours: Record<ContenderName, { light: string; dark: string }> = {
  pothosPrisma: { light: '#b3a4d4', dark: '#8673b5' },
  postgraphile: { light: '#8c959f', dark: '#7d8590' },
  previous: { light: '#9a8fb8', dark: '#8f84ad' },
  rest: { light: '#6fb3a6', dark: '#23806f' },
  rollcall: { light: '#0a7d6c', dark: '#35c2a8' },
  limit: { light: '#d8dee4', dark: '#3d444d' },
};

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const shown = (ratio: number) => `${ratio.toFixed(ratio < 1 ? 2 : ratio < 10 ? 1 : 0)} ×`;

/**
 * Throughput as multiples of the baseline's, a group of bars an operation, each with its spread over the
 * rounds. Follows the reader's light or dark mode. Null without the baseline.
 */
export function plot(findings: readonly Finding[], operations: readonly Operation[]): string | null {
  const ratios = findings.flatMap(({ ratio }) => (ratio ? [ratio] : []));
  if (ratios.length < findings.length || findings.length === 0) return null;
  const max = Math.max(...ratios.map((ratio) => ratio.max));
  const x = (ratio: number) => left + ((width - left - right) * ratio) / max;

  const parts: string[] = [];
  const one = x(1).toFixed(1);
  let y = 34;
  for (const operation of operations) {
    parts.push(`<text class="strong" x="12" y="${y + 17}">${escaped(capitalised(operation.title))}</text>`);
    y += head;
    const top = y - gap;
    for (const { contender, ratio } of findings.filter((finding) => finding.operation === operation.name)) {
      if (!ratio) continue;
      const middle = y + bar / 2;
      const strong = contender === 'rollcall' ? ' class="strong"' : '';
      parts.push(
        `<text${strong} x="${left - 10}" y="${middle + 4}" text-anchor="end">${escaped(contenderNamed(contender).title)}</text>`,
        `<rect class="${contender}" x="${left}" y="${y}" width="${(x(ratio.median) - left).toFixed(1)}" height="${bar}" rx="2"/>`,
        `<line class="spread" x1="${x(ratio.min).toFixed(1)}" x2="${x(ratio.max).toFixed(1)}" y1="${middle}" y2="${middle}"/>`,
        `<text${strong} x="${(x(ratio.max) + 6).toFixed(1)}" y="${middle + 4}">${shown(ratio.median)}</text>`,
      );
      y += bar + gap;
    }
    parts.push(`<line class="one" x1="${one}" x2="${one}" y1="${top}" y2="${y}"/>`);
    y += between;
  }
  const height = y;
  const fills = (mode: 'light' | 'dark') =>
    Object.entries(colours)
      .map(([contender, colour]) => `.${contender}{fill:${colour[mode]}}`)
      .join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
<title id="title">Throughput by operation, as multiples of ${escaped(contenderNamed(baseline).title)}’s</title>
<style>
text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1f2328}
.strong{font-weight:600}.note{fill:#59636e}
.spread{stroke:#1f2328;stroke-width:1.5;opacity:.55}.one{stroke:#59636e;stroke-dasharray:3 3;opacity:.6}
${fills('light')}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.note{fill:#9198a1}.spread{stroke:#e6edf3}.one{stroke:#9198a1}${fills('dark')}}
</style>
<text class="note" x="12" y="20">Requests a second, ${escaped(contenderNamed(baseline).title)} = 1; the line in a bar is the spread over the rounds</text>
${parts.join('\n')}
</svg>
`;
}
