import type { Plugin } from 'graphql-yoga';

/** Hooks of Yoga that never run here, because Yoga executes no operations. */
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
/** Hooks that run only for the requests that go to Yoga. */
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

/** Declares that a plugin may see only the requests that go to Yoga, and why: what the handler does instead. */
export function seesOnlyTheRest<Given extends AnyPlugin>(_because: string, plugin: Given): Given {
  forTheRest.add(plugin);
  return plugin;
}

/**
 * Returns the plugins. Throws at the start when a hook would silently see only some requests, or none. Parsing,
 * validation and execution belong in `operations/`.
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
