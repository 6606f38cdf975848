import type { ErrorTexts } from './error-text.ts'

const KIT = '`colloquy/test`'

/** Codes of `colloquy/test`: mistakes in a test, and faults that it finds in a machine. */
export const TESTKIT_ERRORS = {
  bad_duration: {
    meaning: 'A text is not a duration.',
    cause: 'The test gives a duration that cannot be read.',
    remedy: "Write milliseconds, or a text such as `'90s'`, `'23h'`, `'2 days'`.",
    where: KIT,
  },
  bad_time: {
    meaning: 'A text is not a time.',
    cause: 'The test gives a time that cannot be read.',
    remedy: 'Write ISO 8601, such as `2026-01-01T00:00:00Z`.',
    where: KIT,
  },
  stub_exhausted: {
    meaning: 'A task has more runs than the test has outcomes for it.',
    cause: '`inTurn(…)` has fewer outcomes than the task has runs.',
    remedy: 'Give `inTurn` more outcomes, or one outcome for all runs.',
    where: KIT,
  },
  bad_stub: {
    meaning: 'The output that the test gives for a task is not valid.',
    cause: 'It does not match the schema `output` of the task, or is not JSON.',
    remedy: 'Correct the output in the test.',
    where: KIT,
  },
  no_stub: {
    meaning: 'A task missed its deadline because the test gives no outcome for it.',
    cause: 'The machine started a task that the test does not name.',
    remedy: 'Write `.task(name, outcome)`, or `.task(name, never)` if the test is about the deadline.',
    where: KIT,
  },
  no_such_task: {
    meaning: 'The kind has no task of this name.',
    cause: 'The name in the test is misspelt.',
    remedy: 'Use one of the names in the message.',
    where: KIT,
  },
  no_history: {
    meaning: 'The actor has no records.',
    cause: 'The address is misspelt, or the actor has not decided anything yet.',
    remedy: 'Check `tenant/kind/id` with `colloquy show`.',
    where: '`recorded`',
  },
  endless: {
    meaning: 'Timers and results never end.',
    cause: 'The machine sets a timer or starts a task each time that one of them ends.',
    remedy: 'Let less time pass at once, or remove the loop from the machine.',
    where: KIT,
  },
  needs_samples: {
    meaning: '`explore` cannot generate values for a schema.',
    cause: 'The schema has refinements or types that random values rarely satisfy.',
    remedy: 'Give `samples`, or a fast-check arbitrary, in the options of `explore`.',
    where: '`explore`',
  },
  impossible_move: {
    meaning: 'A step of an exploration cannot be performed.',
    cause: '`explore` has a fault.',
    remedy: 'Report the error with its message and the `seed`.',
    where: '`explore`',
  },
  not_deterministic: {
    meaning: 'The machine decides differently on the same input.',
    cause: 'A guard or an action draws random numbers or ids, or reads the clock. History could not be replayed.',
    remedy: 'Derive them from the `id` and the time of the event, or let a task draw them.',
    where: KIT,
  },
  context_changed: {
    meaning: 'The machine changes the context or the event in place.',
    cause: 'A guard or an action writes to them, which damages the state before the event.',
    remedy: 'Return a new value from `assign`.',
    where: KIT,
  },
  unhandled_error: {
    meaning: 'The actor ended with an error that no transition handles.',
    cause: 'A task failed where no `onError` applies.',
    remedy: 'Write `onError` in the `invoke`, or a transition for the error in a state around it.',
    where: '`explore`',
  },
  dead_end: {
    meaning: 'Nothing leads on from a state that is not final.',
    cause: 'No event, timer or task that was tried changed the state or had an effect.',
    remedy: 'Make the state final, add a transition, give `samples`, or list it in `restingStates` if it is intended.',
    where: '`explore`',
  },
  broken_invariant: {
    meaning: 'An actor is in a state that its invariant forbids.',
    cause: 'Some way of events, tasks and timers leads there; the message has the shortest one that was found.',
    remedy: 'Mend the machine, or the `invariant` of `explore`.',
    where: '`explore`',
  },
  unbounded_context: {
    meaning: 'The context grows without bound.',
    cause: 'A step that may repeat adds to the context each time.',
    remedy: 'Keep a bounded number of things in the context.',
    where: '`explore`',
  },
} as const satisfies ErrorTexts
