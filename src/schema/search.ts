/** What the `query` of every filter means. */
export const queryDescription =
  'What a person would type: 2 to 255 characters after trimming, found anywhere in what is searched, without regard to case and accents. Digits find telephone numbers however either is written. Whole texts come first, then names that begin with it, other texts that do, and the rest, each by name and id.';
