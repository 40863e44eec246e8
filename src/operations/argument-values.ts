import { type FieldNode, Kind, type OperationDefinitionNode, type ValueNode } from 'graphql';
import type { Variables } from './variables.ts';

/** What an operation's arguments are with some variables, by the syntax alone: no value is coerced or checked. */
export type ArgumentValues = ReturnType<typeof argumentValues>;

/** Reads the arguments of an operation's fields. A variable that is not given has its default. */
export function argumentValues({ variableDefinitions }: OperationDefinitionNode) {
  const defaults = new Map(
    variableDefinitions?.map(({ variable, defaultValue }) => [variable.name.value, defaultValue]),
  );

  /** Returns whether a value is there and is not null. */
  const hasValue = (value: ValueNode | undefined, variables: Variables): boolean => {
    if (value?.kind !== Kind.VARIABLE) return value !== undefined && value.kind !== Kind.NULL;
    const given = variables[value.name.value];
    return given === undefined ? hasValue(defaults.get(value.name.value), variables) : given !== null;
  };

  /** Returns whether a member of an input object, a literal or a variable, is given. */
  const isGiven = (value: ValueNode | undefined, member: string, variables: Variables): boolean => {
    if (value?.kind === Kind.OBJECT)
      return hasValue(value.fields.find(({ name }) => name.value === member)?.value, variables);
    if (value?.kind !== Kind.VARIABLE) return false;
    const given = variables[value.name.value];
    if (given === undefined) return isGiven(defaults.get(value.name.value), member, variables);
    return typeof given === 'object' && given !== null && (given as Record<string, unknown>)[member] != null;
  };

  /** Returns the length of a list. A value that is no list stands for a list of one. */
  const itemsOf = (value: ValueNode | undefined, variables: Variables): number => {
    if (value?.kind === Kind.LIST) return value.values.length;
    if (value?.kind !== Kind.VARIABLE) return 1;
    const given = variables[value.name.value];
    if (given === undefined) return itemsOf(defaults.get(value.name.value), variables);
    return Array.isArray(given) ? given.length : 1;
  };

  /** Returns an integer, or null for anything else. */
  const numberOf = (value: ValueNode, variables: Variables): number | null => {
    if (value.kind === Kind.INT) return Number(value.value);
    if (value.kind !== Kind.VARIABLE) return null;
    const given = variables[value.name.value];
    if (typeof given === 'number') return given;
    const byDefault = given === undefined ? defaults.get(value.name.value) : undefined;
    return byDefault ? numberOf(byDefault, variables) : null;
  };

  return { hasValue, isGiven, itemsOf, numberOf };
}

/** Returns the value of a field's argument as it is written, or undefined. */
export const argumentOf = (node: FieldNode, argument: string): ValueNode | undefined =>
  node.arguments?.find(({ name }) => name.value === argument)?.value;
