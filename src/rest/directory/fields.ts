import { z } from 'zod';

export const text = (description: string) => z.string().meta({ description });
export const textOrNull = (description: string) => z.string().nullable().meta({ description });
export const timestamp = (description: string) =>
  z.int().meta({ description: `${description} In milliseconds since 1970.` });
export const timestampOrNull = (description: string) =>
  z
    .int()
    .nullable()
    .meta({ description: `${description} In milliseconds since 1970.` });

/** A timestamp as the system's clients know it: milliseconds since 1970. */
export const millis = (date: Date) => date.getTime();
export const millisOrNull = (date: Date | null) => (date === null ? null : date.getTime());
