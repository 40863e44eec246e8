import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) =>
    /^(src|console|packages|test|scripts|bench|docs|prisma|examples)\/|^[A-Za-z]+\.(md|graphql)$/.test(file),
  )
  .filter((file) => !/generated|migrations|lock|\.(png|svg|sql|lua|tsbuildinfo)$/.test(file));
const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n');

// docs/style.md has them as examples of what not to write.
// The fake quotes its provider.
const exempt = new Set(['docs/style.md', 'test/docs/style.test.ts', 'test/fakes/teams.ts']);

const words = /\b(whoever|whom|whomever|whatever|thereof|lest|patience|look-?ups?|presenter|such|moments?)\b/i;

/** Words that are part of a name which is not ours, or of a text that a test sends. */
const quoted = /`[^`]*`|dns\.lookup|\blookup\b[:(, ]/g;

describe('words of docs/style.md', () => {
  test('are not used in code, documents and descriptions', () => {
    const found = files
      .filter((file) => !exempt.has(file))
      .flatMap((file) =>
        linesOf(file).flatMap((line, at) => {
          const word = words.exec(
            /\.tsx?$/.test(file) ? line.replace(/\bdns\.lookup|\blookup\b[:(, ]/g, '') : line.replace(quoted, ''),
          );
          return word ? [`${file}:${at + 1}: ${word[0]}`] : [];
        }),
      );
    expect(found).toEqual([]);
  });

  test('bounds are named max and min', () => {
    const found = files
      .filter((file) => /\.tsx?$/.test(file) && !exempt.has(file))
      .flatMap((file) => readFileSync(file, 'utf8').match(/\b(const|let) (most([A-Z]\w*)?|least|leastMs)\b/g) ?? []);
    expect(found).toEqual([]);
  });
});

describe('the size of files', () => {
  test('is at most 300 lines in src, console, packages, test and bench', () => {
    const long = files.filter(
      (file) =>
        /^(src|console|packages|test|bench)\//.test(file) && !file.endsWith('.css') && linesOf(file).length > 301,
    );
    expect(long).toEqual([]);
  });

  test('is at most 120 characters a line of comments, as Biome holds it for code', () => {
    const isComment = (line: string) => /^\s*(\/\/|\/?\*)/.test(line) && !/https?:/.test(line);
    const long = files
      .filter((file) => /\.(tsx?|mjs)$/.test(file))
      .flatMap((file) =>
        linesOf(file).flatMap((line, at) => (line.length > 120 && isComment(line) ? [`${file}:${at + 1}`] : [])),
      );
    expect(long).toEqual([]);
  });
});

describe('the index of decisions', () => {
  const index = readFileSync('docs/decisions/README.md', 'utf8');
  const records = readdirSync('docs/decisions').filter((file) => /^\d{4}-/.test(file));

  test.each(records)('has %s, with its number, status and date', (file) => {
    const text = readFileSync(`docs/decisions/${file}`, 'utf8');
    expect(text).toMatch(new RegExp(`^# ${Number(file.slice(0, 4))}\\. `));
    expect(text).toMatch(/^Status: /m);
    const row = index.split('\n').find((line) => line.includes(`](${file})`));
    expect(row).toMatch(
      new RegExp(
        `^\\| ${Number(file.slice(0, 4))} \\| .* \\| (accepted|superseded|proposed).* \\| \\d{4}-\\d\\d-\\d\\d \\|$`,
      ),
    );
  });
});
