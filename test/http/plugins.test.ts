import { expect, test } from 'vitest';
import { demandWholeView, seesOnlyTheRest } from '../../src/http/plugins.ts';

test.each(['onParse', 'onValidate', 'onExecute', 'onSubscribe', 'onContextBuilding', 'onPluginInit', 'onEnveloped'])(
  'a Yoga plugin with %s is refused at the start, in words',
  (hook) => {
    const plugin = { [hook]() {} };
    expect(() => demandWholeView([{}, plugin])).toThrow(new RegExp(`${hook}, which Rollcall never calls`));
    expect(() => demandWholeView([seesOnlyTheRest('of no use', plugin)])).toThrow(hook);
  },
);

test.each([
  'onRequest',
  'onRequestParse',
  'onParams',
  'onResultProcess',
  'onExecutionResult',
  'onResponse',
  'instrumentation',
])('a Yoga plugin with %s is refused unless somebody has said that it may see some requests only', (hook) => {
  const plugin = { [hook]() {} };
  expect(() => demandWholeView([plugin])).toThrow(new RegExp(`${hook}, which Rollcall calls for some requests only`));
  expect(demandWholeView([seesOnlyTheRest('the handler does it too', plugin)])).toEqual([plugin]);
});
