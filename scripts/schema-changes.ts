import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';

/** A change of the schema since the last release. */
export type SchemaChange = {
  /** The schema coordinate of what changed, like `Query.participant.id`. */
  path: string;
  message: string;
  level: 'BREAKING' | 'DANGEROUS' | 'NON_BREAKING';
  /** Whether the changelog names it, or the type that it belongs to, as a breaking change. */
  isAnnounced: boolean;
};

/**
 * Returns what changed from one SDL to another. A breaking change counts as announced when its coordinate stands in
 * backticks under `### Breaking` of the changelog's `[Unreleased]`.
 */
export async function schemaChanges(released: string, current: string, changelog: string): Promise<SchemaChange[]> {
  const announced = new Set(announcedIn(changelog));
  const changes = await diff(buildSchema(released), buildSchema(current));
  return changes.map(({ path = '', message, criticality: { level } }) => ({
    path,
    message,
    level:
      level === CriticalityLevel.Breaking
        ? 'BREAKING'
        : level === CriticalityLevel.Dangerous
          ? 'DANGEROUS'
          : 'NON_BREAKING',
    isAnnounced: partsOf(path).some((part) => announced.has(part)),
  }));
}

/** The breaking changes that the changelog does not name. */
export const unannounced = (changes: readonly SchemaChange[]): SchemaChange[] =>
  changes.filter(({ level, isAnnounced }) => level === 'BREAKING' && !isAnnounced);

/** A coordinate, and those of what it belongs to. */
function partsOf(path: string): string[] {
  const names = path.split('.');
  return names.map((_, index) => names.slice(0, index + 1).join('.'));
}

function announcedIn(changelog: string): string[] {
  const [unreleased = ''] = changelog.split(/^## /m).filter((section) => section.startsWith('[Unreleased]\n'));
  const [breaking = ''] = unreleased.split(/^### /m).filter((section) => section.startsWith('Breaking\n'));
  return [...breaking.matchAll(/`([^`\n]+)`/g)].map(([, coordinate]) => coordinate as string);
}
