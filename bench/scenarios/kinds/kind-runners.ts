import { isDeepStrictEqual } from 'node:util'
import { initialTransition, transition, type AnyMachineSnapshot } from 'xstate'
import { newActor, type Actor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import type { Message } from '../../../actors/core/commit.ts'
import { kindsByName } from '../../../actors/definition/define-kind.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { inputSubject, type Address } from '../../../schemas/subjects.ts'
import { createRandom } from '../../harness/random.ts'
import type { Subject } from './kind-inputs.ts'

const BEGIN_MS = Date.parse('2026-01-01T00:00:00Z')
const SOURCE = 'bench'

/** Actors of a kind that take one input after the other, each in turn. */
export interface Side {
  /** Takes so many inputs. @returns how long that took, making the inputs not included */
  take(count: number): number
  /** What the actor of this number is in now. */
  stateOf(actor: number): { readonly value: unknown; readonly context: unknown }
}

interface Coming {
  readonly actor: number
  readonly id: string
  readonly seq: number
  readonly at: string
  readonly type: string
  readonly data: object
}

/** The same inputs in the same order for every side that is made with the same seed. */
function createInputs({ input }: Subject, actors: number, seed: number): (count: number) => Coming[] {
  const random = createRandom(seed)
  let seq = 0
  return (count) => Array.from({ length: count }, () => {
    seq += 1
    const nowMs = BEGIN_MS + seq
    const made = input(Math.floor((seq - 1) / actors), nowMs, random)
    return { ...made, actor: (seq - 1) % actors, id: `i${seq}`, seq, at: new Date(nowMs).toISOString() }
  })
}

const addressOf = ({ kind }: Subject, actor: number): Address => ({ tenant: 'bench', kind: kind.name, id: `a${actor}` })

function timed(work: () => void): number {
  const begunMs = performance.now()
  work()
  return performance.now() - begunMs
}

/** What Colloquy does about an input but for NATS: read and check it, decide, and encode the record. */
export function createDecisions(subject: Subject, actorCount: number, seed: number): Side {
  const inputs = createInputs(subject, actorCount, seed)
  const kinds = kindsByName([subject.kind])
  const actors = Array.from({ length: actorCount }, (_, number) => newActor(addressOf(subject, number)))
  const turn = ({ number, message }: { number: number; message: Message }): void => {
    const actor = actors[number]
    if (actor === undefined) return
    const decision = decide(kinds, actor, message, { now: message.ts, low: 0 }, false)
    if (decision.kind !== 'record' || decision.next === undefined) throw notTaken(subject, actor, decision)
    actors[number] = decision.next
  }
  return {
    take(count) {
      const messages = inputs(count).map(({ actor, id, seq, at, type, data }) => ({
        number: actor,
        message: {
          seq, ts: at, payload: Buffer.from(JSON.stringify({ type, id, source: SOURCE, data })),
          subject: inputSubject(addressOf(subject, actor)), origin: 'producer', addressable: true,
        } satisfies Message,
      }))
      return timed(() => messages.forEach(turn))
    },
    stateOf: (number) => ({ value: actors[number]?.state?.value, context: actors[number]?.state?.context }),
  }
}

const notTaken = ({ kind }: Subject, { address }: Actor, decision: object): ColloquyError =>
  new ColloquyError('not_taken', `kind "${kind.name}" did not take an input of ${address.id}: ${JSON.stringify(decision).slice(0, 500)}`)

/** The least that anyone has to do: XState's own transition() of the same machine, with the same events, checked and read already. */
export function createTransitions(subject: Subject, actorCount: number, seed: number): Side {
  const inputs = createInputs(subject, actorCount, seed)
  const { machine } = subject.kind
  const snapshots: AnyMachineSnapshot[] = Array.from({ length: actorCount }, (_, number) =>
    initialTransition(machine, addressOf(subject, number))[0])
  return {
    take(count) {
      const events = inputs(count).map(({ actor, id, at, type, data }) => ({ number: actor, event: { type, id, time: at, at, source: SOURCE, data } }))
      return timed(() => events.forEach(({ number, event }) => {
        const snapshot = snapshots[number]
        if (snapshot !== undefined) snapshots[number] = transition(machine, snapshot, event)[0]
      }))
    },
    stateOf(number) {
      const snapshot = snapshots[number]
      return { value: snapshot?.value as unknown, context: snapshot?.context as unknown }
    },
  }
}

/** @throws ColloquyError `different_states` where two sides that took the same inputs do not stand alike */
export function checkAlike({ kind }: Subject, one: Side, other: Side, actorCount: number): void {
  for (let actor = 0; actor < actorCount; actor++) {
    const states = [one, other].map((side) => side.stateOf(actor))
    if (isDeepStrictEqual(states[0], states[1])) continue
    throw new ColloquyError('different_states', `kind "${kind.name}", actor ${actor}: ${states.map((state) => JSON.stringify(state)).join(' is not ')}`)
  }
}
