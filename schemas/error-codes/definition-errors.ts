import type { ErrorTexts } from './error-text.ts'

const DEFINITION = '`defineKind`, `.with(machine)`; `colloquy check`; in `error` of a record where only the decision shows it'
const START = '`colloquy up`, `dev`'

/** Codes of a kind that cannot be carried out, by itself or against what is recorded. */
export const DEFINITION_ERRORS = {
  bad_kind: {
    meaning: 'The options of a kind are not valid.',
    cause: 'A name, version, migration, event type or bound of a task in `defineKind` breaks a rule, or two kinds have one name.',
    remedy: 'Correct the option that the message names.',
    where: '`defineKind`, `upcaster`, `colloquy up`',
  },
  spawn_in_assign: {
    meaning: 'The machine spawns an actor in `assign`.',
    cause: 'An actor that is spawned in `assign` is in no record, so it would never run.',
    remedy: 'Invoke a task in a state, or reach another actor by `send({ kind, id, type, data })`.',
    where: DEFINITION,
  },
  callback_actor: {
    meaning: 'The machine invokes a callback.',
    cause: 'A callback lives in one process and would be lost with it.',
    remedy: 'Declare the work as a task under `tasks` of `defineKind`, and invoke it by its name.',
    where: DEFINITION,
  },
  observable_actor: {
    meaning: 'The machine invokes an observable.',
    cause: 'An observable lives in one process and would be lost with it.',
    remedy: 'Let a producer publish what it observes as events, or declare the work as a task under `tasks` of `defineKind`.',
    where: DEFINITION,
  },
  machine_actor: {
    meaning: 'The machine invokes another machine.',
    cause: 'A machine inside a machine lives in one process and would be lost with it.',
    remedy: 'Make it a kind of its own, and reach it by `send({ kind, id, type, data })`.',
    where: DEFINITION,
  },
  transition_actor: {
    meaning: 'The machine invokes a transition function.',
    cause: 'Its state would be in no record and would be lost with the process.',
    remedy: 'Keep that state in the context of the machine, or make it a kind of its own.',
    where: DEFINITION,
  },
  promise_actor: {
    meaning: 'The machine invokes a promise that is no task.',
    cause: 'The promise lives in one process and would be lost with it.',
    remedy: 'Declare the work as a task under `tasks` of `defineKind`, and invoke it by its name.',
    where: DEFINITION,
  },
  inline_source: {
    meaning: 'The machine invokes something that is written in place.',
    cause: 'A record names what it starts, and what is written in place has no name.',
    remedy: 'Declare the work as a task under `tasks` of `defineKind`, and invoke it by its name.',
    where: DEFINITION,
  },
  unknown_source: {
    meaning: 'The machine invokes a name that is no task of the kind.',
    cause: 'The name is misspelt, or the task is not declared.',
    remedy: 'Declare the task under `tasks` of `defineKind`, or correct `src`.',
    where: DEFINITION,
  },
  duplicate_invoke: {
    meaning: 'Two invocations with one id may be active at the same time.',
    cause: 'A result finds its state by the id of the invocation, which must therefore be unique among the active ones.',
    remedy: 'Give each `invoke` an `id` of its own.',
    where: DEFINITION,
  },
  no_on_error: {
    meaning: 'Nothing takes the error of a task.',
    cause: 'The `invoke` has no `onError`. A task fails, or misses its deadline, sooner or later, and the error would end the actor.',
    remedy: 'Write `onError` in the `invoke`, or a transition for the error in a state around it.',
    where: DEFINITION,
  },
  on_snapshot: {
    meaning: 'An `invoke` has `onSnapshot`.',
    cause: 'A task gives no snapshots, so `onSnapshot` never happens.',
    remedy: 'Take the result by `onDone`, and remove `onSnapshot`.',
    where: DEFINITION,
  },
  system_id: {
    meaning: 'An `invoke` has a `systemId`.',
    cause: 'A task is in no system of actors, so nothing could find it by that id.',
    remedy: 'Remove `systemId`.',
    where: DEFINITION,
  },
  spawned_task: {
    meaning: 'The machine starts a task by `spawnChild`.',
    cause: 'The task would belong to no state: nothing would stop it or take its error.',
    remedy: 'Invoke the task in a state; for several at one time, use parallel states.',
    where: DEFINITION,
  },
  send_to_other: {
    meaning: 'The machine sends to another actor by an XState action, or a function of it calls `self.send`.',
    cause: 'Within a machine, events reach the actor itself only, and functions of a machine have no effects.',
    remedy: 'Reach another actor by `send({ kind, id, type, data })`, the actor itself by `raise`, and the outside by `emit`.',
    where: DEFINITION,
  },
  function_action: {
    meaning: 'An action is a plain function.',
    cause: 'Decisions are made again after a crash and must have no effects, so a function is never run as an action.',
    remedy: 'Use `assign`, `raise`, `emit`, `send` or `cancel`, and a task (`invoke`) for work outside.',
    where: DEFINITION,
  },
  unknown_action: {
    meaning: 'The machine names an action that does not exist.',
    cause: 'The name is misspelt, or the action is not in `setup`.',
    remedy: 'Add it to `setup({ actions: { … } })`, or correct the name.',
    where: DEFINITION,
  },
  unknown_guard: {
    meaning: 'The machine names a guard that does not exist.',
    cause: 'The name is misspelt, or the guard is not in `setup`.',
    remedy: 'Add it to `setup({ guards: { … } })`, or correct the name.',
    where: DEFINITION,
  },
  unknown_delay: {
    meaning: 'The machine names a delay that does not exist.',
    cause: 'The name is misspelt, or the delay is not in `setup`. XState would not wait at all.',
    remedy: 'Add it to `setup({ delays: { … } })`, or write milliseconds.',
    where: DEFINITION,
  },
  unknown_event: {
    meaning: 'The machine has a transition for an event that the kind does not take.',
    cause: 'The type is misspelt, or it is not under `events` of `defineKind`.',
    remedy: 'Add the type to `events` of `defineKind`, or correct the transition.',
    where: DEFINITION,
  },
  always_cycle: {
    meaning: 'The machine goes round without end.',
    cause: '`always` transitions lead back to where they began without a guard, or the machine keeps sending events to itself.',
    remedy: 'Give one of the transitions a guard that becomes false, or wait by `after`.',
    where: DEFINITION,
  },
  bad_state_name: {
    meaning: 'The name of a state cannot be written in a record.',
    cause: 'Records write paths of states with `.` and `+`, so that a name may not contain them.',
    remedy: 'Rename the state, without `.` and `+`.',
    where: DEFINITION,
  },
  context_not_json: {
    meaning: 'The context has a value that JSON cannot hold.',
    cause: 'A date, map, set, function or `undefined` is in the context or in its schema, and a record keeps JSON only.',
    remedy: 'Keep texts, finite numbers, booleans, `null`, lists and plain objects only: a time as an ISO text, a map as an object.',
    where: `${DEFINITION}; \`colloquy/test\``,
  },
  bad_context: {
    meaning: 'The first context does not match its schema.',
    cause: '`context` of `createMachine` and `context` of `defineKind` differ.',
    remedy: 'Make the two the same.',
    where: DEFINITION,
  },
  definition_changed: {
    meaning: 'A kind changed without a new version, and has records.',
    cause: 'The machine under this name and version differs from the one that made the records.',
    remedy: 'Raise `version` and write `migrate`, or undo the change. `colloquy kinds --accept <kind>` accepts it as harmless.',
    where: START,
  },
  missing_migration: {
    meaning: 'Actors of an earlier version cannot be moved to this one.',
    cause: 'The kind has no `migrate` function for a version that has records.',
    remedy: 'Write `migrate[<version>]`: `({ value, context }) => ({ value, context })` where the state did not change.',
    where: `${START}; \`error\` of a record`,
  },
  migration_failed: {
    meaning: 'A migration failed for an actor.',
    cause: 'The `migrate` function threw, or its context does not match the schema of the new version.',
    remedy: 'Correct the `migrate` function. An input that was rejected by it can be redriven: `colloquy dead redrive`.',
    where: `${START}; \`error\` of a record`,
  },
  task_gone: {
    meaning: 'An actor waits for a task that the machine no longer has.',
    cause: 'The task, or the state that invokes it, was removed while a run of it was pending.',
    remedy: 'Put the task back, or raise `version` and let `migrate` move such actors to a state that goes on.',
    where: `${START}; \`error\` of a record`,
  },
  state_gone: {
    meaning: 'An actor is in a state that the machine does not have.',
    cause: 'The state was removed or renamed without a migration, or `migrate` gave a state that does not exist.',
    remedy: 'Put the state back, or raise `version` and let `migrate` give a state of the new version.',
    where: `${START}; \`error\` of a record`,
  },
  kind_missing: {
    meaning: 'A kind that is in use is missing in this process.',
    cause: '`COLLOQUY_CONFIG` does not export it. Its inputs would be rejected as `unknown_kind`.',
    remedy: 'Add the kind to the module of `COLLOQUY_CONFIG`, or take it out of use with `colloquy kinds --retire <kind>`.',
    where: START,
  },
  knowledge_invalid: {
    meaning: 'The articles of a knowledge base are not valid.',
    cause: 'The JSON that `parseArticles` or `loadArticles` reads breaks its schema.',
    remedy: 'Correct the fields that the message lists.',
    where: '`parseArticles`, `loadArticles`',
  },
} as const satisfies ErrorTexts
