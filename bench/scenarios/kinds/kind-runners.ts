import { isDeepStrictEqual } from 'node:util'
import { type AnyMachineSnapshot, initialTransition, transition } from 'xstate'
import { type Actor, newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import type { Message } from '../../../actors/core/decision.ts'
import { compiledKinds } from '../../../actors/definition/compiled-machine.ts'
import { kindsByName } from '../../../actors/definition/define-kind.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { type Address, inputSubject } from '../../../schemas/subjects.ts'
import { createRandom } from '../../harness/random.ts'
import type { MeasuredKind } from './kind-inputs.ts'

const START_MS = Date.parse('2026-01-01T00:00:00Z')
const SOURCE = 'bench'

/** Runs the actors of one kind. Gives the inputs to the actors in turn. */
export interface KindRunner {
  /** Processes the next `count` inputs. @returns milliseconds, without the time to generate the inputs */
  run(count: number): number
  /** Current state of the actor with this number. */
  stateOf(actor: number): { readonly value: unknown; readonly context: unknown }
}

interface TimedInput {
  readonly actor: number
  readonly id: string
  readonly seq: number
  readonly at: string
  readonly type: string
  readonly data: object
}

/** Generates the same inputs in the same order for the same seed. */
function createInputs({ input }: MeasuredKind, actors: number, seed: number): (count: number) => TimedInput[] {
  const random = createRandom(seed)
  let seq = 0
  return (count) =>
    Array.from({ length: count }, () => {
      seq += 1
      const nowMs = START_MS + seq
      const generated = input(Math.floor((seq - 1) / actors), nowMs, random)
      return { ...generated, actor: (seq - 1) % actors, id: `i${seq}`, seq, at: new Date(nowMs).toISOString() }
    })
}

const addressOf = ({ kind }: MeasuredKind, actor: number): Address => ({ tenant: 'bench', kind: kind.name, id: `a${actor}` })

function timed(work: () => void): number {
  const startedMs = performance.now()
  work()
  return performance.now() - startedMs
}

/** Colloquy's work for an input, without NATS: parse and validate it, decide as hosts do by default, and encode the record. */
export function createCoreRunner(measured: MeasuredKind, actorCount: number, seed: number): KindRunner {
  const inputs = createInputs(measured, actorCount, seed)
  const kinds = compiledKinds(kindsByName([measured.kind]))
  const actors = Array.from({ length: actorCount }, (_, number) => newActor(addressOf(measured, number)))
  const handle = ({ number, message }: { number: number; message: Message }): void => {
    const actor = actors[number]
    if (actor === undefined) return
    const decision = decide(kinds, actor, message, { now: message.ts, low: 0 }, false)
    if (decision.kind !== 'record' || decision.next === undefined) throw inputNotCommitted(measured, actor, decision)
    actors[number] = decision.next
  }
  return {
    run(count) {
      const messages = inputs(count).map(({ actor, id, seq, at, type, data }) => ({
        number: actor,
        message: {
          seq,
          ts: at,
          payload: Buffer.from(JSON.stringify({ type, id, source: SOURCE, data })),
          subject: inputSubject(addressOf(measured, actor)),
          origin: 'producer',
          addressable: true,
        } satisfies Message,
      }))
      return timed(() => messages.forEach(handle))
    },
    stateOf: (number) => ({ value: actors[number]?.state?.value, context: actors[number]?.state?.context }),
  }
}

const inputNotCommitted = ({ kind }: MeasuredKind, { address }: Actor, decision: object): ColloquyError =>
  new ColloquyError(
    'not_taken',
    `kind "${kind.name}" committed no record for an input of ${address.id}: ${JSON.stringify(decision).slice(0, 500)}`,
  )

/** The minimum: XState's transition() of the same machine with the same events, already parsed and validated. */
export function createTransitionRunner(measured: MeasuredKind, actorCount: number, seed: number): KindRunner {
  const inputs = createInputs(measured, actorCount, seed)
  const { machine } = measured.kind
  const snapshots: AnyMachineSnapshot[] = Array.from(
    { length: actorCount },
    (_, number) => initialTransition(machine, addressOf(measured, number))[0],
  )
  return {
    run(count) {
      const events = inputs(count).map(({ actor, id, at, type, data }) => ({
        number: actor,
        event: { type, id, time: at, arrivedAt: at, at, source: SOURCE, data },
      }))
      return timed(() =>
        events.forEach(({ number, event }) => {
          const snapshot = snapshots[number]
          if (snapshot !== undefined) snapshots[number] = transition(machine, snapshot, event)[0]
        }),
      )
    },
    stateOf(number) {
      const snapshot = snapshots[number]
      return { value: snapshot?.value as unknown, context: snapshot?.context as unknown }
    },
  }
}

/** @throws ColloquyError `different_states` if two runners got the same inputs and an actor's state differs between them */
export function checkSameStates({ kind }: MeasuredKind, one: KindRunner, other: KindRunner, actorCount: number): void {
  for (let actor = 0; actor < actorCount; actor++) {
    const states = [one, other].map((side) => side.stateOf(actor))
    if (isDeepStrictEqual(states[0], states[1])) continue
    throw new ColloquyError(
      'different_states',
      `kind "${kind.name}", actor ${actor}: ${states.map((state) => JSON.stringify(state)).join(' is not ')}`,
    )
  }
}
