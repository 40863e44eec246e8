import { z } from 'zod';

/** Counts characters as a person does, which is also how PostgreSQL counts. */
const length = (text: string) => [...text].length;

// The braille pattern without dots and the musical symbol for no note are drawn, as nothing.
const visible = /[^\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800\u{1D159}]/u;

/** Returns whether the text has a visible character. */
export const isVisible = (text: string): boolean => visible.test(text);

// With the two separators of Unicode's own that end a line.
const control = /[\p{Cc}\u2028\u2029]/u;
const controlInLines = /(?![\t\n\r])\p{Cc}/u;
const directional = /[\u202A-\u202E\u2066-\u2069]/;
const directionals = /[\u202A-\u202E\u2066-\u2069]/g;

/**
 * Returns whether every directional mark is paired. An unpaired one would change the direction of the text after it.
 */
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
 * Text of a bounded length. Removes controls, halves of surrogate pairs, and directional marks that are not in pairs.
 * With `lines` it allows tabs and line ends.
 */
export function text(min: number, max: number, { lines = false }: Lines = {}) {
  const controls = lines ? controlInLines : control;
  return z.string('must be text').superRefine((value, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message });
    if (controls.test(value) || /\p{Surrogate}/u.test(value)) refuse('must not contain characters that are no text');
    else if (!isBalanced(value)) refuse('must not contain directional marks that are not in pairs');
    // The quick test first: it spares splitting a very long text.
    if (value.length > 2 * max || length(value) > max) refuse(`must be at most ${max} characters`);
    else if (length(value) < min) refuse(min === 1 ? 'must not be empty' : `must be at least ${min} characters`);
  });
}

/** Text that is trimmed, has a bounded length, and has a visible character. */
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

/** A name: 1 to 150 characters after trimming, one of them visible. */
export const displayName = trimmed(1, 150);

/**
 * Returns a name from elsewhere in the form of our names: at most 150 characters, spaces for controls, no unpaired
 * directional marks. Null when nothing is visible.
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

/** An agent's id, which its tenant chooses: letters, digits, dots, dashes and underscores. */
export const agentId = z
  .string('must be text')
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'must be 1 to 64 letters, digits, dots, dashes or underscores, and begin with a letter or digit',
  );
