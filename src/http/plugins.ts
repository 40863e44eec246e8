import type { Plugin } from 'graphql-yoga';

/** Hooks of Yoga that never run here, because operations are not executed by Yoga. */
const neverRun = [
  'onPluginInit',
  'onSchemaChange',
  'onEnveloped',
  'onContextBuilding',
  'onParse',
  'onValidate',
  'onExecute',
  'onSubscribe',
] as const;
/** Hooks that run for what is left to Yoga, and not for the common request. */
const runForTheRest = [
  'onRequest',
  'onRequestParse',
  'onParams',
  'onExecutionResult',
  'onResultProcess',
  'onResponse',
  'instrumentation',
] as const;

// biome-ignore lint/suspicious/noExplicitAny: a plugin of any context can be asked for its hooks
type AnyPlugin = Plugin<any, any>;

const forTheRest = new WeakSet<object>();

/**
 * Says that a plugin is right to see only what the GraphQL handler leaves to Yoga, and why: what the handler does in
 * its place.
 */
export function seesOnlyTheRest<Given extends AnyPlugin>(_because: string, plugin: Given): Given {
  forTheRest.add(plugin);
  return plugin;
}

/**
 * Returns the plugins as they are. Throws, at the start, when one has a hook that would silently see only some
 * requests, or none: parsing, validation and execution belong in `operations/`.
 */
export function demandWholeView<Given extends AnyPlugin>(plugins: readonly Given[]): Given[] {
  for (const plugin of plugins) {
    const never = neverRun.filter((hook) => hook in plugin);
    if (never.length > 0)
      throw new Error(
        `A Yoga plugin has ${never.join(', ')}, which Rollcall never calls: operations are parsed, validated and executed by src/operations, not by Yoga. Put it there.`,
      );
    const partly = runForTheRest.filter((hook) => hook in plugin);
    if (partly.length > 0 && !forTheRest.has(plugin))
      throw new Error(
        `A Yoga plugin has ${partly.join(', ')}, which Rollcall calls for some requests only: the common POST is answered by src/http/graphql-handler.ts. Put it there as well, and mark the plugin by seesOnlyTheRest.`,
      );
  }
  return [...plugins];
}
