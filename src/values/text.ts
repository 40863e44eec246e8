import { z } from 'zod';

/** Characters as a person counts them, which are also those that PostgreSQL counts. */
const length = (text: string) => [...text].length;

// The braille pattern without dots and the musical symbol for no note are drawn, as nothing.
const visible = /[^\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800\u{1D159}]/u;

/** Whether anything of the text can be seen. */
export const isVisible = (text: string): boolean => visible.test(text);

// With the two separators of Unicode's own that end a line.
const control = /[\p{Cc}\u2028\u2029]/u;
const controlInLines = /(?![\t\n\r])\p{Cc}/u;
const directional = /[\u202A-\u202E\u2066-\u2069]/;
const directionals = /[\u202A-\u202E\u2066-\u2069]/g;

/** Whether every mark that begins another direction of writing is ended, and every end has a beginning: else it turns what stands behind the text. */
function isBalanced(text: string): boolean {
  if (!directional.test(text)) return true;
  const open: string[] = [];
  for (const [mark] of text.matchAll(directionals)) {
    if (mark >= '\u2066' && mark <= '\u2068') open.push('\u2069');
    else if (mark !== '\u202C' && mark !== '\u2069') open.push('\u202C');
    else if (open.pop() !== mark) return false;
  }
  return open.length === 0;
}

type Lines = { lines?: boolean };

/**
 * Text of so many characters, without those that are none: controls, halves of surrogate pairs, and directional marks that are not in pairs.
 * Where `lines` are allowed, so are tabs and line ends.
 */
export function text(min: number, max: number, { lines = false }: Lines = {}) {
  const controls = lines ? controlInLines : control;
  return z.string('must be text').superRefine((value, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message });
    if (controls.test(value) || /\p{Surrogate}/u.test(value)) refuse('must not contain characters that are no text');
    else if (!isBalanced(value)) refuse('must not contain directional marks that are not in pairs');
    // The quick test first: a very long text isn't taken apart.
    if (value.length > 2 * max || length(value) > max) refuse(`must be at most ${max} characters`);
    else if (length(value) < min) refuse(min === 1 ? 'must not be empty' : `must be at least ${min} characters`);
  });
}

/** Text of so many characters after the white space around it is gone, and something of it can be seen. */
export const trimmed = (min: number, max: number) =>
  z
    .string('must be text')
    .trim()
    .pipe(
      text(min, max).refine((value) => min === 0 || value === '' || isVisible(value), {
        message: 'must have a character that can be seen',
        when: ({ issues }) => issues.length === 0,
      }),
    );

/** What people and things are called: 1 to 150 characters after trimming, one of which can be seen. */
export const displayName = trimmed(1, 150);

/**
 * A name that somebody else chose, as names are here: at most 150 characters, with spaces for controls and without directional marks that are
 * not in pairs. Null when nothing of it can be seen.
 */
export function nameOrNull(given: string): string | null {
  const plain = given
    .slice(0, 1_000)
    .replaceAll(/\p{Surrogate}/gu, '')
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  const cut = [...plain.trim()].slice(0, 150).join('').trim();
  const name = isBalanced(cut) ? cut : cut.replaceAll(directionals, '').trim();
  return isVisible(name) ? name : null;
}

/** An agent's id, as its tenant chose it: letters, digits, dots, dashes and underscores. */
export const agentId = z
  .string('must be text')
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'must be 1 to 64 letters, digits, dots, dashes or underscores, and begin with a letter or digit',
  );
