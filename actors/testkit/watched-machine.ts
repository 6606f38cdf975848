import { StateMachine } from 'xstate'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import type { State } from '../../schemas/record.ts'
import type { Actor } from '../core/actor.ts'
import { decide, type Decision } from '../core/decide.ts'
import { differencesBetween, type Difference } from '../core/value-differences.ts'
import type { Message } from '../core/commit.ts'
import { kindsByName, type Kind, type Kinds } from '../definition/define-kind.ts'
import { createPureMachine, type PureMachine } from '../definition/pure-machine.ts'
import { leavesOf } from '../core/snapshot.ts'
import { under, type Conditions } from './simulated-conditions.ts'
import { deepFreeze } from '../definition/deep-freeze.ts'

export const COMPLAINTS = ['not_deterministic', 'context_changed', 'context_not_json'] as const satisfies readonly ErrorCode[]

/** A rule of pure machines that a decision broke, though nothing threw. */
export interface Complaint {
  readonly code: (typeof COMPLAINTS)[number]
  /** What is wrong, and what to write instead. */
  readonly message: string
  /** Where two records of one decision differ. */
  readonly differences: readonly Difference[]
}

export interface Watched {
  readonly decision: Decision
  readonly complaint: Complaint | undefined
}

/** Decides as a host does, twice, and compares. */
export interface Watcher {
  readonly kind: Kind
  /** Where the machine is before its first input, as records write it; empty where it cannot even begin. */
  readonly initialState: string
  decide(actor: Actor, message: Message): Watched
}

/** Far enough that year, month, day, weekday, hour, minute and second are others. */
const CLOCK_SHIFT_MS = 577 * 86_400_000 + 12 * 3_600_000 + 31 * 60_000 + 17_123
/** `Math.random() < p` is true under one and false under the other for almost every p. */
const LOWEST = 0.000_1
const HIGHEST = 0.999_9

/**
 * Every decision is made twice: on the actor as it stays in memory, with its context frozen; and on one that was read from its
 * record, at another time and under another chance. The two records must be the same.
 */
export function createWatcher(kind: Kind): Watcher {
  const frozen = kindsByName([apart(kind, deepFreeze, freezing)])
  const newFree = (): Kinds => kindsByName([apart(kind)])
  const free = newFree()

  return {
    kind,
    initialState: initialStateOf(newFree().get(kind.name) ?? kind),
    decide(actor, message) {
      const here: Conditions = { nowMs: Date.parse(message.ts), chance: LOWEST }
      const elsewhere: Conditions = { nowMs: here.nowMs + CLOCK_SHIFT_MS, chance: HIGHEST }
      const run = (kinds: Kinds, on: Actor, conditions: Conditions): Decision =>
        under(conditions, () => decide(kinds, on, message, { now: message.ts, low: 0 }, true))
      // A machine that spoils its own initial context shall not spoil that of the next try.
      const reread = (conditions: Conditions, kinds = actor.state === null ? newFree() : free): Decision => run(kinds, reloaded(actor), conditions)

      const decision = run(frozen, actor, here)
      const differences = compare(decision, reread(elsewhere))
      if (differences.length === 0) return { decision, complaint: undefined }
      return { decision, complaint: explain(decision, differences, here, elsewhere, (conditions) => reread(conditions), () => reread(here, frozen)) }
    },
  }
}

/** Looks for what it is that makes the two decisions differ. */
function explain(
  decision: Decision, differences: readonly Difference[], here: Conditions, elsewhere: Conditions,
  reread: (conditions: Conditions) => Decision, rereadFrozen: () => Decision,
): Complaint {
  const plain = reread(here)
  const outside = compare(plain, reread(here))
  if (outside.length > 0) {
    return complaint('not_deterministic', 'the same input decided twice gives two results: a guard or an action reads or changes something outside, such as a variable of its module. Keep it in the context', outside)
  }
  const byClock = compare(plain, reread({ ...here, nowMs: elsewhere.nowMs }))
  if (byClock.length > 0) {
    return complaint('not_deterministic', 'a guard, an action or the label reads the clock, and history could not be replayed. Use the event\'s "at" or "time", or an "after"', byClock)
  }
  const byChance = compare(plain, reread({ ...here, chance: elsewhere.chance }))
  if (byChance.length > 0) {
    return complaint('not_deterministic', 'a guard or an action draws random numbers or ids, and history could not be replayed. Derive them from the event\'s "id", or let a task draw them', byChance)
  }
  const inPlace = compare(plain, rereadFrozen())
  if (inPlace.length > 0) {
    return complaint('context_changed', 'a guard or an action changes the context or the event instead of returning a new value: the state before it is spoilt. Return what is new from "assign"', inPlace)
  }
  const byJson = compare(plain, decision)
  return complaint('context_not_json', 'an actor read from its record decides otherwise than one that stayed in memory: something in the context does not come through JSON, such as a key that is undefined', byJson.length > 0 ? byJson : differences)
}

const complaint = (code: Complaint['code'], message: string, differences: readonly Difference[]): Complaint => ({ code, message, differences })

const compare = (one: Decision, other: Decision): Difference[] => differencesBetween(comparable(one), comparable(other))

const comparable = (decision: Decision): unknown =>
  (decision.kind === 'record' ? JSON.parse(Buffer.from(decision.encoded).toString('utf8')) : decision)

/** The actor as it comes out of its last record. */
const reloaded = ({ snapshot: _, ...actor }: Actor): Actor => ({ ...(JSON.parse(JSON.stringify(actor)) as typeof actor), case: actor.case, snapshot: undefined })

function initialStateOf({ name, pure }: Kind): string {
  try {
    const [snapshot] = pure.initial({ tenant: 'test', kind: name, id: 'initial' })
    return leavesOf(snapshot.value as State['value']).join('+')
  } catch {
    // The first input says what is wrong with it.
    return ''
  }
}

/** The kind with a machine of its own, which shares no initial context with another. */
function apart({ machine, ...kind }: Kind, throughContext = <T>(context: T): T => context, throughPure = (pure: PureMachine): PureMachine => pure): Kind {
  const { config } = machine
  const own = new StateMachine({ ...config, context: throughContext(clonedIfPossible(config.context)) }, machine.implementations)
  return { ...kind, machine: own, pure: throughPure(createPureMachine(own)) }
}

function clonedIfPossible<T>(value: T): T {
  if (typeof value !== 'object') return value
  try {
    return structuredClone(value)
  } catch {
    return value
  }
}

/** Nothing that a machine is given can be changed in place. */
const freezing = (pure: PureMachine): PureMachine => ({
  initial: (input) => {
    const taken = pure.initial(deepFreeze(input))
    deepFreeze(taken[0].context)
    return taken
  },
  next: (snapshot, event) => {
    deepFreeze(snapshot.context)
    const taken = pure.next(snapshot, deepFreeze(event))
    deepFreeze(taken[0].context)
    return taken
  },
  restore: pure.restore,
})
