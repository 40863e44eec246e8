export { applyContactChange } from './contacts.ts';
export { type Followed, type FollowOptions, type FollowState, follow } from './follow.ts';
export * from './generated/graphql.ts';
export { documentIdOf } from './operation-body.ts';
export { type FieldError, heals, type Problem, ProblemError, problemOf, problemsOf } from './problem.ts';
export { type Endpoint, request } from './request.ts';
