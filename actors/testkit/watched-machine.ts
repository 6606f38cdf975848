import { StateMachine } from 'xstate'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import type { State } from '../../schemas/record.ts'
import type { Actor } from '../core/actor.ts'
import { decide } from '../core/decide.ts'
import type { Decision, Message } from '../core/decision.ts'
import { leavesOf } from '../core/snapshot.ts'
import { type Difference, differencesBetween } from '../core/value-differences.ts'
import { deepFreeze } from '../definition/deep-freeze.ts'
import { inputFromAddress, type Kind, type Kinds, kindsByName } from '../definition/kind.ts'
import { createPureMachine, type PureMachine } from '../definition/pure-machine.ts'
import { type Conditions, under } from './simulated-conditions.ts'

/** The codes of the rules for pure machines: decide by the input and the context alone, change nothing in place, keep only JSON. */
export const COMPLAINTS = ['not_deterministic', 'context_changed', 'context_not_json'] as const satisfies readonly ErrorCode[]

/** A rule for pure machines that a decision broke without throwing. */
export interface Complaint {
  readonly code: (typeof COMPLAINTS)[number]
  /** The fault, and the code to write instead. */
  readonly message: string
  /** Where two records of one decision differ. */
  readonly differences: readonly Difference[]
}

/** A decision, with the rule that it broke, if any. */
export interface Watched {
  readonly decision: Decision
  readonly complaint: Complaint | undefined
}

/** Makes each decision as a host does, but twice, and compares the results. */
export interface Watcher {
  readonly kind: Kind
  /** The machine's initial active states as records write them; empty where computing them throws. */
  readonly initialState: string
  decide(actor: Actor, message: Message): Watched
}

/** Changes year, month, day, weekday, hour, minute and second. */
const CLOCK_SHIFT_MS = 577 * 86_400_000 + 12 * 3_600_000 + 31 * 60_000 + 17_123
/** For almost every p, `Math.random() < p` holds under one of these and not under the other. */
const LOWEST = 0.000_1
const HIGHEST = 0.999_9

/**
 * Makes every decision twice: on the actor in memory, with its context frozen; and on the actor read from its record, at another time and
 * with other random numbers. The two records must be equal.
 */
export function createWatcher(kind: Kind): Watcher {
  const memory: Memory = { context: undefined }
  const frozen = kindsByName([withOwnMachine(kind, deepFreeze, (pure) => freezing(pure, memory))])
  const newFree = (): Kinds => kindsByName([withOwnMachine(kind)])
  const free = newFree()

  return {
    kind,
    initialState: initialStateOf(newFree().get(kind.name) ?? kind),
    decide(actor, message) {
      const here: Conditions = { nowMs: Date.parse(message.ts), chance: LOWEST }
      const elsewhere: Conditions = { nowMs: here.nowMs + CLOCK_SHIFT_MS, chance: HIGHEST }
      const run = (kinds: Kinds, on: Actor, conditions: Conditions): Decision =>
        under(conditions, () => decide(kinds, on, message, { now: message.ts, low: 0 }, true))
      // A machine that changes its initial context in place must not change that of the next decision.
      const decideReread = (conditions: Conditions, kinds = actor.state === null ? newFree() : free): Decision =>
        run(kinds, fromRecord(actor), conditions)

      const decision = withContext(run(frozen, actor, here), memory)
      const differences = compare(decision, decideReread(elsewhere))
      if (differences.length === 0) return { decision, complaint: undefined }
      const explained = explain(
        decision,
        differences,
        here,
        elsewhere,
        (other) => decideReread(other),
        () => decideReread(here, frozen),
      )
      return { decision, complaint: explained }
    },
  }
}

