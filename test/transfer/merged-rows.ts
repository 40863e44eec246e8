/**
 * How a file with the rows of `kept` and of `gone`, who was merged into it since, comes again: in which order, and
 * what is refused of them where `gone` is known by this field.
 */
export const comesAgain = (field: 'id' | 'fkId') => [
  { onConflict: 'SKIP', order: ['kept', 'gone'], refused: [] },
  { onConflict: 'UPDATE', order: ['kept', 'gone'], refused: [] },
  { onConflict: 'UPDATE', order: ['gone', 'kept'], refused: [] },
  {
    onConflict: 'FAIL',
    order: ['gone', 'kept'],
    refused: [`1,${field},was merged into another`, '2,,is an external user that exists already'],
  },
];
