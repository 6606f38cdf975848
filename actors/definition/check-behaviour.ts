import type { AnyStateMachine } from 'xstate'
import type { Refusal } from './refusal.ts'
import { isSend } from './send-action.ts'
import { builtInAction, guardsOf, isFunction, isRecord, nameOf, type Reference } from './walk-machine.ts'

/** Checks the actions of a machine. */
export const checkActions = (machine: AnyStateMachine, actions: readonly Reference[]): Refusal[] =>
  withoutDuplicates(actions.flatMap(({ where, value }) => checkAction(machine, where, value)))

function checkAction(machine: AnyStateMachine, where: string, action: unknown): Refusal[] {
  const name = nameOf(action)
  if (name !== undefined) return Object.hasOwn(machine.implementations.actions, name) ? [] : [unknownAction(name, where)]
  if (isSend(action)) return []
  const own = builtInAction(action)
  if (own === undefined) return [functionAction(where)]
  switch (own['type']) {
    case 'xstate.assign':
      return spawns(own['assignment']) ? [spawnInAssign(where)] : []
    case 'xstate.sendTo':
      return checkDelay(machine, where, own).concat(sendsToSelf(own['to']) ? [] : [sendToOther(where)])
    case 'xstate.raise':
      return checkDelay(machine, where, own)
    default:
      return []
  }
}

function checkDelay(machine: AnyStateMachine, where: string, { delay }: Readonly<Record<string, unknown>>): Refusal[] {
  if (typeof delay !== 'string' || Object.hasOwn(machine.implementations.delays, delay)) return []
  return [
    {
      code: 'unknown_delay',
      where,
      what: `there is no delay "${delay}", so the event would not be delayed`,
      instead: `name it in setup({ delays: { "${delay}": 1_000 } }), or write milliseconds`,
    },
  ]
}

/** Checks that every named guard exists. */
export function checkGuards(machine: AnyStateMachine): Refusal[] {
  return withoutDuplicates(
    guardsOf(machine).flatMap(({ where, value }) => {
      const name = nameOf(value)
      if (name === undefined || Object.hasOwn(machine.implementations.guards, name)) return []
      return [
        {
          code: 'unknown_guard',
          where,
          what: `there is no guard "${name}"`,
          instead: `name it in setup({ guards: { "${name}": … } })`,
        } as const,
      ]
    }),
  )
}

/** The search finds an implementation twice if `setup` names it and a state uses it. */
function withoutDuplicates(refusals: readonly Refusal[]): Refusal[] {
  const reported = new Set<string>()
  return refusals.filter((refusal) => {
    const key = JSON.stringify(refusal)
    return !reported.has(key) && reported.add(key)
  })
}

const self = {}

/**
 * Whether a target is the actor itself. If it is a function, it is called with a `self` and otherwise empty arguments, to see whether it
 * returns that `self`.
 */
function sendsToSelf(to: unknown): boolean {
  if (!isFunction(to)) return to === '#_internal'
  try {
    return to({ self, context: {}, event: { type: '' }, system: { get: () => undefined } }) === self
  } catch {
    return false
  }
}

/**
 * Whether an `assign` uses XState's `spawn`. The source text decides, since a function cannot be inspected. A decision refuses what this
 * check misses.
 */
function spawns(assignment: unknown): boolean {
  const parts: unknown[] = typeof assignment === 'function' ? [assignment] : isRecord(assignment) ? Object.values(assignment) : []
  return parts.some((part) => typeof part === 'function' && readsSpawn(Function.prototype.toString.call(part)))
}

function readsSpawn(source: string): boolean {
  const parameters = /^(?:async\s+)?(?:function\s*\w*\s*|\w+\s*)?\(?\s*(\{[^}]*\}|\w+)/.exec(source)?.[1] ?? ''
  if (parameters.startsWith('{')) return /[{,]\s*spawn\s*[:,}=]/.test(parameters)
  return new RegExp(`\\b${parameters}\\.spawn\\s*\\(`).test(source)
}

export const functionAction = (where: string): Refusal => ({
  code: 'function_action',
  where,
  what: 'a function as an action never runs: a decision has no effects of its own and may be made again after a crash',
  instead: 'use assign, raise, emit, send or cancel, and a task (invoke) for work outside',
})
export const unknownAction = (name: string, where: string): Refusal => ({
  code: 'unknown_action',
  where,
  what: `there is no action "${name}"`,
  instead: `name it in setup({ actions: { "${name}": assign(…) } })`,
})
export const spawnInAssign = (where: string): Refusal => ({
  code: 'spawn_in_assign',
  where,
  what: 'an actor spawned in assign is in no record and never runs',
  instead: 'invoke a task in a state, or send an event to another actor: send({ kind, id, type, data })',
})
export const sendToOther = (where: string): Refusal => ({
  code: 'send_to_other',
  where,
  what: 'sendTo can only target the actor itself',
  instead: 'send an event to another actor by send({ kind, id, type, data }), and to the outside by emit',
})