/** Finds the reason why the two decisions differ. */
function explain(
  decision: Decision,
  differences: readonly Difference[],
  here: Conditions,
  elsewhere: Conditions,
  reread: (conditions: Conditions) => Decision,
  rereadFrozen: () => Decision,
): Complaint {
  const plain = reread(here)
  const outside = compare(plain, reread(here))
  if (outside.length > 0) {
    return complaint(
      'not_deterministic',
      'the same input, decided twice, gives two results: a guard or an action reads or changes something outside, '
        + 'such as a variable of its module. Keep it in the context',
      outside,
    )
  }
  const byClock = compare(plain, reread({ ...here, nowMs: elsewhere.nowMs }))
  if (byClock.length > 0) {
    return complaint(
      'not_deterministic',
      'a guard, an action or the label reads the clock, so history could not be replayed. Use the event\'s "at" or "time", or an "after"',
      byClock,
    )
  }
  const byChance = compare(plain, reread({ ...here, chance: elsewhere.chance }))
  if (byChance.length > 0) {
    return complaint(
      'not_deterministic',
      'a guard or an action draws random numbers or ids, so history could not be replayed. '
        + 'Derive them from the event\'s "id", or let a task draw them',
      byChance,
    )
  }
  const inPlace = compare(plain, rereadFrozen())
  if (inPlace.length > 0) {
    return complaint(
      'context_changed',
      'a guard or an action changes the context or the event in place, which damages the state before it. Return new values from "assign"',
      inPlace,
    )
  }
  const byJson = compare(plain, decision)
  return complaint(
    'context_not_json',
    'an actor read from its record decides differently from the one in memory: something in the context does not survive JSON, '
      + 'such as a key that is undefined',
    byJson.length > 0 ? byJson : differences,
  )
}

const complaint = (code: Complaint['code'], message: string, differences: readonly Difference[]): Complaint => ({
  code,
  message,
  differences,
})

const compare = (one: Decision, other: Decision): Difference[] => differencesBetween(comparable(one), comparable(other))

const comparable = (decision: Decision): unknown =>
  decision.kind === 'record' ? JSON.parse(Buffer.from(decision.encoded).toString('utf8')) : decision

/** The actor as its last record describes it. */
const fromRecord = ({ snapshot: _, ...actor }: Actor): Actor => ({
  ...(JSON.parse(JSON.stringify(actor)) as typeof actor),
  case: actor.case,
  snapshot: undefined,
})

function initialStateOf(kind: Kind): string {
  try {
    const [snapshot] = kind.pure.initial(inputFromAddress(kind, { tenant: 'test', kind: kind.name, id: 'initial' }))
    return leavesOf(snapshot.value as State['value']).join('+')
  } catch {
    // The first input reports the error.
    return ''
  }
}

/** The kind with its own copy of the machine, which shares no initial context with another copy. */
function withOwnMachine(
  { machine, ...kind }: Kind,
  throughContext = <T>(context: T): T => context,
  throughPure = (pure: PureMachine): PureMachine => pure,
): Kind {
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

/** The last context that the machine returned, before it was brought into the form that a record holds. */
interface Memory {
  context: unknown
}

/** A host goes on with the context that the record holds. The test kit keeps what the machine returned, to find out whether it matters. */
const withContext = (decision: Decision, { context }: Memory): Decision => {
  const snapshot = decision.kind === 'record' ? decision.next?.snapshot : undefined
  if (decision.kind !== 'record' || decision.next === undefined || snapshot === undefined || snapshot.context === context) return decision
  return { ...decision, next: { ...decision.next, snapshot: { ...snapshot, context } } }
}

/** Freezes everything that the machine is given and returns. */
const freezing = (pure: PureMachine, memory: Memory): PureMachine => ({
  initial: (input) => {
    const result = pure.initial(deepFreeze(input))
    deepFreeze(result[0].context)
    memory.context = result[0].context
    return result
  },
  next: (snapshot, event) => {
    deepFreeze(snapshot.context)
    const result = pure.next(snapshot, deepFreeze(event))
    deepFreeze(result[0].context)
    memory.context = result[0].context
    return result
  },
  restore: pure.restore,
})
