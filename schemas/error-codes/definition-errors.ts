import type { ErrorTexts } from './error-text.ts'

const DEFINITION = '`defineKind`, `.with(machine)`; `colloquy check`; `error` of a record, if only the decision shows the fault'
const START = '`colloquy up`, `dev`'

/** Codes of a kind that Colloquy cannot run, because of its definition or because of existing records. */
export const DEFINITION_ERRORS = {
  bad_kind: {
    meaning: 'The options of a kind are not valid.',
    cause:
      'A name, version, migration, event type or bound of a task in `defineKind` breaks a rule, a price or time of a model is wrong, '
      + 'or two kinds have one name.',
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
    meaning: 'The machine invokes another machine that is no kind.',
    cause: 'A machine inside a machine lives in one process and would be lost with it.',
    remedy: 'Make it a kind, and name that under `children` of `defineKind`: then its actors run as children, with records of their own.',
    where: DEFINITION,
  },
  transition_actor: {
    meaning: 'The machine invokes a transition function.',
    cause: 'Its state would be in no record and would be lost with the process.',
    remedy: 'Keep that state in the context of the machine, or make it a kind of its own.',
    where: DEFINITION,
  },
  promise_actor: {
    meaning: 'The machine invokes a promise that is not a task.',
    cause: 'The promise lives in one process and would be lost with it.',
    remedy: 'Declare the work as a task under `tasks` of `defineKind`, and invoke it by its name.',
    where: DEFINITION,
  },
  inline_source: {
    meaning: 'The machine invokes inline logic.',
    cause: 'A record refers to a task by its name, and inline logic has no name.',
    remedy: 'Declare the work as a task under `tasks` of `defineKind`, and invoke it by its name.',
    where: DEFINITION,
  },
  unknown_source: {
    meaning: 'The machine invokes a name that is not a task of the kind.',
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
    meaning: 'No transition handles the error of a task or of a child.',
    cause: 'The `invoke` has no `onError`. Sooner or later a task fails or misses its deadline. The error would then end the actor.',
    remedy:
      'Write `onError` in the `invoke`, or a transition for the error in a state around it. Or state `onTaskError` of `defineKind`: '
      + '`state` keeps the actor in its state, `end` ends it as XState does.',
    where: DEFINITION,
  },
  on_snapshot: {
    meaning: 'An `invoke` has `onSnapshot`.',
    cause: 'A task has no snapshots, so `onSnapshot` is never called.',
    remedy: 'Use the result in `onDone`, and remove `onSnapshot`.',
    where: DEFINITION,
  },
  system_id: {
    meaning: 'An `invoke` has a `systemId`.',
    cause: 'A task does not belong to an actor system, so nothing could find it by that id.',
    remedy: 'Remove `systemId`.',
    where: DEFINITION,
  },
  spawned_task: {
    meaning: 'The machine starts something else than a child kind by `spawnChild`.',
    cause: 'A task would belong to no state: nothing would stop it or handle its error.',
    remedy:
      'Invoke the task in a state, in parallel states for concurrent ones. A kind named under `children` of `defineKind` can be spawned.',
    where: DEFINITION,
  },
  bad_child_name: {
    meaning: 'A child kind is invoked or spawned without a usable id.',
    cause: 'The outcome of a child comes back under its id in the parent. XState would make up one that differs each time.',
    remedy: 'Give it an `id` of 1 to 128 characters: `spawnChild("billing", { id: "billing" })`.',
    where: DEFINITION,
  },
  send_to_other: {
    meaning: 'The machine sends an event to another actor with an action of XState, or one of its functions calls `self.send`.',
    cause:
      'An action of XState can send an event only to the actor itself, its running children and its parent, without a delay to these; '
      + 'and functions of a machine must have no effects.',
    remedy: 'Reach another actor by `send({ kind, id, type, data })`, the actor itself by `raise`, and the outside by `emit`.',
    where: DEFINITION,
  },
  function_action: {
    meaning: 'An action is a plain function.',
    cause: 'A decision may be repeated after a crash and must have no effects. Colloquy therefore never runs a function as an action.',
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
    meaning: 'The machine has a transition for an event that the kind does not declare.',
    cause: 'The type is misspelt, or it is not under `events` of `defineKind`.',
    remedy: 'Add the type to `events` of `defineKind`, or correct the transition.',
    where: DEFINITION,
  },
  always_cycle: {
    meaning: 'The machine runs in an endless cycle.',
    cause: '`always` transitions without a guard form a cycle, or the machine keeps sending events to itself.',
    remedy: 'Give one of the transitions a guard that becomes false, or use `after`.',
    where: DEFINITION,
  },
  bad_state_name: {
    meaning: 'The name of a state cannot be written in a record.',
    cause: 'Records join the names of states with `.` and `+`, so a name must not contain them.',
    remedy: 'Rename the state, without `.` and `+`.',
    where: DEFINITION,
  },
  unknown_initial: {
    meaning: 'The initial state of a state does not exist.',
    cause: 'The name under `initial` is misspelt, or the state was renamed or removed.',
    remedy: 'Name one of the states inside it as `initial`.',
    where: DEFINITION,
  },
  duplicate_state_id: {
    meaning: 'Two states have the same `id`.',
    cause: 'Timers and history states find a state by its id, so two states with one id would be mixed up.',
    remedy: 'Give each state an `id` of its own, or none.',
    where: DEFINITION,
  },
  route: {
    meaning: 'A state has a `route`.',
    cause: 'A route is reached by an event of the reserved type `xstate.route`, which no producer may send.',
    remedy: 'Declare an event, and write a transition for it at the root of the machine that targets the state by its id.',
    where: DEFINITION,
  },
  context_not_json: {
    meaning: 'The context has a value that JSON cannot represent.',
    cause: 'A date, map, set, function or `undefined` is in the context or in its schema, and a record can hold only JSON.',
    remedy: 'Keep texts, finite numbers, booleans, `null`, lists and plain objects only: a time as an ISO text, a map as an object.',
    where: `${DEFINITION}; \`colloquy/test\``,
  },
  bad_context: {
    meaning: 'The initial context does not match its schema.',
    cause: '`context` of `createMachine` and `context` of `defineKind` differ.',
    remedy: 'Make the context and its schema match.',
    where: DEFINITION,
  },
  definition_changed: {
    meaning: 'A kind changed without a new version, and has records.',
    cause: 'The machine under this name and version differs from the one that made the records.',
    remedy: 'Raise `version` and write `migrate`, or undo the change. `colloquy kinds --accept <kind>` accepts it as harmless.',
    where: START,
  },
  missing_migration: {
    meaning: 'Actors of an earlier version cannot be migrated to this version.',
    cause: 'The kind has no `migrate` function for an earlier version that has records.',
    remedy: 'Write `migrate[<version>]`: `({ value, context }) => ({ value, context })` where the state did not change.',
    where: `${START}; \`error\` of a record`,
  },
  migration_failed: {
    meaning: 'A migration failed for an actor.',
    cause: 'The `migrate` function threw, or returned a context that does not match the schema of the new version.',
    remedy: 'Correct the `migrate` function. Then redrive the inputs that it rejected: `colloquy dead redrive`.',
    where: `${START}; \`error\` of a record`,
  },
  task_gone: {
    meaning: 'An actor waits for a task that the machine no longer has.',
    cause: 'The task, or the state that invokes it, was removed while a run of it was pending.',
    remedy: 'Put the task back, or raise `version` and let `migrate` move such actors to a state from which they can continue.',
    where: `${START}; \`error\` of a record`,
  },
  state_gone: {
    meaning: 'An actor is in a state that the machine does not have.',
    cause: 'The state was removed or renamed without a migration, or `migrate` returned a state that does not exist.',
    remedy: 'Put the state back, or raise `version` and let `migrate` return a state of the new version.',
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
